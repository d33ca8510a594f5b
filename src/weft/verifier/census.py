"""Ports by kind: those that agree in project, network, labels and lists are alike to every group."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from weft.model.ids import GroupId, NetworkId, PortId, ProjectId
from weft.model.policy import Group
from weft.model.snapshot import Snapshot
from weft.verifier.lines import Publishing, publishing

Mask = npt.NDArray[np.bool_]

_NOTHING: frozenset[Publishing] = frozenset()


class Kind(NamedTuple):
    """What groups can ask of a port. `listed` are the groups that name it by hand."""

    project: ProjectId
    network: NetworkId
    quarantined: bool
    labels: frozenset[tuple[str, str]]
    listed: tuple[GroupId, ...]
    published: frozenset[Publishing]


class Census:
    """The kinds of ports in a snapshot, and which of them each group takes in."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Costs one look at every port."""
        listed: defaultdict[PortId, list[GroupId]] = defaultdict(list)
        for group in snapshot.groups.values():
            for member in group.members:
                listed[member].append(group.id)
        numbers: dict[Kind, int] = {}
        self.kind_of: Mapping[PortId, int] = {
            port.id: numbers.setdefault(
                Kind(
                    port.project_id,
                    port.network_id,
                    port.quarantined,
                    frozenset(port.labels.items()),
                    tuple(sorted(listed[port.id])) if port.id in listed else (),
                    frozenset(publishing(port)) if port.published else _NOTHING,
                ),
                len(numbers),
            )
            for port in snapshot.ports.values()
        }
        self.kinds: Sequence[Kind] = list(numbers)
        self._by_hand: defaultdict[GroupId, list[int]] = defaultdict(list)
        for number, kind in enumerate(self.kinds):
            for listing in kind.listed:
                self._by_hand[listing].append(number)
        self._where: dict[tuple[str, object], Mask] = {}
        self._members: dict[GroupId, tuple[Group, Mask]] = {}
        self._labels = [dict(kind.labels) for kind in self.kinds]
        self._projections: dict[frozenset[str], tuple[list[int], npt.NDArray[np.intp]]] = {}

    def where(self, **said: object) -> Mask:
        """The kinds of which a field says just this."""
        ((field, value),) = said.items()
        if (field, value) not in self._where:
            found = (getattr(kind, field) == value for kind in self.kinds)
            self._where[field, value] = np.fromiter(found, bool, len(self.kinds))
        return self._where[field, value]

    def on(self, networks: Iterable[NetworkId]) -> Mask:
        """The kinds of which ports are on any of `networks`."""
        wanted = set(networks)
        return np.fromiter((kind.network in wanted for kind in self.kinds), bool, len(self.kinds))

    def publishing(self, who: Publishing) -> Mask:
        """The kinds whose ports publish this."""
        return np.fromiter((who in kind.published for kind in self.kinds), bool, len(self.kinds))

    def members(self, group: Group) -> Mask:
        """The kinds whose ports are in `group`."""
        known = self._members.get(group.id)
        if known is None or known[0] is not group:
            known = self._members[group.id] = group, self._asked(group)
        return known[1]

    def _asked(self, group: Group) -> Mask:
        found = np.zeros(len(self.kinds), bool)
        if group.selector is not None:
            some, projected = self._projected(group.selector.keys)
            answers = np.array([group.selector.matches(self._labels[number]) for number in some], bool)
            if len(some):
                found = answers[projected] & ~self.where(quarantined=True)
        found[self._by_hand.get(group.id, [])] = True
        return found & self.where(project=group.project_id)

    def _projected(self, keys: frozenset[str]) -> tuple[list[int], npt.NDArray[np.intp]]:
        """A kind for every combination of values of `keys`, and of each kind which combination it has."""
        if keys not in self._projections:
            ordered = sorted(keys)
            seen: dict[tuple[str | None, ...], int] = {}
            some: list[int] = []
            projected = np.empty(len(self.kinds), np.intp)
            for number, labels in enumerate(self._labels):
                values = tuple(labels.get(key) for key in ordered)
                if values not in seen:
                    seen[values] = len(some)
                    some.append(number)
                projected[number] = seen[values]
            self._projections[keys] = some, projected
        return self._projections[keys]
