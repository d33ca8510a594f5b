"""What a change opens and closes is what asking about every packet, before and after, gives."""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from tests.support.random_models import changed_model, random_model

from weft.model.ids import PortId
from weft.model.policy import Protocol
from weft.model.snapshot import Snapshot
from weft.verifier.difference import difference
from weft.verifier.packet import EPHEMERAL, Header
from weft.verifier.shift import Difference, Shift
from weft.verifier.station import stations
from weft.verifier.verdict import Judge
from weft.verifier.world import World

MODELS = 100
Pairs = set[tuple[PortId, PortId]]
DHCP = {(68, 67), (67, 68), (546, 547), (547, 546)}


def told(found: Difference, header: Header, *, opens: bool) -> tuple[Pairs, int]:
    """The ports that the difference says open, or close, for a packet; and how many pairs of addresses."""
    mine = [shift for shift in found.shifts if shift.opens is opens and covers(shift, header)]
    pairs = {
        (source, target)
        for shift in mine
        for block in shift.blocks
        for source in block.sources.some
        for target in block.destinations.some
        if source != target
    }
    assert all(block.sources.count == len(block.sources.some) for shift in mine for block in shift.blocks)
    return pairs, sum(shift.pairs for shift in mine)


def covers(shift: Shift, header: Header) -> bool:
    return shift.version == header.version and any(
        part.protocol is header.protocol
        and part.source_ports[0] <= header.source_port <= part.source_ports[1]
        and part.values[0] <= header.value <= part.values[1]
        for part in shift.traffic
    )


def asked(old: Snapshot, new: Snapshot, header: Header) -> tuple[Pairs, Pairs, int, int]:
    """The same by asking about every two addresses of either model."""
    judges = Judge(old), Judge(new)
    models = old, new
    sides = []
    for model, judge in zip(models, judges, strict=True):
        ends = [s for p in model.ports.values() for s in stations(p) if s.address.version == header.version]
        sides.append(
            {
                (one.port.id, one.address, other.port.id, other.address)
                for one in ends
                for other in ends
                if one.port and other.port and judge.verdict(one, other, header).passes
            }
        )
    opened, closed = sides[1] - sides[0], sides[0] - sides[1]
    return {(a, b) for a, _, b, _ in opened}, {(a, b) for a, _, b, _ in closed}, len(opened), len(closed)


def headers(chance: Random, found: Difference, version: int) -> Iterator[Header]:
    """Packets at the edges of what differs, and others."""
    parts = [part for shift in found.shifts if shift.version == version for part in shift.traffic]
    for part in chance.sample(parts, min(4, len(parts))):
        for value in {
            part.values[0],
            part.values[1],
            max(part.values[0] - 1, 0),
            min(part.values[1] + 1, 65535),
        }:
            yield Header(
                version=version,
                protocol=part.protocol,
                value=value,
                source_port=part.header(version).source_port,
            )
    for number in (80, 1500, 53, 7):
        protocol = chance.choice([Protocol.TCP, Protocol.UDP, Protocol.SCTP])
        source = chance.choice([EPHEMERAL, 80, 53])
        yield Header(version=version, protocol=protocol, value=number, source_port=source)
    yield Header(version=version)


@pytest.mark.parametrize("rules_only", [False, True], ids=["any change", "rules"])
@pytest.mark.parametrize("start", range(0, MODELS, 100))
def test_the_difference_is_what_every_single_packet_says(start: int, *, rules_only: bool) -> None:
    seen: Counter[str] = Counter()
    for seed in range(start, start + 100):
        old, chance = random_model(seed, most_ports=5), Random(seed)
        new = changed_model(seed, old, rules_only=rules_only)
        before = World.of(old)
        found = difference(before, before.advanced(new))
        assert found.left_out == 0
        for version in (4, 6):
            for header in headers(chance, found, version):
                if (header.source_port, header.value) in DHCP:
                    continue
                opened, closed, more, fewer = asked(old, new, header)
                assert told(found, header, opens=True) == (opened, more), (seed, header)
                assert told(found, header, opens=False) == (closed, fewer), (seed, header)
                seen["opened"] += bool(more)
                seen["closed"] += bool(fewer)
                seen["same"] += not more and not fewer
    assert min(seen[word] for word in ("opened", "closed", "same")) > 3


@pytest.mark.parametrize("seed", range(60))
def test_a_world_that_advanced_is_the_world_made_anew(seed: int) -> None:
    old = random_model(seed)
    new = changed_model(seed, old)
    before = World.of(old)

    advanced = before.advanced(new)

    assert difference(before, advanced) == difference(before, World.of(new, before.roster))


def test_nothing_differs_from_itself() -> None:
    for seed in range(20):
        world = World.of(random_model(seed))
        assert difference(world, world).is_none
        assert difference(world, world.advanced(random_model(seed))).is_none


def test_back_is_the_opposite() -> None:
    for seed in range(20):
        old = World.of(random_model(seed))
        new = old.advanced(changed_model(seed, old.snapshot))
        there, back = difference(old, new), difference(new, old)
        assert (there.opened, there.closed) == (back.closed, back.opened)
