"""Some sources, some destinations, and the entries that are about any pair of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.verifier.book import COLUMNS, Column
from weft.verifier.census import Mask
from weft.verifier.plane import Numbers

Cells = npt.NDArray[np.intp]

(LINE, VERSION, INGRESS, SOURCE, TARGET, PROTOCOL, FIRST, LAST, LOW, HIGH, ALLOW) = range(len(COLUMNS))


@dataclass(frozen=True)
class Told:
    """The entries of one book, and by number of the roster the classes that are meant.

    `sign` is what a pair that may speak counts for.
    """

    sign: int
    entries: Column
    holds: Mask


@dataclass(frozen=True)
class Layer:
    """What one reading says of a region. `line` is renumbered without gaps; `allows` is by line, and what no
    line is about is dropped. `numbers` are the lines' numbers in the book.
    """

    sign: int
    entries: Column
    allows: Mask
    numbers: Column
    sources: Mask
    targets: Mask


@dataclass(frozen=True)
class Region:
    """Classes `rows` as sources, `columns` as destinations; a cell for each two of them, row after row.

    `scope` are the rows of entries to whose traffic the question is limited; None is all traffic.
    """

    version: int
    rows: Cells
    columns: Cells
    weights: Numbers
    layers: tuple[Layer, ...]
    scope: Column | None = None


def region(
    version: int,
    weights: Numbers,
    books: Sequence[Told],
    rows: Cells,
    columns: Cells,
    scope: Column | None = None,
) -> Region:
    """The region of all traffic, or of the `scope`, from the classes `rows` to the classes `columns`."""
    return Region(
        version=version,
        rows=rows,
        columns=columns,
        weights=weights[np.ix_(rows, columns)].ravel(),
        layers=tuple(layer(version, told, rows, columns, scope) for told in books),
        scope=scope,
    )


def layer(version: int, told: Told, rows: Cells, columns: Cells, scope: Column | None = None) -> Layer:
    """What one book says of the pairs of `rows` with `columns`."""
    sources, targets = told.holds[:, rows], told.holds[:, columns]
    entries = told.entries
    kept = (entries[VERSION] == 0) | (entries[VERSION] == version)
    kept &= anyone(sources)[entries[SOURCE]] & anyone(targets)[entries[TARGET]]
    if scope is not None:
        kept &= _meets(entries, scope)
    entries = entries[:, kept]
    lines, renumbered = np.unique(entries[LINE], return_inverse=True)
    allows = np.zeros(len(lines) + 1, bool)
    allows[renumbered] = entries[ALLOW]
    entries = np.concatenate([renumbered.astype(np.int32)[np.newaxis], entries[1:]])
    return Layer(told.sign, entries, allows, lines, sources, targets)


def anyone(masks: Mask) -> Mask:
    """Which rows of `masks` hold anywhere."""
    found: Mask = np.logical_or.reduce(masks, axis=1)
    return found


def everyone(masks: Mask) -> Mask:
    """Which rows of `masks` hold everywhere."""
    found: Mask = np.logical_and.reduce(masks, axis=1)
    return found


def _meets(entries: Column, scope: Column) -> Mask:
    """The entries that are about any of the traffic of `scope`."""
    found = np.zeros(entries.shape[1], bool)
    for protocol in set(scope[PROTOCOL].tolist()):
        mine = scope[:, scope[PROTOCOL] == protocol]
        alike = (
            np.ones_like(found) if protocol < 0 else (entries[PROTOCOL] < 0) | (entries[PROTOCOL] == protocol)
        )
        inside = (entries[FIRST] <= mine[LAST].max()) & (entries[LAST] >= mine[FIRST].min())
        found |= alike & (inside | (entries[PROTOCOL] < 0))
    return found
