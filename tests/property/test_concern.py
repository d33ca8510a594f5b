"""Going back for one pair: the model cut down says what all of it says, and what is passed over is idle."""

from collections import Counter
from dataclasses import fields
from itertools import product
from random import Random

import pytest
from tests.support.random_models import changed_model, random_model

from weft.model.policy import Protocol
from weft.model.port import Port
from weft.model.snapshot import Snapshot, Touched
from weft.verifier.concern import Concern
from weft.verifier.packet import EPHEMERAL, Header
from weft.verifier.station import Station, owner, stations
from weft.verifier.verdict import Judge

MODELS = 40


def headers(version: int) -> list[Header]:
    icmp = Protocol.ICMP if version == 4 else Protocol.ICMPV6
    ports = [
        Header(version=version, protocol=protocol, value=value, source_port=EPHEMERAL)
        for protocol, value in (
            (Protocol.TCP, 80),
            (Protocol.TCP, 1500),
            (Protocol.UDP, 53),
            (Protocol.SCTP, 7),
        )
    ]
    echo = Header(version=version, protocol=icmp, value=(8 if version == 4 else 128) << 8)
    return [*ports, echo, Header(version=version)]


def passes(model: Snapshot, one: Port, other: Port, header: Header) -> list[bool]:
    judge = Judge(model)
    return [
        judge.verdict(here, there, header).passes
        for here, there in product(stations(one), stations(other))
        if here.address.version == there.address.version == header.version
    ]


@pytest.mark.parametrize("start", range(0, MODELS, 20))
def test_the_model_cut_down_says_what_all_of_it_says(start: int) -> None:
    seen: Counter[bool] = Counter()
    for seed in range(start, start + 20):
        model = random_model(seed)
        one, other = Random(seed).sample(list(model.ports.values()), 2)
        for version in (4, 6):
            for header in headers(version):
                concern = Concern(frozenset({one.id, other.id}), frozenset(), [header])
                found = passes(concern.reduced(model), one, other, header)
                assert found == passes(model, one, other, header), (seed, header)
                seen.update(found)
    assert min(seen[True], seen[False]) > 10


@pytest.mark.parametrize("seed", range(20))
def test_the_model_cut_down_to_a_port_and_an_address_does_too(seed: int) -> None:
    model = random_model(seed)
    one, other = Random(seed).sample(list(model.ports.values()), 2)
    for fixed in other.fixed_ips:
        for header in headers(fixed.address.version):
            concern = Concern(frozenset({one.id}), frozenset({fixed.address}), [header])
            answers = [
                [
                    Judge(some).verdict(here, Station(fixed.address, whose), header).passes
                    for here in stations(one)
                    for whose in [owner(some, one.network_id, fixed.address)]
                ]
                for some in (model, concern.reduced(model))
            ]
            assert answers[0] == answers[1]


@pytest.mark.parametrize("start", range(0, MODELS * 3, 120))
def test_a_change_that_does_not_matter_turns_no_verdict(start: int) -> None:
    seen: Counter[tuple[bool, bool]] = Counter()
    for seed in range(start, start + 120):
        old = random_model(seed)
        new = changed_model(seed, old)
        kept = [port for port in old.ports.values() if port.id in new.ports]
        if len(kept) < 2:
            continue
        one, other = Random(seed).sample(kept, 2)
        for version in (4, 6):
            for header in headers(version):
                concern = Concern(frozenset({one.id, other.id}), frozenset(), [header])
                matters = any(concern.matters(new, *pair) for pair in differing(old, new))
                ends = [(model, model.ports[one.id], model.ports[other.id]) for model in (old, new)]
                same = passes(*ends[0], header) == passes(*ends[1], header)
                assert same or matters, (seed, header)
                seen[matters, same] += 1
    assert seen[False, True] > 20
    assert seen[True, False] > 10


def differing(old: Snapshot, new: Snapshot) -> list[tuple[object, object]]:
    """What became of each object."""
    return [
        (before.get(key), after.get(key))
        for field in fields(Touched)
        for before, after in [(getattr(old, field.name), getattr(new, field.name))]
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]
