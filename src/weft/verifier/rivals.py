"""For each two classes and all traffic: which line decides, and which would if it were not there.

From both follows what every rule is good for: whether it decides anything, and whether anybody would reach
somebody else without it. A rule has a line in one direction; a stateless one has its answers in the other,
and both go together.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.model.policy import Protocol
from weft.verifier.book import Column
from weft.verifier.census import Mask
from weft.verifier.plane import Numbers
from weft.verifier.region import INGRESS, LINE, SOURCE, TARGET, Cells, Region
from weft.verifier.walk import Span, Walk

Lines = npt.NDArray[np.int32]


class Uses:
    """What is found out about rules, by their numbers; the last place is of lines that are no rule's.

    `needs` are, for some of them (`asked`), the classes at the far end with which they matter.
    """

    def __init__(self, rules: int, asked: Cells, classes: int) -> None:
        """Nothing is found out yet."""
        self.decides: Mask = np.zeros(rules + 1, bool)
        self.matters: Mask = np.zeros(rules + 1, bool)
        self.needs: Mask = np.zeros((len(asked) + 1, classes), bool)
        self.place_of = np.full(rules + 1, len(asked), np.intp)
        self.place_of[asked] = np.arange(len(asked))


@dataclass(frozen=True, slots=True)
class Judged:
    """Some cells at a leaf: by direction (0 is egress) the line that decides and the one after it."""

    cells: Cells
    first: tuple[Lines, Lines]
    second: tuple[Lines, Lines]


@dataclass(frozen=True, slots=True)
class _Applied:
    ingress: int
    cells: Cells
    first: Lines
    second: Lines


class Rivals(Walk[int]):
    """One walk over a region of one layer. `rows_outside` and `columns_outside` have no policy of their own.

    Lines are numbered as in the layer; then come the end, which drops, and what policy does not ask about.
    """

    def __init__(self, region: Region, *, rows_outside: bool = False, columns_outside: bool = False) -> None:
        """Nothing is walked yet."""
        super().__init__(region)
        self.layer = region.layers[0]
        self.width = len(region.columns)
        self.region = region
        count = len(self.layer.numbers)
        self.allows: Mask = np.concatenate([self.layer.allows[:count], [False, True]])
        last = [count + outside for outside in (rows_outside, columns_outside)]
        cells = len(region.weights)
        self._first = [np.full(cells, number, np.int32) for number in last]
        self._second = [np.full(cells, number, np.int32) for number in last]
        self._counts = region.weights > 0
        self._rows = self.entries[[LINE, INGRESS, SOURCE, TARGET]].T.tolist()
        self._sources: dict[int, Cells] = {}
        self._targets: dict[int, Cells] = {}
        self._undo: list[_Applied] = []
        self._touched: list[Cells] | None = None

    def mark(self) -> int:
        """What is applied so far."""
        return len(self._undo)

    def apply(self, found: Cells) -> None:
        """Let these entries' lines be first or second where they come that early."""
        for number in found.tolist():
            self._place(*self._rows[number])

    def _place(self, line: int, ingress: int, source: int, target: int) -> None:
        cells = self._block(source, target)
        first, second = self._first[ingress].take(cells), self._second[ingress].take(cells)
        earlier = (first > line) | ((second > line) & (first != line))
        if not earlier.any():
            return
        cells, first, second = cells[earlier], first[earlier], second[earlier]
        self._first[ingress][cells] = np.minimum(first, line)
        self._second[ingress][cells] = np.maximum(first, line)
        self._undo.append(_Applied(ingress, cells, first, second))
        self._touch(cells)

    def take_back(self, mark: int) -> None:
        """Undo what was applied since `mark`."""
        while len(self._undo) > mark:
            done = self._undo.pop()
            self._first[done.ingress][done.cells] = done.first
            self._second[done.ingress][done.cells] = done.second
            self._touch(done.cells)

    def leaf(self, protocol: Protocol | None, source_ports: Span, values: Span) -> None:
        """Look at the cells that are not as they were at the last leaf."""
        del protocol, source_ports, values
        if self._touched is None:
            cells = np.flatnonzero(self._counts)
        elif self._touched:
            cells = np.concatenate(self._touched)
            cells = cells[self._counts[cells]]
        else:
            return
        self._touched = []
        if len(cells):
            first = self._first[0].take(cells), self._first[1].take(cells)
            second = self._second[0].take(cells), self._second[1].take(cells)
            self.judge(Judged(cells, first, second))

    def judge(self, judged: Judged) -> None:
        """What the subclass wants to know of these cells."""
        raise NotImplementedError

    def _touch(self, cells: Cells) -> None:
        if self._touched is not None:
            self._touched.append(cells)

    def _block(self, source: int, target: int) -> Cells:
        """The cells from those who are `source` to those who are `target`."""
        if source not in self._sources:
            self._sources[source] = np.flatnonzero(self.layer.sources[source])[:, np.newaxis] * self.width
        if target not in self._targets:
            self._targets[target] = np.flatnonzero(self.layer.targets[target])
        return (self._sources[source] + self._targets[target]).ravel()


class Using(Rivals):
    """Finds out what rules are good for."""

    def __init__(
        self, region: Region, rule_of: Numbers, uses: Uses, *, rows_outside: bool, columns_outside: bool
    ) -> None:
        """`rule_of` has for each line of the book the number of its rule, or the last number."""
        super().__init__(region, rows_outside=rows_outside, columns_outside=columns_outside)
        none = len(uses.decides) - 1
        self._rule_of = np.concatenate([rule_of[self.layer.numbers], [none, none]]).astype(np.intp)
        self._uses = uses

    def judge(self, judged: Judged) -> None:
        """Which rules decide these cells, and what would be without them."""
        first, second, allows, uses = judged.first, judged.second, self.allows, self._uses
        rules = self._rule_of[first[0]], self._rule_of[first[1]]
        passes = allows[first[0]] & allows[first[1]]
        both = rules[0] == rules[1]
        for side in (0, 1):
            uses.decides[rules[side]] = True
            beside = np.where(both, second[1 - side], first[1 - side])
            matters = passes != (allows[second[side]] & allows[beside])
            mine = rules[side][matters]
            uses.matters[mine] = True
            places = uses.place_of[mine]
            row, column = np.divmod(judged.cells[matters], self.width)
            far = self.region.rows[row] if side else self.region.columns[column]
            uses.needs[places, far] = True


class Neighbours(Rivals):
    """Finds out who decides instead of one line, or after it."""

    def __init__(self, region: Region, line: int, ingress: int, *, outside: tuple[bool, bool]) -> None:
        """`line` is one of the book; the cells are those that it is about."""
        super().__init__(region, rows_outside=outside[0], columns_outside=outside[1])
        self._ingress = ingress
        self._numbers: Column = np.concatenate([self.layer.numbers, [-1, -1]])
        self._line = line
        self.found: set[int] = set()
        """Lines of the book; -1 is the end."""

    def judge(self, judged: Judged) -> None:
        """The first line that is another than ours."""
        first = self._numbers[judged.first[self._ingress]]
        second = self._numbers[judged.second[self._ingress]]
        self.found |= set(np.unique(np.where(first == self._line, second, first)).tolist())
