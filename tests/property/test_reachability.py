"""Reachability of all pairs at once is what asking about every single packet gives."""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from tests.support.random_models import random_model

from weft.verifier.packet import EPHEMERAL, LARGEST, Header
from weft.verifier.plane import Plane
from weft.verifier.station import Station
from weft.verifier.sweep import Leaf
from weft.verifier.verdict import Judge
from weft.verifier.world import World, prove

MODELS = 100
DHCP = {(68, 67), (67, 68), (546, 547), (547, 546)}


def packets(chance: Random, version: int, leaf: Leaf) -> Iterator[Header]:
    """Some packets of a leaf: its corners, and one from its middle."""
    low, high = leaf.source_ports
    sources = [EPHEMERAL] if low <= EPHEMERAL <= high else [low, high]
    for value in {*leaf.values, chance.randint(*leaf.values)}:
        for source in sources:
            if (source, value) not in DHCP:
                yield Header(version=version, protocol=leaf.protocol, value=value, source_port=source)


def pairs(plane: Plane) -> list[tuple[Station, Station]]:
    every = [Station(a, p) for a, p in zip(plane.addresses, plane.ports, strict=True)]
    return [(one, other) for one in every for other in every if one.port != other.port]


def counted(judge: Judge, plane: Plane, header: Header) -> int:
    return sum(judge.verdict(one, other, header).passes for one, other in pairs(plane))


@pytest.mark.parametrize("start", range(0, MODELS, 20))
def test_every_part_of_the_traffic_counts_the_pairs_that_packets_of_it_pass_between(start: int) -> None:
    seen: Counter[bool] = Counter()
    for seed in range(start, start + 20):
        model, chance = random_model(seed), Random(seed)
        judge, world = Judge(model), World.of(model)
        for key, plane in world.planes.items():
            leaves: list[Leaf] = []
            proof = prove(world, key, leaves.append)
            assert proof.pairs == len(pairs(plane))
            for leaf in chance.sample(leaves, min(12, len(leaves))):
                for header in packets(chance, plane.version, leaf):
                    assert leaf.more == counted(judge, plane, header), (seed, leaf, header)
                    seen[0 < leaf.more < proof.pairs] += 1
    assert seen[True] > 100


def test_the_parts_are_all_traffic_and_none_of_it_twice() -> None:
    for seed in range(20):
        world = World.of(random_model(seed))
        for key in world.planes:
            leaves: list[Leaf] = []
            prove(world, key, leaves.append)
            for protocol in {leaf.protocol for leaf in leaves}:
                mine = [leaf for leaf in leaves if leaf.protocol is protocol]
                size = sum((s[1] - s[0] + 1) * (v[1] - v[0] + 1) for s, v in map(_spans, mine))
                assert size == (LARGEST + 1) ** 2


def _spans(leaf: Leaf) -> tuple[tuple[int, int], tuple[int, int]]:
    return leaf.source_ports, leaf.values


@pytest.mark.parametrize("seed", range(20))
def test_the_pairs_that_may_speak_at_all_are_those_that_may_in_any_part(seed: int) -> None:
    model = random_model(seed)
    judge, world = Judge(model), World.of(model)
    for key, plane in world.planes.items():
        leaves: list[Leaf] = []
        proof = prove(world, key, leaves.append)
        headers = [next(packets(Random(0), plane.version, leaf), None) for leaf in leaves]
        found = [
            any(judge.verdict(*pair, header).passes for header in headers if header is not None)
            for pair in pairs(plane)
        ]
        assert proof.reachable == sum(found)
