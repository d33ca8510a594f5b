"""One routing domain in one IP version: its stations, in classes that no line can tell apart."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt

from weft.model.ids import DomainId, PortId
from weft.model.network import Address, Prefix
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.verifier.census import Census, Mask
from weft.verifier.lines import (
    Everyone,
    OfGroup,
    OfNetwork,
    OfProject,
    OfZone,
    Publishing,
    Quarantined,
    Who,
    Within,
)
from weft.verifier.membership import foreign_prefixes

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Plane:
    """`ports[i]` at `addresses[i]` is of class `class_of[i]`; `holds[who]` are the classes that are meant.

    Stations are in the order of their addresses. `kinds` are those of the census.
    """

    domain: DomainId
    version: int
    ports: Sequence[Port]
    addresses: Sequence[Address]
    kinds: Numbers
    class_of: Numbers
    holds: Mapping[Who, Mask]

    @cached_property
    def size(self) -> Numbers:
        """How many stations each class has."""
        return np.bincount(self.class_of)

    @cached_property
    def members(self) -> Sequence[Numbers]:
        """The stations of each class."""
        order = np.argsort(self.class_of, kind="stable")
        return np.split(order, np.cumsum(self.size)[:-1])

    @cached_property
    def weights(self) -> Numbers:
        """For each two classes, the pairs of their stations; no port is its own partner."""
        return pair_counts([port.id for port in self.ports], self.class_of, len(self.size))

    def knowing(self, snapshot: Snapshot, census: Census, whos: Iterable[Who]) -> "Plane":
        """This plane, in classes as fine as `whos` tell stations apart."""
        new = [who for who in whos if who not in self.holds]
        return self if not new else _classified(self, snapshot, census, new)


def planes(snapshot: Snapshot, census: Census, whos: Sequence[Who]) -> dict[tuple[DomainId, int], Plane]:
    """Every routing domain in each IP version that any of its ports speaks."""
    found: defaultdict[tuple[DomainId, int], list[tuple[int, Address, Port]]] = defaultdict(list)
    domains = {network: snapshot.domain_of(network) for network in snapshot.networks}
    for port in snapshot.ports.values():
        for fixed in port.fixed_ips:
            address = fixed.address
            found[domains[port.network_id], address.version].append((int(address), address, port))
    result: dict[tuple[DomainId, int], Plane] = {}
    for (domain, version), stations in found.items():
        stations.sort(key=lambda station: station[0])
        ports = [port for _, _, port in stations]
        bare = Plane(
            domain=domain,
            version=version,
            ports=ports,
            addresses=[address for _, address, _ in stations],
            kinds=np.fromiter((census.kind_of[port.id] for port in ports), np.int64, len(ports)),
            class_of=np.zeros(len(ports), np.int64),
            holds={},
        )
        result[domain, version] = _classified(bare, snapshot, census, whos)
    return result


def pair_counts(ports: Sequence[PortId], class_of: Numbers, classes: int) -> Numbers:
    """For each two classes of stations, how many pairs of different ports they make."""
    size = np.bincount(class_of, minlength=classes)
    found = np.outer(size, size)
    found[np.diag_indices(classes)] -= size
    if len(set(ports)) < len(ports):
        own: defaultdict[PortId, list[int]] = defaultdict(list)
        for port, number in zip(ports, class_of.tolist(), strict=True):
            own[port].append(number)
        for numbers in own.values():
            for place, one in enumerate(numbers):
                for other in numbers[:place]:
                    found[one, other] -= 1
                    found[other, one] -= 1
    return found


def partition(*labels: Numbers) -> tuple[Numbers, Numbers]:
    """Things that agree in all `labels`, together: the first of each part, and the part of each thing."""
    key = labels[0]
    for label in labels[1:]:
        key = key * (int(label.max(initial=0)) + 1) + label
    _, first, part = np.unique(key, return_index=True, return_inverse=True)
    return first, part


def _classified(plane: Plane, snapshot: Snapshot, census: Census, whos: Sequence[Who]) -> Plane:
    """`plane` in classes that also agree about each of `whos`."""
    prefixes = {who: found for who in whos if (found := prefixes_of(snapshot, plane, who)) is not None}
    numbers = [int(address) for address in plane.addresses] if prefixes else []
    spans = {who: _spans(numbers, found) for who, found in prefixes.items()}
    marks = np.zeros(len(plane.ports) + 1, np.int64)
    for start, end in chain.from_iterable(spans.values()):
        marks[start] = marks[end] = 1
    first, part = partition(plane.class_of, plane.kinds, np.cumsum(marks[:-1]))
    holds = {who: mask[plane.class_of[first]] for who, mask in plane.holds.items()}
    kinds = plane.kinds[first]
    for who in whos:
        if who in spans:
            inside = np.zeros(len(plane.ports), bool)
            for start, end in spans[who]:
                inside[start:end] = True
            holds[who] = inside[first]
        else:
            holds[who] = _of_kind(snapshot, census, who)[kinds]
    bits = np.packbits(np.stack(list(holds.values())), axis=0).T.copy()
    _, chosen, merged = np.unique(
        bits.view(f"V{bits.shape[1]}").ravel(), return_index=True, return_inverse=True
    )
    return replace(
        plane, class_of=merged[part], holds={who: np.ascontiguousarray(m[chosen]) for who, m in holds.items()}
    )


def prefixes_of(snapshot: Snapshot, plane: Plane, who: Who) -> Sequence[Prefix] | None:
    """The prefixes that `who` is in this plane; None where it is a matter of ports."""
    match who:
        case Within(prefixes):
            found: Sequence[Prefix] = prefixes
        case OfNetwork(network) if network not in snapshot.networks_in(plane.domain):
            found = foreign_prefixes(snapshot, snapshot.networks_in(plane.domain), network)
        case _:
            return None
    return [prefix for prefix in found if prefix.version == plane.version]


def _spans(numbers: Sequence[int], prefixes: Iterable[Prefix]) -> list[tuple[int, int]]:
    """Where in the rising `numbers` the addresses of each prefix are."""
    return [
        (bisect_left(numbers, int(p.network_address)), bisect_right(numbers, int(p.broadcast_address)))
        for p in prefixes
    ]


def _of_kind(snapshot: Snapshot, census: Census, who: Who) -> Mask:
    """The kinds of ports that are `who`."""
    match who:
        case OfNetwork(network):
            return census.where(network=network)
        case OfZone(zone, project):
            mine = [network for network in snapshot.networks.values() if network.project_id == project]
            return census.on(network.id for network in mine if network.zone == zone)
        case OfGroup(group):
            return census.members(snapshot.groups[group])
        case Within():
            raise TypeError("prefixes are no matter of kinds")
        case _:
            return _by_itself(census, who)


def _by_itself(census: Census, who: Everyone | OfProject | Quarantined | Publishing) -> Mask:
    """The kinds that are one of `who` by what their ports say themselves."""
    match who:
        case Everyone():
            return np.ones(len(census.kinds), bool)
        case OfProject(project):
            return census.where(project=project)
        case Quarantined():
            return census.where(quarantined=True)
        case Publishing():
            return census.publishing(who)
