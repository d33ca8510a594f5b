"""A snapshot prepared for questions about all of its pairs at once; made anew only where it changed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from weft.model.ids import DomainId
from weft.model.snapshot import Snapshot
from weft.verifier.book import Book, Roster
from weft.verifier.census import Census, Mask
from weft.verifier.lines import Who
from weft.verifier.plane import Plane, planes
from weft.verifier.region import SOURCE, TARGET, Cells, Region, Told, layer
from weft.verifier.sweep import Leaf, Sweep

_POPULATION = ("ports", "groups", "networks", "subnets", "routers")
"""What decides who is alike. Where none of these changed, classes stay and are at most split further."""


def _alike(told: Told, end: int) -> tuple[Cells, Cells]:
    """The first of the classes that no entry tells apart at one end, and for each class its number there."""
    named = told.holds[np.unique(told.entries[end])]
    bits = np.packbits(named, axis=0).T.copy()
    _, first, alike = np.unique(
        bits.view(f"V{bits.shape[1]}").ravel(), return_index=True, return_inverse=True
    )
    return first, alike


PlaneKey = tuple[DomainId, int]


@dataclass(frozen=True)
class World:
    """Who is alike, and what the lines say of them, in every routing domain and IP version."""

    snapshot: Snapshot
    roster: Roster
    book: Book
    census: Census
    planes: Mapping[PlaneKey, Plane]

    @classmethod
    def of(cls, snapshot: Snapshot, roster: Roster | None = None) -> "World":
        """All of it; worlds that are to be compared share a `roster`."""
        roster = Roster() if roster is None else roster
        return cls._populated(snapshot, roster, Book.of(snapshot, roster))

    @classmethod
    def _populated(cls, snapshot: Snapshot, roster: Roster, book: Book) -> "World":
        census = Census(snapshot)
        return cls(snapshot, roster, book, census, planes(snapshot, census, book.named(roster)))

    def advanced(self, snapshot: Snapshot) -> "World":
        """The world of `snapshot`, with what it has in common with this one."""
        book = Book.of(snapshot, self.roster, self.book)
        if any(getattr(snapshot, kind) is not getattr(self.snapshot, kind) for kind in _POPULATION):
            return World._populated(snapshot, self.roster, book)
        whos = book.named(self.roster)
        known = {key: plane.knowing(snapshot, self.census, whos) for key, plane in self.planes.items()}
        return World(snapshot, self.roster, book, self.census, known)

    def knowing(self, whos: Iterable[Who]) -> "World":
        """This world, in classes as fine as `whos` tell stations apart."""
        wanted = list(whos)
        known = {key: plane.knowing(self.snapshot, self.census, wanted) for key, plane in self.planes.items()}
        return replace(self, planes=known)

    def holds(self, key: PlaneKey) -> Mask:
        """By number of the roster, the classes of a plane that are meant."""
        plane = self.planes[key]
        found = np.zeros((len(self.roster.whos), len(plane.size)), bool)
        for number, who in enumerate(self.roster.whos):
            if who in plane.holds:
                found[number] = plane.holds[who]
        return found

    def whole(self, key: PlaneKey) -> Region:
        """All pairs of a plane: a row for classes that are alike as sources, a column for those as targets.

        What is named as a target alone tells no sources apart, so there are fewer of both than of classes.
        """
        plane = self.planes[key]
        told = Told(1, self.book.entries, self.holds(key))
        rows, row_of = _alike(told, SOURCE)
        columns, column_of = _alike(told, TARGET)
        cells = (row_of[:, np.newaxis] * len(columns) + column_of).ravel()
        weights = np.bincount(cells, plane.weights.ravel(), len(rows) * len(columns)).astype(np.int64)
        return Region(plane.version, rows, columns, weights, (layer(plane.version, told, rows, columns),))


@dataclass(frozen=True, slots=True)
class Proof:
    """How many pairs may speak at all, and in how many parts all traffic was looked at."""

    pairs: int
    reachable: int
    leaves: int


def prove(world: World, key: PlaneKey, on_leaf: Callable[[Leaf], None] | None = None) -> Proof:
    """Go through every pair of stations of a plane and every header."""
    count = 0

    def seen(leaf: Leaf) -> None:
        nonlocal count
        count += 1
        if on_leaf is not None:
            on_leaf(leaf)

    whole = world.whole(key)
    reachable, _ = Sweep(whole, seen).run()
    return Proof(int(whole.weights.sum()), reachable, count)
