"""Who reaches whom on which services: the pairs of one world, in the terms of a difference from nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

import numpy as np

from weft.model.ids import DomainId, PortId
from weft.model.policy import Protocol
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.verifier.comparison import Comparison, Question
from weft.verifier.invariants import is_discovery
from weft.verifier.joint import alone
from weft.verifier.lines import EVERYONE, Who, Within
from weft.verifier.shift import Difference, Part, Shift
from weft.verifier.world import World


@dataclass(frozen=True, slots=True)
class End:
    """Some stations: `who`, in one routing domain if addresses tell who it is."""

    who: Who = EVERYONE
    domain: DomainId | None = None

    @classmethod
    def of(cls, snapshot: Snapshot, port: Port) -> "End":
        """One port, under all of its addresses."""
        addresses = tuple(ip_network(fixed.address) for fixed in port.fixed_ips)
        return cls(Within(addresses), snapshot.domain_of(port.network_id))


def reach(world: World, source: End, destination: End) -> Difference:
    """All that `source` may send to `destination`; every shift opens. Neighbour discovery is no reach."""
    counts: dict[int, int] = {}
    shifts: list[Shift] = []
    left_out = 0
    for version, more, found in _compared(world, source, destination):
        counts[version] = counts.get(version, 0) + more
        shifts += [shift for shift in found.shifts() if _is_reach(shift.traffic)]
        left_out += found.left_out
    shifts.sort(key=lambda shift: (-shift.pairs, shift.version))
    return Difference(opened=counts, closed={}, shifts=tuple(shifts), left_out=left_out)


@dataclass(frozen=True, slots=True)
class Partners:
    """All ports that may send to some of the other end, and all that may be sent to.

    Of traffic that goes more ways than are told apart some may be missing: then it is not `complete`.
    """

    sources: frozenset[PortId]
    destinations: frozenset[PortId]
    complete: bool


def partners(world: World, source: End, destination: End) -> Partners:
    """The ports between which there is any reach at all, each of them."""
    sources: set[PortId] = set()
    destinations: set[PortId] = set()
    left_out = 0
    for _, _, found in _compared(world, source, destination):
        some, others = found.endpoints(_is_reach)
        sources |= some
        destinations |= others
        left_out += found.left_out
    return Partners(frozenset(sources), frozenset(destinations), complete=not left_out)


def _compared(world: World, source: End, destination: End) -> Iterator[tuple[int, int, Comparison]]:
    """For each plane its version, how many pairs reach each other, and which."""
    world = world.knowing([source.who, destination.who, EVERYONE])
    for (domain, version), plane in world.planes.items():
        found = Comparison(world.book, world.book, alone(world, domain, version))
        rows, columns = (
            np.flatnonzero(plane.holds[end.who]) if end.domain in (None, domain) else np.empty(0, np.intp)
            for end in (source, destination)
        )
        more, _ = found.compare(Question(rows, columns, before=False, after=True))
        yield version, more, found


def _is_reach(traffic: Sequence[Part]) -> bool:
    """Whether it is more than neighbour discovery."""
    return not all(part.protocol is Protocol.ICMPV6 and is_discovery(part.values) for part in traffic)
