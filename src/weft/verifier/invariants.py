"""Which invariants do not hold, each with a packet that shows it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address

import numpy as np

from weft.model.ids import DomainId
from weft.model.invariant import Invariant, Promise
from weft.model.policy import Peer, Protocol
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.verifier.book import COLUMNS, PROTOCOLS, Column
from weft.verifier.census import Mask
from weft.verifier.lines import EVERYONE, OfGroup, OfNetwork, OfProject, OfZone, Traffic, Who, traffic_of
from weft.verifier.packet import LARGEST, Header
from weft.verifier.region import Cells, Region, Told, region
from weft.verifier.shift import Part
from weft.verifier.station import Station, stations
from weft.verifier.sweep import Leaf, Span, Sweep
from weft.verifier.world import PlaneKey, World

_NOBODY = IPv4Address("0.0.0.0")

_DISCOVERY = (133, 135, 136)
"""Neighbour discovery always passes, whatever policy says; it is no way to reach anybody."""


@dataclass(frozen=True, slots=True)
class Breach:
    """`invariant` does not hold: this packet passes although it must not, or does not although it must.

    A `header` of None: the two have no way to each other at all, in no IP version. `later` it will not hold,
    when rules have expired.
    """

    invariant: Invariant
    source: Station
    destination: Station
    header: Header | None
    later: bool = False


def breaches(world: World, invariants: Iterable[Invariant]) -> list[Breach]:
    """The invariants that `world` breaks, in their order, each with the first packet that was found."""
    asked = list(invariants)
    if not asked:
        return []
    ends = {end_of(each, end) for each in asked for end in (each.source, each.destination)}
    reading = _Reading(world.knowing([*ends, EVERYONE]))
    found = (reading.breach(each) for each in asked)
    return [breach for breach in found if breach is not None]


def end_of(invariant: Invariant, end: Peer) -> Who:
    """Who is meant by one end."""
    if end.group_id is not None:
        return OfGroup(end.group_id)
    if end.zone is not None:
        return OfZone(end.zone, invariant.project_id)
    return OfProject(invariant.project_id) if end.network_id is None else OfNetwork(end.network_id)


class _Reading:
    """One world, read for many invariants; what they share is looked up once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._snapshot: Snapshot = world.snapshot
        self._told = {key: Told(1, world.book.entries, world.holds(key)) for key in world.planes}
        self._members: dict[Who, Mapping[DomainId, list[Port]]] = {}

    def breach(self, invariant: Invariant) -> Breach | None:
        """A packet that shows that `invariant` does not hold, if there is one."""
        if invariant.promise is Promise.ALWAYS and (apart := self._apart(invariant)) is not None:
            return apart
        for key in self._world.planes:
            found = self._in_plane(invariant, key)
            if found is not None:
                return found
        return None

    def _in_plane(self, invariant: Invariant, key: PlaneKey) -> Breach | None:
        plane = self._world.planes[key]
        rows = self._classes(invariant, invariant.source, key)
        columns = self._classes(invariant, invariant.destination, key)
        traffic = traffic_of(invariant.service)
        if not len(rows) or not len(columns) or traffic.version not in (None, plane.version):
            return None
        asked = region(
            plane.version, plane.weights, [self._told[key]], rows, columns, scope=scope_of(traffic)
        )
        wrong = _first_wrong(asked, invariant.promise)
        if wrong is None:
            return None
        row, column = divmod(wrong[0], len(columns))
        one, other = self._pair(key, int(rows[row]), int(columns[column]))
        return Breach(invariant, one, other, wrong[1].header(plane.version))

    def _classes(self, invariant: Invariant, end: Peer, key: PlaneKey) -> Cells:
        who = end_of(invariant, end)
        if isinstance(who, OfNetwork) and who.network not in self._snapshot.networks_in(key[0]):
            return np.empty(0, np.intp)
        return np.flatnonzero(self._world.planes[key].holds[who])

    def _pair(self, key: PlaneKey, row: int, column: int) -> tuple[Station, Station]:
        """Two different ports of two classes that have such a pair."""
        plane = self._world.planes[key]
        return next(
            (
                Station(plane.addresses[one], plane.ports[one]),
                Station(plane.addresses[other], plane.ports[other]),
            )
            for one in plane.members[row].tolist()
            for other in plane.members[column].tolist()
            if plane.ports[one].id != plane.ports[other].id
        )

    def _apart(self, invariant: Invariant) -> Breach | None:
        """Two ports that no routing domain, or no IP version, joins."""
        sources = self._by_domain(end_of(invariant, invariant.source))
        targets = self._by_domain(end_of(invariant, invariant.destination))
        wanted = traffic_of(invariant.service).version
        for here, ones in sources.items():
            for there, others in targets.items():
                pair = _strangers(ones, others, wanted, joined=here == there)
                if pair is not None:
                    return Breach(invariant, _at(pair[0]), _at(pair[1]), None)
        return None

    def _by_domain(self, who: Who) -> Mapping[DomainId, list[Port]]:
        """The ports that are meant, by routing domain; of those with the same IP versions the first two."""
        if who not in self._members:
            found: defaultdict[tuple[DomainId, frozenset[int]], list[Port]] = defaultdict(list)
            for kind in np.flatnonzero(self._kinds(who)).tolist():
                for key, some in self._some[kind].items():
                    found[key] += some
            by_domain: defaultdict[DomainId, list[Port]] = defaultdict(list)
            for (domain, _), some in found.items():
                by_domain[domain] += some[:2]
            self._members[who] = by_domain
        return self._members[who]

    @cached_property
    def _some(self) -> Sequence[Mapping[tuple[DomainId, frozenset[int]], list[Port]]]:
        """Of each kind of port, the first two in each routing domain that speak the same IP versions."""
        census = self._world.census
        found: list[dict[tuple[DomainId, frozenset[int]], list[Port]]] = [{} for _ in census.kinds]
        for port in self._snapshot.ports.values():
            key = self._snapshot.domain_of(port.network_id), _versions(port)
            some = found[census.kind_of[port.id]].setdefault(key, [])
            if len(some) < 2:
                some.append(port)
        return found

    def _kinds(self, who: Who) -> Mask:
        census = self._world.census
        match who:
            case OfGroup(group):
                return census.members(self._snapshot.groups[group])
            case OfNetwork(network):
                return census.where(network=network)
            case OfProject(project):
                return census.where(project=project)
            case OfZone(zone, project):
                mine = [n for n in self._snapshot.networks.values() if n.project_id == project]
                return census.on(network.id for network in mine if network.zone == zone)
            case _:
                raise TypeError(f"an end of an invariant is not {who}")


def scope_of(traffic: Traffic) -> Column | None:
    """The entries whose traffic is just `traffic`; None is all traffic."""
    if traffic.protocol is None:
        return None
    entry = dict.fromkeys(COLUMNS, 0)
    entry.update(protocol=PROTOCOLS[traffic.protocol], high=LARGEST)
    rows = [
        tuple({**entry, "first": first, "last": last}.values())
        for first, last in traffic.values or ((0, LARGEST),)
    ]
    return np.array(rows, np.int32).T.copy()


def _first_wrong(asked: Region, promise: Promise) -> tuple[int, Part] | None:
    """The first cell that is not as promised, and in which traffic."""
    pairs = int(asked.weights.sum())

    def on_leaf(leaf: Leaf) -> None:
        if leaf.protocol is Protocol.ICMPV6 and is_discovery(leaf.values):
            return
        if promise is Promise.NEVER and leaf.more:
            wrong = sweep.score > 0
        elif promise is Promise.ALWAYS and leaf.more < pairs:
            wrong = sweep.score <= 0
        else:
            return
        cell = int(np.flatnonzero(wrong & (asked.weights > 0))[0])
        raise _Found(cell, Part(leaf.protocol, leaf.source_ports, leaf.values))

    sweep = Sweep(asked, on_leaf)
    try:
        sweep.run()
    except _Found as found:
        return found.cell, found.part
    return None


class _Found(Exception):
    """Ends a walk at the first traffic that answers the question."""

    def __init__(self, cell: int, part: Part) -> None:
        super().__init__()
        self.cell, self.part = cell, part


def is_discovery(values: Span) -> bool:
    """Whether ICMPv6 messages from the first to the last of `values` are neighbour discovery's."""
    return all(kind in _DISCOVERY for kind in range(values[0] >> 8, (values[1] >> 8) + 1))


def _strangers(
    ones: list[Port], others: list[Port], wanted: int | None, *, joined: bool
) -> tuple[Port, Port] | None:
    """Two different ports without an IP version in common, or, not `joined`, any two."""
    for one in ones:
        for other in others:
            common = _versions(one) & _versions(other)
            if one.id != other.id and (
                not joined or not common or (wanted is not None and wanted not in common)
            ):
                return one, other
    return None


def _versions(port: Port) -> frozenset[int]:
    return frozenset(fixed.address.version for fixed in port.fixed_ips)


def _at(port: Port) -> Station:
    """The port under its first address; one without any is shown under the address of nobody."""
    return next(iter(stations(port)), Station(_NOBODY, port))
