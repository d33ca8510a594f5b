"""What is still to be told to Weft, in Neutron's own database.

A line is written in the transaction that changes the object, so there is one exactly when something changed.
It names the object; what became of it is read when the line's turn comes, once for all its lines.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from neutron_lib.db import api as db_api

from weft.ml2.nouns import Noun
from weft.ml2.tables import JournalRow

_LONGEST = 1000
"""What is kept of the reason why an object could not be told, in characters."""


@dataclass(frozen=True, slots=True)
class Due:
    """An object that Weft may not know as it is, and the lines that say so."""

    noun: Noun
    object_id: str
    lines: tuple[int, ...]
    attempts: int = 0
    why: str = ""


def note(session: Any, noun: Noun, object_id: str) -> None:  # noqa: ANN401 - SQLAlchemy's, inside Neutron
    """Write a line in the transaction that `session` is in."""
    session.add(JournalRow(kind=noun.value, object_id=object_id))


def note_all(context: Any, objects: Iterable[tuple[Noun, str]]) -> None:  # noqa: ANN401 - Neutron's
    """Write lines in a transaction of their own."""
    with db_api.CONTEXT_WRITER.using(context):
        for noun, object_id in objects:
            note(context.session, noun, object_id)


def due(context: Any, limit: int) -> list[Due]:  # noqa: ANN401 - Neutron's
    """What is to be told, oldest first; what failed before comes last, so that it is in nobody's way."""
    with db_api.CONTEXT_READER.using(context):
        rows = (
            context.session.query(JournalRow).order_by(JournalRow.attempts, JournalRow.seq).limit(limit).all()
        )
        found: dict[tuple[str, str], list[Any]] = {}
        for row in rows:
            found.setdefault((row.kind, row.object_id), []).append(row)
        return [
            Due(
                Noun(kind),
                object_id,
                tuple(row.seq for row in lines),
                max(row.attempts for row in lines),
                next((row.why for row in lines if row.why), ""),
            )
            for (kind, object_id), lines in found.items()
        ]


def done(context: Any, lines: Collection[int]) -> None:  # noqa: ANN401 - Neutron's
    """Forget lines whose objects Weft knows now; later lines of the same objects stay."""
    with db_api.CONTEXT_WRITER.using(context):
        context.session.query(JournalRow).filter(JournalRow.seq.in_(lines)).delete(synchronize_session=False)


def failed(context: Any, lines: Collection[int], why: str) -> None:  # noqa: ANN401 - Neutron's
    """Keep lines for later, with the reason."""
    with db_api.CONTEXT_WRITER.using(context):
        context.session.query(JournalRow).filter(JournalRow.seq.in_(lines)).update(
            {JournalRow.attempts: JournalRow.attempts + 1, JournalRow.why: why[:_LONGEST]},
            synchronize_session=False,
        )
