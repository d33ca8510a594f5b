"""What policy stops allowing is found, and nothing that it still allows is ended."""

from collections.abc import Callable, Iterator
from itertools import pairwise, permutations, product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.test_incremental_laws import steps
from tests.support.builders import Anything, a_snapshot
from tests.support.changes import touched_between
from tests.support.models import models

from weft.model.judgement import Connection, Judgements
from weft.model.policy import Protocol
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.verifier.judging import judgements
from weft.verifier.packet import Header, icmp, transport
from weft.verifier.station import Station, known_by
from weft.verifier.tightening import Cut, tightening
from weft.verifier.verdict import Judge


def headers(version: int) -> list[Header]:
    tcp, udp = Protocol.TCP, Protocol.UDP
    return [
        transport(version, tcp, 80),
        transport(version, tcp, 22),
        transport(version, tcp, 50000, 80),
        transport(version, udp, 53),
        transport(version, udp, 67, 68),
        icmp(version, 8 if version == 4 else 128),
        Header(version=version),
    ]


def questions(ports: list[Port]) -> Iterator[tuple[Station, Station, Header]]:
    for source, target in permutations(ports, 2):
        for here, there in product(known_by(source), known_by(target)):
            if here.version == there.version:
                for header in headers(here.version):
                    yield Station(here, source), Station(there, target), header


def connection(here: Station, there: Station, header: Header) -> Connection:
    return Connection(
        source=here.address,
        destination=there.address,
        protocol=header.protocol,
        value=header.value,
        source_port=header.source_port,
    )


def ending(snapshot: Snapshot, cut: Cut) -> Callable[[Station, Station, Header], bool]:
    """Whether a host that has ports in the stations' domain would end a connection."""
    found = {domain: Judgements.of(ours) for domain, ours in judgements(snapshot, cut).items()}

    def ends(here: Station, there: Station, header: Header) -> bool:
        assert there.port is not None
        domain = snapshot.domain_of(there.port.network_id)
        return found.get(domain, Judgements()).deny(connection(here, there, header))

    return ends


@settings(deadline=None)
@given(models(), st.randoms(use_true_random=False))
def test_a_judgement_says_what_the_verdict_says(objects: list[Anything], chance: Random) -> None:
    snapshot = a_snapshot(*objects)
    judge, everyone = Judge(snapshot), frozenset(snapshot.ports)
    asked = list(questions(list(snapshot.ports.values())))

    ends = ending(snapshot, Cut(ingress=everyone, egress=everyone))
    for here, there, header in chance.sample(asked, min(20, len(asked))):
        verdict = judge.verdict(here, there, header)
        if verdict.obstacle is None:
            assert ends(here, there, header) == (not verdict.passes)


@settings(deadline=None)
@given(models(), models(), st.randoms(use_true_random=False))
def test_every_connection_that_is_not_allowed_any_more_is_ended(
    first: list[Anything], last: list[Anything], chance: Random
) -> None:
    snapshots = [a_snapshot(*first), *steps(first, last, chance)]
    for old, new in pairwise(snapshots):
        ends = ending(new, tightening(old, new, touched_between(old, new)))
        before, after = Judge(old), Judge(new)
        asked = list(questions([port for port in new.ports.values() if stayed(port, old)]))
        for here, there, header in chance.sample(asked, min(120, len(asked))):
            was, now = (
                judge.verdict(at(s, here), at(s, there), header) for judge, s in ((before, old), (after, new))
            )
            if was.obstacle is None and now.obstacle is None and was.passes:
                assert ends(here, there, header) == (not now.passes)


@given(models())
def test_what_did_not_change_is_not_looked_through(objects: list[Anything]) -> None:
    snapshot = a_snapshot(*objects)

    everything = touched_between(a_snapshot(), snapshot)

    assert not tightening(snapshot, snapshot, everything)


def stayed(port: Port, old: Snapshot) -> bool:
    """Whether the port was where it is: a port does not move, and a new one has no connections."""
    was = old.ports.get(port.id)
    return was is not None and (was.network_id, was.fixed_ips) == (port.network_id, port.fixed_ips)


def at(snapshot: Snapshot, station: Station) -> Station:
    """The station as `snapshot` declares it."""
    assert station.port is not None
    return Station(station.address, snapshot.ports[station.port.id])
