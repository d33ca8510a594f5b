"""What every rule is good for, over all pairs of ports, and of outside addresses where routes lead."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from weft.model.ids import PolicyId
from weft.model.policy import Action, Direction, Policy
from weft.verifier.book import Column
from weft.verifier.census import Mask
from weft.verifier.lines import Everyone, Line, OfGroup, OfNetwork, OfZone, Origin, Who, Within
from weft.verifier.outside import outside
from weft.verifier.plane import Numbers
from weft.verifier.region import LINE, SOURCE, TARGET, Cells, Region, Told, layer
from weft.verifier.rivals import Neighbours, Uses, Using
from weft.verifier.world import PlaneKey, World

_MOST_CELLS = 4_000_000
"""Of a region that is walked at once: what bounds the memory."""

RuleKey = tuple[PolicyId, int]
"""A policy, and the place of a rule in it."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The classes of one plane, and after them those outside of it."""

    version: int
    weights: Numbers
    inside: int
    told: Told

    @property
    def classes(self) -> int:
        """How many there are in all."""
        return int(self.told.holds.shape[1])

    def regions(
        self, rows: Cells, columns: Cells, scope: Column | None = None
    ) -> Iterator[tuple[Region, tuple[bool, bool]]]:
        """The pairs of some classes in parts that fit, and which ends are outside: never both."""
        parts = [(c[c < self.inside], c[c >= self.inside]) for c in (rows, columns)]
        for far_row, far_column in ((False, False), (False, True), (True, False)):
            sources, targets = parts[0][far_row], parts[1][far_column]
            if not len(sources) or not len(targets):
                continue
            step = max(_MOST_CELLS // len(targets), 1)
            for start in range(0, len(sources), step):
                some = sources[start : start + step]
                yield (
                    self._region(some, targets, scope, inside=not (far_row or far_column)),
                    (far_row, far_column),
                )

    def _region(self, rows: Cells, columns: Cells, scope: Column | None, *, inside: bool) -> Region:
        cells = len(rows) * len(columns)
        weights = self.weights[np.ix_(rows, columns)].ravel() if inside else np.ones(cells, np.int64)
        told = layer(self.version, self.told, rows, columns, scope)
        return Region(self.version, rows, columns, weights, (told,), scope)


class Usefulness:
    """Asked once of one world."""

    def __init__(self, world: World) -> None:
        """Walks through everything."""
        self.world = world
        self._told: Sequence[Line] = [line for c in world.book.chapters.values() for line in c.lines]
        numbers: dict[RuleKey, int] = {}
        for line in self._told:
            if line.policy is not None:
                numbers.setdefault((line.policy.id, line.place), len(numbers))
        self.rules: Mapping[RuleKey, int] = numbers
        self._grounds = {key: _ground(world, key) for key in world.planes}
        wide = [self._rule(line) for line in self._told if _is_wide(line)]
        asked = np.array(wide, np.intp)
        self._uses = {key: self._used(ground, asked) for key, ground in self._grounds.items()}

    def _used(self, ground: Ground, asked: Cells) -> Uses:
        uses = Uses(len(self.rules), asked, ground.classes)
        every = np.arange(ground.classes)
        for region, (rows, columns) in ground.regions(every, every):
            Using(region, self._rule_of, uses, rows_outside=rows, columns_outside=columns).walk()
        return uses

    @cached_property
    def _rule_of(self) -> Numbers:
        return np.array([self._rule(line) for line in self._told], np.int64)

    def _rule(self, line: Line) -> int:
        """The number of the line's rule; lines of no rule have the last number."""
        return len(self.rules) if line.policy is None else self.rules[line.policy.id, line.place]

    @cached_property
    def _lines_of(self) -> Mapping[RuleKey, list[int]]:
        found: dict[RuleKey, list[int]] = {}
        for number, line in enumerate(self._told):
            if line.policy is not None:
                found.setdefault((line.policy.id, line.place), []).append(number)
        return found

    def decides(self, policy: Policy, place: int) -> bool:
        """Whether a rule decides about any packet."""
        number = self.rules[policy.id, place]
        return any(uses.decides[number] for uses in self._uses.values())

    def matters(self, policy: Policy, place: int) -> bool:
        """Whether anybody would reach somebody else if a rule were not there."""
        number = self.rules[policy.id, place]
        return any(uses.matters[number] for uses in self._uses.values())

    def instead(self, policy: Policy, place: int) -> list[Line] | None:
        """Who decides what the rule is about and does not decide, or would without it; None: about nobody.

        The end of the list, where nobody allowed anything, is not among them.
        """
        found: set[int] = set()
        for number in self._lines_of[policy.id, place]:
            entries = self.world.book.entries
            scope = entries[:, entries[LINE] == number]
            line = self._told[number]
            for ground in self._grounds.values():
                if line.traffic.version not in (None, ground.version):
                    continue
                rows, columns = self._about(ground, scope)
                for region, far in ground.regions(rows, columns, scope):
                    walk = Neighbours(region, number, int(line.direction is Direction.INGRESS), outside=far)
                    walk.walk()
                    found |= walk.found
        if not found:
            return None
        return [self._told[number] for number in sorted(found) if number >= 0]

    def _about(self, ground: Ground, scope: Column) -> tuple[Cells, Cells]:
        holds = ground.told.holds
        return np.flatnonzero(holds[scope[SOURCE, 0]]), np.flatnonzero(holds[scope[TARGET, 0]])

    def narrower(self, policy: Policy, place: int) -> OfGroup | None:
        """A group that the rule could name as its peer, and nobody would reach anybody else; the smallest.

        Only of rules that name prefixes, a network, a zone or anybody, and only groups that some rule of the
        project names already.
        """
        line = self._told[self._lines_of[policy.id, place][0]]
        if not _is_wide(line):
            return None
        groups = self.world.snapshot.groups
        mine = {key for key, group in groups.items() if group.project_id == policy.project_id}
        offered = [who for who in self.world.roster.whos if isinstance(who, OfGroup) and who.group in mine]
        sizes = [(size, who) for who in offered if (size := self._fitting(line, who)) is not None]
        return min(sizes, key=lambda pair: (pair[0], pair[1].group), default=(0, None))[1]

    def _fitting(self, line: Line, who: Who) -> int | None:
        """How many stations `who` has, if the line can do with these and has more; else None."""
        number = self._rule(line)
        mine = whole = 0
        for key, ground in self._grounds.items():
            plane, uses = self.world.planes[key], self._uses[key]
            needs = uses.needs[uses.place_of[number]]
            group, peer = self._classes(ground, who), self._classes(ground, line.peer)
            if (needs & ~group).any() or (group & ~peer).any():
                return None
            mine += int(plane.size[group[: ground.inside]].sum())
            whole += int(plane.size[peer[: ground.inside]].sum())
        return mine if 0 < mine < whole else None

    def _classes(self, ground: Ground, who: Who) -> Mask:
        found: Mask = ground.told.holds[self.world.roster.number(who)]
        return found


def _is_wide(line: Line) -> bool:
    """Whether the line lets in whom no group names."""
    return (
        line.origin is Origin.RULE
        and line.action is Action.ALLOW
        and line.stateful
        and isinstance(line.peer, Everyone | Within | OfNetwork | OfZone)
    )


def _ground(world: World, key: PlaneKey) -> Ground:
    plane = world.planes[key]
    holds = np.concatenate([world.holds(key), outside(world, plane)], axis=1)
    return Ground(plane.version, plane.weights, len(plane.size), Told(1, world.book.entries, holds))
