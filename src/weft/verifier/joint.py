"""Two worlds over one set of classes: stations that were alike before and are alike after."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from weft.model.ids import DomainId, NetworkId, PortId
from weft.model.network import Address
from weft.model.port import Port
from weft.verifier.book import COLUMNS
from weft.verifier.census import Mask
from weft.verifier.lines import Who
from weft.verifier.plane import Numbers, pair_counts, partition
from weft.verifier.world import World

NOWHERE = -1
"""The routing domain of a station that a world does not have."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How one world reads the classes: by number of the roster who is meant, and their routing domains."""

    holds: Mask
    domains: Numbers


@dataclass(frozen=True)
class Joint:
    """Stations in classes as fine as either world's. Of those that are `changed` the worlds mean different
    things, or one has no such station.
    """

    version: int
    whos: Sequence[Who]
    ports: Sequence[Port]
    addresses: Sequence[Address]
    class_of: Numbers
    weights: Numbers
    old: Reading
    new: Reading
    changed: Mask


def joints(old: World, new: World) -> Iterator[Joint]:
    """Every station of either world, each in one joint, together with all that it reaches in either.

    The worlds share a roster.
    """
    for version in (4, 6):
        for before, after in _together(old, new, version):
            if len(before) == len(after) == 1 and before == after:
                yield _joined(old, new, before[0], version)
            else:
                yield _matched(old, new, before, after, version)


def alone(world: World, domain: DomainId, version: int) -> Joint:
    """One plane of a world, joined with itself."""
    return _joined(world, world, domain, version)


def _together(
    old: World, new: World, version: int
) -> Iterator[tuple[Sequence[DomainId], Sequence[DomainId]]]:
    """The routing domains of both worlds, those together that have a network in common."""
    sides = [
        (world.snapshot, sorted((d for d, v in world.planes if v == version), key=str))
        for world in (old, new)
    ]
    above: dict[NetworkId, NetworkId] = {}

    def root(network: NetworkId) -> NetworkId:
        while network in above:
            network = above[network]
        return network

    for snapshot, domains in sides:
        for domain in domains:
            first, *others = {root(network) for network in snapshot.networks_in(domain)}
            above.update(dict.fromkeys(others, first))
    found: defaultdict[NetworkId, tuple[list[DomainId], list[DomainId]]] = defaultdict(lambda: ([], []))
    for side, (snapshot, domains) in enumerate(sides):
        for domain in domains:
            found[root(next(iter(snapshot.networks_in(domain))))][side].append(domain)
    yield from found.values()


def _joined(old: World, new: World, domain: DomainId, version: int) -> Joint:
    before, after = old.planes[domain, version], new.planes[domain, version]
    if before.ports is not after.ports:
        return _matched(old, new, [domain], [domain], version)
    nothing = np.zeros(len(after.size), np.int64)
    reading = Reading(new.holds((domain, version)), nothing)
    return Joint(
        version=version,
        whos=new.roster.whos,
        ports=after.ports,
        addresses=after.addresses,
        class_of=after.class_of,
        weights=after.weights,
        old=reading,
        new=reading,
        changed=nothing.astype(bool),
    )


def _matched(
    old: World, new: World, before: Sequence[DomainId], after: Sequence[DomainId], version: int
) -> Joint:
    """The new world's stations, then those that only the old one has."""
    sides = _Side(new, after, version), _Side(old, before, version)
    places = list(dict.fromkeys([*sides[0].places, *sides[1].places]))
    classes = [side.classes(places) for side in sides]
    first, class_of = partition(*classes)
    readings = [side.reading(found[first]) for side, found in zip(sides, classes, strict=True)]
    told_by_both = _named(old) & _named(new)
    changed = (readings[0].holds[told_by_both] != readings[1].holds[told_by_both]).any(axis=0)
    for reading in readings:
        changed |= reading.domains == NOWHERE
    ports = [(sides[0].places.get(place) or sides[1].places[place])[0] for place in places]
    return Joint(
        version=version,
        whos=new.roster.whos,
        ports=ports,
        addresses=[address for _, address in places],
        class_of=class_of,
        weights=pair_counts([port.id for port in ports], class_of, len(first)),
        old=readings[1],
        new=readings[0],
        changed=changed,
    )


class _Side:
    """One world's stations of some domains. The last class is of those that it does not have."""

    def __init__(self, world: World, domains: Sequence[DomainId], version: int) -> None:
        self.places: dict[tuple[PortId, Address], tuple[Port, int]] = {}
        holds = [np.zeros((len(world.roster.whos), 0), bool)]
        numbers: list[int] = []
        for number, domain in enumerate(domains):
            plane = world.planes[domain, version]
            classes = (plane.class_of + len(numbers)).tolist()
            for port, address, found in zip(plane.ports, plane.addresses, classes, strict=True):
                self.places[port.id, address] = port, found
            holds.append(world.holds((domain, version)))
            numbers += [number] * len(plane.size)
        self._absent = len(numbers)
        self._holds = np.pad(np.concatenate(holds, axis=1), ((0, 0), (0, 1)))
        self._domains = np.array([*numbers, NOWHERE], np.int64)

    def classes(self, places: Sequence[tuple[PortId, Address]]) -> Numbers:
        known = self.places
        return np.array([known[p][1] if p in known else self._absent for p in places], np.int64)

    def reading(self, classes: Numbers) -> Reading:
        return Reading(self._holds[:, classes], self._domains[classes])


def _named(world: World) -> Mask:
    found = np.zeros(len(world.roster.whos), bool)
    found[world.book.entries[[COLUMNS.index("source"), COLUMNS.index("target")]].ravel()] = True
    return found
