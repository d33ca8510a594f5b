"""Every header at once: a walk over all traffic that keeps, for each two classes, which line decides.

Going down into a part of the traffic applies the lines that are about the whole part; coming back takes them
off again. So a line costs what it touches, however many other services there are. The first line that matches
decides, and the smallest of several numbers does not depend on their order: lines may be applied in any.

A sweep of one layer counts the pairs that may speak; of two, what one has beyond the other.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.model.policy import Protocol
from weft.verifier.book import PROTOCOLS
from weft.verifier.region import INGRESS, LINE, PROTOCOL, SOURCE, TARGET, Cells, Layer, Region, everyone
from weft.verifier.walk import ANY_VALUE, Span, Walk

__all__ = ["ANY_VALUE", "Leaf", "Span", "Sweep"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part of the traffic in which nothing differs, and how many pairs count there, up and down.

    Leaves with the same key have the same pairs.
    """

    protocol: Protocol | None
    source_ports: Span
    values: Span
    more: int
    fewer: int
    more_key: int
    fewer_key: int


class Sweep(Walk[tuple[int, tuple[int, int, int, int]]]):
    """One walk over one region.

    `score` is for each cell the sum of the signs of the layers in which its pairs may speak.
    """

    def __init__(self, region: Region, on_leaf: Callable[[Leaf], None], *, keyed: bool = False) -> None:
        """Nothing is walked yet. Leaves have keys only if they are asked for."""
        cells = len(region.weights)
        self._on_leaf = on_leaf
        self._weights = region.weights.astype(np.min_scalar_type(int(region.weights.max(initial=0))))
        self._states = [_State(layer, cells) for layer in region.layers]
        self._hashes = _hashes(cells if keyed else 0)
        self._hashes[self._weights[: len(self._hashes)] == 0] = 0
        base = sum(state.layer.sign for state in self._states if state.passing.any())
        self.score = np.full(cells, base, np.int8)
        self._counts = self._counted()
        self._undo: list[_Step] = []
        self._risen: list[Cells] | None = None
        self._fallen: list[Cells] = []
        self._ever = np.zeros((2, cells), bool)
        super().__init__(region)
        sizes = [layer.entries.shape[1] for layer in region.layers]
        self._state_of = [state for state, size in zip(self._states, sizes, strict=True) for _ in range(size)]
        self._rows = self.entries[[LINE, INGRESS, SOURCE, TARGET]].T.tolist()

    def run(self) -> tuple[int, int]:
        """Walk; the pairs that count up, and those that count down, in any traffic at all."""
        self.walk()
        more, fewer = (int(self._weights[ever].sum()) for ever in self._ever)
        return more, fewer

    def mark(self) -> tuple[int, tuple[int, int, int, int]]:
        """What is applied so far."""
        return len(self._undo), self._counts

    def apply(self, found: Cells) -> None:
        """Let these entries' lines decide where they come first."""
        for number in found.tolist():
            self._decide(self._state_of[number], *self._rows[number])

    def _decide(self, state: "_State", line: int, ingress: int, source: int, target: int) -> None:
        """Let `line` decide wherever only later ones did."""
        cells = state.block(source, target)
        decided = state.decided[ingress]
        before = decided.take(cells)
        later = before > line
        if not later.all():
            if not later.any():
                return
            cells, before = cells[later], before[later]
        decided[cells] = line
        self._undo.append(_Decided(decided, cells, before))
        allows = state.layer.allows
        flipped = state.passing.take(cells)
        if allows[line]:
            flipped = allows.take(state.decided[1 - ingress].take(cells)) & ~flipped
        if flipped.any():
            self._flip(state, cells[flipped], allowed=bool(allows[line]))

    def _flip(self, state: "_State", cells: Cells, *, allowed: bool) -> None:
        """An earlier line that allows can only let pairs begin to speak, one that drops only end it."""
        step = state.layer.sign if allowed else -state.layer.sign
        before, weights = self.score.take(cells), self._weights.take(cells)
        up, down = (before == 0, before < 0) if step > 0 else (before > 0, before == 0)
        more, fewer, more_key, fewer_key = self._counts
        more, fewer = more + step * int(weights[up].sum()), fewer - step * int(weights[down].sum())
        if len(self._hashes):
            more_key = (more_key + step * int(self._hashes[cells[up]].sum())) % 2**64
            fewer_key = (fewer_key - step * int(self._hashes[cells[down]].sum())) % 2**64
        self._counts = more, fewer, more_key, fewer_key
        self._undo.append(_Flipped(state, cells, before, allowed))
        self._set(state, cells, before + np.int8(step), allowed=allowed)

    def _set(self, state: "_State", cells: Cells, score: npt.NDArray[np.int8], *, allowed: bool) -> None:
        state.passing[cells] = allowed
        self.score[cells] = score
        if self._risen is not None:
            (self._risen if allowed is (state.layer.sign > 0) else self._fallen).append(cells)

    def take_back(self, mark: tuple[int, tuple[int, int, int, int]]) -> None:
        """Undo what was applied since `mark`."""
        applied, self._counts = mark
        while len(self._undo) > applied:
            done = self._undo.pop()
            if isinstance(done, _Decided):
                done.decided[done.cells] = done.before
            else:
                self._set(done.state, done.cells, done.before, allowed=not done.allowed)

    def _counted(self) -> tuple[int, int, int, int]:
        sides = [self.score > 0, self.score < 0]
        more, fewer = (int(self._weights[side].sum()) for side in sides)
        keys = [int(self._hashes[side].sum()) for side in sides] if len(self._hashes) else [0, 0]
        return more, fewer, keys[0], keys[1]

    def leaf(self, protocol: Protocol | None, source_ports: Span, values: Span) -> None:
        """Tell of a leaf; only cells that rose or fell since the last one can be new to those that count."""
        more, fewer = self._ever
        if self._risen is None:
            more |= self.score > 0
            fewer |= self.score < 0
        else:
            if self._risen and self._counts[0]:
                cells = np.concatenate(self._risen)
                more[cells[self.score.take(cells) > 0]] = True
            if self._fallen and self._counts[1]:
                cells = np.concatenate(self._fallen)
                fewer[cells[self.score.take(cells) < 0]] = True
        self._risen, self._fallen = [], []
        self._on_leaf(Leaf(protocol, source_ports, values, *self._counts))


class _State:
    """Which line decides each cell in each direction, and whether the pair may speak."""

    def __init__(self, layer: Layer, cells: int) -> None:
        """Begins with the first line that is about everything in its direction, if there is one."""
        self.layer = layer
        self._rows: dict[int, Cells] = {}
        self._columns: dict[int, Cells] = {}
        nobody = len(layer.allows) - 1
        first = [self._first_about_everything(ingress, nobody) for ingress in (0, 1)]
        kept = np.min_scalar_type(nobody)
        self.decided = [np.full(cells, line, kept) for line in first]
        self.passing = np.full(cells, layer.allows[first].all(), bool)

    def _first_about_everything(self, ingress: int, nobody: int) -> int:
        layer = self.layer
        whole = (
            everyone(layer.sources)[layer.entries[SOURCE]] & everyone(layer.targets)[layer.entries[TARGET]]
        )
        whole &= (layer.entries[PROTOCOL] == PROTOCOLS[None]) & (layer.entries[INGRESS] == ingress)
        return int(layer.entries[LINE, whole].min(initial=nobody))

    def block(self, source: int, target: int) -> Cells:
        """The cells from those who are `source` to those who are `target`."""
        if source not in self._rows:
            width = self.layer.targets.shape[1]
            self._rows[source] = np.flatnonzero(self.layer.sources[source])[:, np.newaxis] * width
        if target not in self._columns:
            self._columns[target] = np.flatnonzero(self.layer.targets[target])
        return (self._rows[source] + self._columns[target]).ravel()


@dataclass(frozen=True, slots=True)
class _Decided:
    decided: npt.NDArray[np.unsignedinteger]
    cells: Cells
    before: npt.NDArray[np.unsignedinteger]


@dataclass(frozen=True, slots=True)
class _Flipped:
    state: _State
    cells: Cells
    before: npt.NDArray[np.int8]
    allowed: bool


_Step = _Decided | _Flipped


def _hashes(cells: int) -> npt.NDArray[np.uint64]:
    """A number for each cell that looks random: sums of them tell sets of cells apart.

    The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
    """
    found = np.arange(1, cells + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return found ^ (found >> np.uint64(31))
