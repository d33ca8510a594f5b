"""Three readings of policy agree: the verifier's, the naive one, and the compiled ACLs read as OVN does."""

from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from itertools import permutations, product
from random import Random

import pytest
from tests.support import naive
from tests.support.acl_reader import AclReader, Packet
from tests.support.random_models import random_model

from weft.compiler import CompilerSettings, compile_model
from weft.model.policy import Direction, Protocol
from weft.model.snapshot import Snapshot
from weft.verifier.packet import Header, icmp, transport
from weft.verifier.station import Station, known_by, link_local
from weft.verifier.verdict import Judge, Obstacle

WAYS = {Direction.EGRESS: "from-lport", Direction.INGRESS: "to-lport"}
MODELS, MODELS_OF_A_PROOF, AT_ONCE = 500, 10_000, 50
STRANGERS = (IPv4Address("192.0.2.9"), IPv4Address("10.0.0.6"), IPv6Address("2001:db8::9"))


def headers(version: int) -> list[Header]:
    """One of each kind that a rule of `random_model` could tell from the others, and then some."""
    tcp, udp = Protocol.TCP, Protocol.UDP
    numbers = [0, 22, 80, 443, 1000, 1999, 2000, 2001, 65535]
    kinds = (
        [(8, 0), (8, 1), (0, 0)]
        if version == 4
        else [(128, 0), (129, 0), (133, 0), (134, 0), (135, 0), (136, 0)]
    )
    return [
        *(transport(version, tcp, number) for number in numbers),
        *(transport(version, tcp, 40000, number) for number in (80, 443, 1500)),
        *(transport(version, udp, number) for number in (52, 53, 60, 67, 70, 71)),
        *(transport(version, udp, 50000, number) for number in (53, 65)),
        *(transport(version, udp, *ports) for ports in ((67, 68), (68, 67), (547, 546), (546, 547))),
        transport(version, Protocol.SCTP, 7),
        transport(version, Protocol.SCTP, 8),
        Header(version=version),
        *(icmp(version, *kind) for kind in kinds),
    ]


def questions(model: Snapshot) -> Iterator[tuple[Station, Station, Header]]:
    """Every pair of addresses of two ports, with every header."""
    for source, target in permutations(model.ports.values(), 2):
        for here, there in product(known_by(source), known_by(target)):
            if here.version == there.version:
                for header in headers(here.version):
                    yield Station(here, source), Station(there, target), header


def forged(model: Snapshot) -> Iterator[tuple[Station, Station, Header]]:
    """Packets under addresses that are the sender's only by claim, or by nature, or nobody's."""
    for source, target in permutations(model.ports.values(), 2):
        own = link_local(source.mac)
        claimed = [own, *STRANGERS, *(f.address for p in model.ports.values() for f in p.fixed_ips)]
        for address in claimed:
            for there in known_by(target):
                if there.version == address.version:
                    for header in headers(address.version):
                        yield Station(address, source), Station(there, target), header


def asked(seed: int, model: Snapshot) -> list[tuple[Station, Station, Header]]:
    """Some of the questions, others for each seed."""
    chance = Random(seed)
    honest, claims = list(questions(model)), list(forged(model))
    return chance.sample(honest, min(40, len(honest))) + chance.sample(claims, min(20, len(claims)))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    models = MODELS_OF_A_PROOF if metafunc.config.getoption("proof") else MODELS
    metafunc.parametrize("start", range(0, models, AT_ONCE))


def test_the_verifier_the_naive_reading_and_the_compiled_acls_agree(start: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(start, start + AT_ONCE):
        model = random_model(seed)
        judge, acls = Judge(model), AclReader(compile_model(model, CompilerSettings()))
        for here, there, header in asked(seed, model):
            verdict = judge.verdict(here, there, header)
            seen[verdict.obstacle or ("passes" if verdict.passes else "dropped")] += 1
            assert here.port is not None
            assert there.port is not None
            if verdict.obstacle is not Obstacle.SPOOFED:
                naively = naive.arrives(model, here.port, here.address, there.port, there.address, header)
                assert verdict.passes == naively, (seed, here, there, header)
            if verdict.obstacle is not None:
                continue  # no ACL sees the packet
            packet = Packet(here.port, there.port, here.address, there.address, header)
            for decision in (verdict.egress, verdict.ingress):
                assert decision is not None
                action = acls.decide(packet, WAYS[decision.line.direction])
                assert action.startswith(decision.line.action), (seed, here, there, header, decision.line)
    told = ("passes", "dropped", Obstacle.SPOOFED, Obstacle.NO_ROUTE)
    assert all(seen[word] > 50 for word in told), f"too little was asked: {seen}"
