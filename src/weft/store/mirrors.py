"""Mirrors: objects that another system declares, with its ids and by its versions.

A mark says whose an object is, which version of it is held here, and at which revision it was taken over.
What has no mark of a source is never changed or removed in its name. The mark of an object that is gone stays
as a tombstone: ids do not come back, so a late message cannot bring it to life again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

import sqlalchemy as sa

from weft.model.errors import Conflict
from weft.model.ids import ProjectId, Revision
from weft.store import tables
from weft.store.change import Kind
from weft.store.database import Store
from weft.store.kinds import NOUNS
from weft.store.transaction import Transaction

NOT_YET = Revision(0)

_SHORT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """That `source` declares an object: its `version` there, and the `digest` of its state there."""

    source: str
    kind: Kind
    object_id: UUID
    version: int
    digest: str
    revision: Revision = NOT_YET
    gone: bool = False


def find(tx: Transaction, source: str, kind: Kind, object_id: UUID) -> Mark | None:
    """The mark of an object, or its tombstone. Raises Conflict for one that is there and not the source's."""
    table = tables.mirrored
    row = tx.connection.execute(
        sa.select(table).where(
            table.c.source == source, table.c.kind == kind.value, table.c.object_id == str(object_id)
        )
    ).one_or_none()
    known = None if row is None else _mark(row)
    if (known is None or known.gone) and object_id in getattr(tx.snapshot, kind.value):
        raise Conflict(
            f"{NOUNS[kind]} {object_id} is not one of {source}'s: it was declared here, or by another "
            "system; remove it, or leave it out there"
        )
    return known


def keep(tx: Transaction, mark: Mark) -> Mark:
    """Write the mark of an object that this transaction has brought to the state that `mark` tells of."""
    objects, before = (getattr(model, mark.kind.value) for model in (tx.snapshot, tx.base))
    touched = objects.get(mark.object_id) != before.get(mark.object_id)
    kept = replace(mark, revision=Revision(tx.revision + 1) if touched else tx.revision)
    _write(tx, kept, gone_at=None)
    return kept


def bury(tx: Transaction, mark: Mark) -> None:
    """Write the tombstone of an object that is gone."""
    _write(tx, mark, gone_at=tx.now.isoformat())


def marks(
    store: Store, source: str, *, kind: Kind | None, after: tuple[str, str] | None, limit: int
) -> list[Mark]:
    """The marks of a source, ordered by kind and id, of those after one; tombstones are left out."""
    table = tables.mirrored
    query = sa.select(table).where(table.c.source == source, table.c.gone_at.is_(None))
    if kind is not None:
        query = query.where(table.c.kind == kind.value)
    if after is not None:
        query = query.where(sa.tuple_(table.c.kind, table.c.object_id) > sa.tuple_(*map(sa.literal, after)))
    with store.engine.begin() as connection:
        found = connection.execute(query.order_by(table.c.kind, table.c.object_id).limit(limit)).all()
    return [_mark(row) for row in found]


def name_for(tx: Transaction, kind: Kind, project: ProjectId | None, object_id: UUID, wanted: str) -> str:
    """`wanted`, and the beginning of the id where another has that name: elsewhere names may repeat."""
    holder = tx.index.names.get((kind, project, wanted))
    if holder in (None, object_id):
        return wanted
    return f"{wanted}-{object_id.hex[:_SHORT]}"


def _write(tx: Transaction, mark: Mark, *, gone_at: str | None) -> None:
    table = tables.mirrored
    key: Iterable[sa.ColumnElement[bool]] = (
        table.c.source == mark.source,
        table.c.kind == mark.kind.value,
        table.c.object_id == str(mark.object_id),
    )
    tx.connection.execute(table.delete().where(*key))
    tx.connection.execute(
        table.insert().values(
            source=mark.source,
            kind=mark.kind.value,
            object_id=str(mark.object_id),
            version=mark.version,
            digest=mark.digest,
            revision=mark.revision,
            gone_at=gone_at,
        )
    )


def _mark(row: sa.Row[tuple[object, ...]]) -> Mark:
    return Mark(
        source=row.source,
        kind=Kind(row.kind),
        object_id=UUID(row.object_id),
        version=row.version,
        digest=row.digest,
        revision=Revision(row.revision),
        gone=row.gone_at is not None,
    )
