"""What a change opens and closes: every pair and every header of two worlds, where they can differ at all."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from weft.model.ids import ProjectId
from weft.verifier.book import COLUMNS, Book, Chapter, Column
from weft.verifier.census import Mask
from weft.verifier.comparison import Comparison, Question
from weft.verifier.joint import NOWHERE, Joint, joints
from weft.verifier.lines import OfProject
from weft.verifier.region import SOURCE, TARGET, anyone
from weft.verifier.shift import Difference, Shift
from weft.verifier.world import World


def difference(old: World, new: World, among: ProjectId | None = None) -> Difference:
    """What may be sent in `new` and not in `old`, and the other way round. The worlds share a roster.

    `among` asks about the pairs of one project's ports only.
    """
    if among is not None:
        old, new = (world.knowing([OfProject(among)]) for world in (old, new))
    scope = changed_entries(old.book, new.book)
    opened: Counter[int] = Counter()
    closed: Counter[int] = Counter()
    shifts: list[Shift] = []
    left_out = 0
    for joint in joints(old, new):
        found = Comparison(old.book, new.book, joint)
        for question in _questions(joint, scope, _inside(joint, among)):
            more, fewer = found.compare(question)
            opened[joint.version] += more
            closed[joint.version] += fewer
        shifts += found.shifts()
        left_out += found.left_out
    shifts.sort(key=lambda shift: (shift.opens, -shift.pairs, shift.version))
    return Difference(opened=+opened, closed=+closed, shifts=tuple(shifts), left_out=left_out)


def changed_entries(old: Book, new: Book) -> Column:
    """The entries of all lines that only one of the books has, or has elsewhere."""
    found: list[Column] = [np.empty((len(COLUMNS), 0), np.int32)]
    for place in {**old.chapters, **new.chapters}:
        before, after = old.chapters.get(place), new.chapters.get(place)
        if before is after:
            continue
        start, end = _alike(before, after)
        for chapter in (before, after):
            if chapter is not None:
                line = chapter.entries[0]
                found.append(chapter.entries[:, (line >= start) & (line < len(chapter.lines) - end)])
    return np.concatenate(found, axis=1)


def _alike(before: Chapter | None, after: Chapter | None) -> tuple[int, int]:
    """How many lines two chapters have in common at their beginning, and at their end."""
    if before is None or after is None:
        return 0, 0
    one, other = before.meanings, after.meanings
    most = min(len(one), len(other))
    start = next((n for n in range(most) if one[n] != other[n]), most)
    end = next((n for n in range(most - start) if one[-1 - n] != other[-1 - n]), most - start)
    return start, end


def _inside(joint: Joint, among: ProjectId | None) -> Mask:
    """The classes of a project's stations: the worlds know it, so no class has others beside them."""
    found = np.full(len(joint.changed), among is None)
    if among is not None:
        found[joint.class_of[[port.project_id == among for port in joint.ports]]] = True
    return found


def _questions(joint: Joint, scope: Column, inside: Mask) -> Iterator[Question]:
    """Where anything can differ, no pair twice: by the routing domains of both ends, before and after."""
    parts, part_of = np.unique(np.stack([joint.old.domains, joint.new.domains]), axis=1, return_inverse=True)
    for one, (old_one, new_one) in enumerate(parts.T.tolist()):
        for other, (old_other, new_other) in enumerate(parts.T.tolist()):
            before, after = (old_one == old_other != NOWHERE), (new_one == new_other != NOWHERE)
            rows, columns = inside & (part_of == one), inside & (part_of == other)
            if before and after:
                yield from _between(joint, rows, columns, scope)
            elif before or after:
                yield Question(np.flatnonzero(rows), np.flatnonzero(columns), before, after)


def _between(joint: Joint, rows: Mask, columns: Mask, scope: Column) -> Iterator[Question]:
    """Classes that changed, with everybody; between the others, what the changed lines are about."""
    moved = np.flatnonzero(rows & joint.changed)
    rows, kept = rows & ~joint.changed, columns & ~joint.changed
    yield Question(moved, np.flatnonzero(columns), before=True, after=True)
    yield Question(np.flatnonzero(rows), np.flatnonzero(columns & joint.changed), before=True, after=True)
    holds = joint.old.holds if joint.old is joint.new else joint.old.holds | joint.new.holds
    sources, targets = holds[scope[SOURCE]] & rows, holds[scope[TARGET]] & kept
    concerned = anyone(sources) & anyone(targets)
    if concerned.any():
        yield Question(
            np.flatnonzero(np.logical_or.reduce(sources[concerned])),
            np.flatnonzero(np.logical_or.reduce(targets[concerned])),
            before=True,
            after=True,
            scope=scope[:, concerned],
        )
