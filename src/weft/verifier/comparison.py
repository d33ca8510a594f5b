"""Two readings of one plane, compared region by region, and what differs in the words of endpoints."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest

import numpy as np
import numpy.typing as npt

from weft.model.ids import PortId
from weft.verifier.book import Book, Column
from weft.verifier.joint import Joint
from weft.verifier.lines import Everyone, OfGroup, OfNetwork, OfProject, OfZone, Who
from weft.verifier.region import Cells, Told, anyone, region
from weft.verifier.shift import Block, Part, Shift, Those
from weft.verifier.sweep import Leaf, Sweep

MOST_SHIFTS = 50
"""How many different sets of pairs are listed for a region; all are counted."""

MOST_BLOCKS = 20
MOST_NAMED = 10

_CLEAREST = (Everyone, OfGroup, OfNetwork, OfZone, OfProject)


@dataclass(slots=True)
class _Found:
    """Pairs that go the same way, as seen at the first of the leaves that have them: a bit for each cell."""

    opens: bool
    pairs: int
    rows: Cells
    columns: Cells
    cells: npt.NDArray[np.uint8]
    traffic: list[Part]


@dataclass(frozen=True, slots=True)
class Question:
    """The pairs of `rows` with `columns`, which have a way to each other `before`, `after` or both times."""

    rows: Cells
    columns: Cells
    before: bool
    after: bool
    scope: Column | None = None


class Comparison:
    """The differences of one plane, gathered."""

    def __init__(self, old: Book, new: Book, joint: Joint) -> None:
        """Nothing is compared yet."""
        self.joint = joint
        self.left_out = 0
        self._old = Told(-1, old.entries, joint.old.holds)
        self._new = Told(1, new.entries, joint.new.holds)
        self._found: list[_Found] = []

    def compare(self, question: Question) -> tuple[int, int]:
        """Go through a region; the pairs for which any traffic opens, and for which any closes."""
        rows, columns = question.rows, question.columns
        if not len(rows) or not len(columns):
            return 0, 0
        books = [*([self._old] if question.before else []), *([self._new] if question.after else [])]
        asked = region(self.joint.version, self.joint.weights, books, rows, columns, question.scope)
        seen: dict[tuple[bool, int], _Found] = {}
        unlisted: set[tuple[bool, int]] = set()

        def listed(*, opens: bool, pairs: int, key: int) -> _Found | None:
            if (opens, key) not in seen and len(seen) >= MOST_SHIFTS:
                unlisted.add((opens, key))
                return None
            if (opens, key) not in seen:
                counts = (sweep.score > 0 if opens else sweep.score < 0) & (asked.weights > 0)
                seen[opens, key] = _Found(opens, pairs, rows, columns, np.packbits(counts), [])
            return seen[opens, key]

        def on_leaf(leaf: Leaf) -> None:
            sides = ((True, leaf.more, leaf.more_key), (False, leaf.fewer, leaf.fewer_key))
            for opens, pairs, key in sides:
                found = listed(opens=opens, pairs=pairs, key=key) if pairs else None
                if found is not None:
                    _append(found.traffic, Part(leaf.protocol, leaf.source_ports, leaf.values))

        sweep = Sweep(asked, on_leaf, keyed=True)
        more, fewer = sweep.run()
        self._found += seen.values()
        self.left_out += len(unlisted)
        return more, fewer

    def shifts(self) -> Iterator[Shift]:
        """What was found."""
        for found in self._found:
            blocks = list(_rectangles(found))
            yield Shift(
                version=self.joint.version,
                opens=found.opens,
                traffic=tuple(found.traffic),
                pairs=found.pairs,
                blocks=tuple(self._block(*sides) for sides in blocks[:MOST_BLOCKS]),
                more_blocks=max(len(blocks) - MOST_BLOCKS, 0),
            )

    def endpoints(self, counts: Callable[[Sequence[Part]], bool]) -> tuple[set[PortId], set[PortId]]:
        """All sources and all destinations of what was found, as far as its traffic `counts`."""
        ends: tuple[set[PortId], set[PortId]] = set(), set()
        for found in self._found:
            if not counts(found.traffic):
                continue
            for rows, columns in _rectangles(found):
                for end, classes in zip(ends, (rows, columns), strict=True):
                    end.update(self.joint.ports[station].id for station in self._stations(classes))
        return ends

    def _stations(self, classes: Cells) -> list[int]:
        found: list[int] = np.concatenate([self._members[number] for number in classes.tolist()]).tolist()
        return found

    def _block(self, rows: Cells, columns: Cells) -> Block:
        pairs = int(self.joint.weights[np.ix_(rows, columns)].sum())
        return Block(self._those(rows), self._those(columns), pairs)

    def _those(self, classes: Cells) -> Those:
        """The endpoints of `classes`; one with several addresses counts once."""
        stations = self._stations(classes)
        names = {self.joint.ports[station].id: self.joint.ports[station].name for station in stations}
        some = nsmallest(MOST_NAMED, names, key=lambda port: (names[port], port))
        mask = np.zeros(len(self.joint.changed), bool)
        mask[classes] = True
        return Those(len(names), tuple(some), self._known.get(np.packbits(mask).tobytes()))

    @cached_property
    def _members(self) -> Sequence[Cells]:
        class_of = self.joint.class_of
        return np.split(np.argsort(class_of, kind="stable"), np.cumsum(np.bincount(class_of))[:-1])

    @cached_property
    def _known(self) -> Mapping[bytes, Who]:
        """Who means just which classes, in the words that say most to a person."""
        packed = np.packbits(self.joint.new.holds, axis=1)
        found: dict[bytes, Who] = {}
        for kind in reversed(_CLEAREST):
            for row, who in zip(packed, self.joint.whos, strict=False):
                if isinstance(who, kind):
                    found[row.tobytes()] = who
        return found


def _rectangles(found: _Found) -> Iterator[tuple[Cells, Cells]]:
    """Sources with the same destinations, together."""
    shape = len(found.rows), len(found.columns)
    cells = np.unpackbits(found.cells, count=shape[0] * shape[1]).reshape(shape).view(bool)
    towards: defaultdict[bytes, list[int]] = defaultdict(list)
    for row in np.flatnonzero(anyone(cells)).tolist():
        towards[cells[row].tobytes()].append(row)
    for together, rows in towards.items():
        yield found.rows[rows], found.columns[np.frombuffer(together, bool)]


def _append(traffic: list[Part], part: Part) -> None:
    """Add a part, as one with the last where they touch."""
    last = traffic[-1] if traffic else None
    touches = last is not None and (last.protocol, last.source_ports) == (part.protocol, part.source_ports)
    if last is not None and touches and last.values[1] + 1 == part.values[0]:
        traffic[-1] = Part(part.protocol, part.source_ports, (last.values[0], part.values[1]))
    else:
        traffic.append(part)
