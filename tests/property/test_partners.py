"""Whom a port may reach, and who may reach it, is what asking about every other port gives."""

from random import Random

import pytest
from tests.property.test_reachability import packets
from tests.support.random_models import random_model

from weft.model.ids import PortId
from weft.model.policy import Protocol
from weft.verifier.invariants import is_discovery
from weft.verifier.reach import End, partners
from weft.verifier.station import stations
from weft.verifier.sweep import Leaf
from weft.verifier.verdict import Judge
from weft.verifier.world import World, prove


@pytest.mark.parametrize("seed", range(12))
def test_partners_are_those_to_whom_any_packet_passes(seed: int) -> None:
    model = random_model(seed)
    judge, world = Judge(model), World.of(model)
    headers = []
    for key, plane in world.planes.items():
        leaves: list[Leaf] = []
        prove(world, key, leaves.append)
        told = [
            leaf for leaf in leaves if leaf.protocol is not Protocol.ICMPV6 or not is_discovery(leaf.values)
        ]
        headers += [header for leaf in told for header in packets(Random(0), plane.version, leaf)]

    def reaches(one: PortId, other: PortId) -> bool:
        pairs = [
            (a, b)
            for a in stations(model.ports[one])
            for b in stations(model.ports[other])
            if a.address.version == b.address.version
        ]
        return one != other and any(
            judge.verdict(a, b, header).passes
            for a, b in pairs
            for header in headers
            if header.version == a.address.version
        )

    chosen = Random(seed).choice(sorted(model.ports))
    end = End.of(model, model.ports[chosen])

    assert partners(world, end, End()).destinations == {p for p in model.ports if reaches(chosen, p)}
    assert partners(world, End(), end).sources == {p for p in model.ports if reaches(p, chosen)}
