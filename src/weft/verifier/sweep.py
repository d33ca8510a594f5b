"""Every header at once: a walk over all traffic that keeps, for each two classes, which line decides.

Going down into a part of the traffic applies the lines that are about the whole part; coming back takes them
off again. So a line costs what it touches, however many other services there are. The first line that matches
decides, and the smallest of several numbers does not depend on their order: lines may be applied in any.

A sweep of one layer counts the pairs that may speak; of two, what one has beyond the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from weft.model.policy import Protocol
from weft.verifier.book import PROTOCOLS, Column
from weft.verifier.census import Mask
from weft.verifier.packet import LARGEST
from weft.verifier.region import (
    FIRST,
    HIGH,
    INGRESS,
    LAST,
    LINE,
    LOW,
    PROTOCOL,
    SOURCE,
    TARGET,
    Cells,
    Layer,
    Region,
    everyone,
)

Span = tuple[int, int]

ANY_VALUE: Span = (0, LARGEST)


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


class Sweep:
    """One walk over one region.

    `score` is for each cell the sum of the signs of the layers in which its pairs may speak.
    """

    def __init__(self, region: Region, on_leaf: Callable[[Leaf], None], *, keyed: bool = False) -> None:
        """Nothing is walked yet. Leaves have keys only if they are asked for."""
        cells = len(region.weights)
        self._region = region
        self._on_leaf = on_leaf
        self._weights = region.weights
        self._states = [_State(layer, cells) for layer in region.layers]
        self._hashes = _hashes(cells if keyed else 0)
        self._hashes[self._weights[: len(self._hashes)] == 0] = 0
        base = sum(state.layer.sign for state in self._states if state.passing.any())
        self.score = np.full(cells, base, np.int8)
        self._counts = self._counted()
        self._undo: list[_Step] = []
        self._touched: list[Cells] | None = None
        self._ever = np.zeros((2, cells), bool)
        self._entries = np.concatenate([layer.entries for layer in region.layers], axis=1)
        sizes = [layer.entries.shape[1] for layer in region.layers]
        self._state_of = [state for state, size in zip(self._states, sizes, strict=True) for _ in range(size)]
        self._rows = self._entries[[LINE, INGRESS, SOURCE, TARGET]].T.tolist()

    def run(self) -> tuple[int, int]:
        """Walk; the pairs that count up, and those that count down, in any traffic at all."""
        scope = self._region.scope
        protocols = self._entries[PROTOCOL]
        self._apply(np.flatnonzero(protocols == PROTOCOLS[None]))
        for protocol in (None, *Protocol):
            if _exists_in(protocol, self._region.version):
                number = PROTOCOLS[protocol]
                mine = scope if scope is None else scope[:, _about(scope[PROTOCOL], number)]
                if mine is not None and not mine.shape[1]:
                    continue
                found = protocols == number if protocol is not None else np.zeros_like(protocols, bool)
                self._by_source_port(protocol, np.flatnonzero(found), mine)
        more, fewer = (int(self._weights[ever].sum()) for ever in self._ever)
        return more, fewer

    def _by_source_port(self, protocol: Protocol | None, found: Cells, scope: Column | None) -> None:
        """Source ports matter only where a stateless rule has answers."""
        low, high = self._entries[LOW, found], self._entries[HIGH, found]
        bounds = {0, LARGEST + 1, *low.tolist(), *(high + 1).tolist()}
        if scope is not None:
            bounds |= {*scope[LOW].tolist(), *(scope[HIGH] + 1).tolist()}
        ordered = sorted(bounds)
        for start, following in pairwise(ordered):
            sources = (start, following - 1)
            asked = scope if scope is None else scope[:, _cover(scope[LOW], scope[HIGH], sources)]
            self._by_value((protocol, sources), ANY_VALUE, found[_cover(low, high, sources)], asked)

    def _by_value(
        self, traffic: tuple[Protocol | None, Span], span: Span, found: Cells, scope: Column | None
    ) -> None:
        if scope is not None and not scope.shape[1]:
            return
        mark, counts = len(self._undo), self._counts
        first, last = self._entries[FIRST, found], self._entries[LAST, found]
        whole = _cover(first, last, span)
        self._apply(found[whole])
        rest = found[~whole]
        bounds = _bounds_inside(first[~whole], last[~whole], span)
        if scope is not None and _cover(scope[FIRST], scope[LAST], span).any():
            scope = None
        if scope is not None:
            bounds = np.concatenate([bounds, _bounds_inside(scope[FIRST], scope[LAST], span)])
        if len(bounds):
            middle = int(np.partition(bounds, len(bounds) // 2)[len(bounds) // 2])
            for part in ((span[0], middle - 1), (middle, span[1])):
                inside = _meet(self._entries[FIRST, rest], self._entries[LAST, rest], part)
                asked = scope if scope is None else scope[:, _meet(scope[FIRST], scope[LAST], part)]
                self._by_value(traffic, part, rest[inside], asked)
        else:
            self._emit(*traffic, span)
        self._take_back(mark, counts)

    def _apply(self, found: Cells) -> None:
        for number in found.tolist():
            self._decide(self._state_of[number], *self._rows[number])

    def _decide(self, state: "_State", line: int, ingress: int, source: int, target: int) -> None:
        """Let `line` decide wherever only later ones did."""
        cells = state.block(source, target)
        decided = state.decided[ingress]
        before = decided.take(cells)
        later = before > line
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
        flip = _Flipped(state, cells, step, allowed)
        self._undo.append(flip)
        self._set(flip, allowed=allowed, step=step)

    def _set(self, flip: "_Flipped", *, allowed: bool, step: int) -> None:
        flip.state.passing[flip.cells] = allowed
        self.score[flip.cells] += np.int8(step)
        if self._touched is not None:
            self._touched.append(flip.cells)

    def _take_back(self, mark: int, counts: tuple[int, int, int, int]) -> None:
        while len(self._undo) > mark:
            done = self._undo.pop()
            if isinstance(done, _Decided):
                done.decided[done.cells] = done.before
            else:
                self._set(done, allowed=not done.allowed, step=-done.step)
        self._counts = counts

    def _counted(self) -> tuple[int, int, int, int]:
        sides = [self.score > 0, self.score < 0]
        more, fewer = (int(self._weights[side].sum()) for side in sides)
        keys = [int(self._hashes[side].sum()) for side in sides] if len(self._hashes) else [0, 0]
        return more, fewer, keys[0], keys[1]

    def _emit(self, protocol: Protocol | None, source_ports: Span, values: Span) -> None:
        """Tell of a leaf; only cells touched since the last one can be new among those that ever count."""
        if self._touched is None:
            self._ever[0] |= self.score > 0
            self._ever[1] |= self.score < 0
        elif self._touched:
            cells = np.concatenate(self._touched)
            score = self.score.take(cells)
            self._ever[0][cells[score > 0]] = True
            if self._counts[1]:
                self._ever[1][cells[score < 0]] = True
        self._touched = []
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
    step: int
    allowed: bool


_Step = _Decided | _Flipped


def _exists_in(protocol: Protocol | None, version: int) -> bool:
    return protocol is not (Protocol.ICMP if version == 6 else Protocol.ICMPV6)


def _about(protocols: Column, number: int) -> Mask:
    """Which entries are about the protocol of that number, or about any."""
    found: Mask = (protocols == number) | (protocols == PROTOCOLS[None])
    return found


def _cover(first: Column, last: Column, span: Span) -> Mask:
    return (first <= span[0]) & (last >= span[1])


def _meet(first: Column, last: Column, span: Span) -> Mask:
    return (first <= span[1]) & (last >= span[0])


def _bounds_inside(first: Column, last: Column, span: Span) -> Column:
    """Where in `span` a range begins, or the next value after one."""
    return np.concatenate([first[first > span[0]], last[last < span[1]] + 1])


def _hashes(cells: int) -> npt.NDArray[np.uint64]:
    """A number for each cell that looks random: sums of them tell sets of cells apart.

    The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
    """
    found = np.arange(1, cells + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return found ^ (found >> np.uint64(31))
