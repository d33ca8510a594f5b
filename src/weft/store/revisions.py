"""Revisions, newest first: who made each, when, and the first of what it changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from weft.model.ids import ProjectId, Revision
from weft.store import tables
from weft.store.change import Change, Kind
from weft.store.database import Store
from weft.store.engine import reading_consistently
from weft.store.history import Moment
from weft.store.rows import kept_from, to_change

FIRST = 10
"""So many changes of a revision are told; a bulk request makes thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which changes: by `author`, of objects of a kind or of a project, of one object. None is any."""

    author: str | None = None
    kind: Kind | None = None
    object_id: str | None = None
    project_id: ProjectId | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A revision with the first of its changes that are wanted, of `count`."""

    moment: Moment
    changes: Sequence[Change]
    count: int


def revisions_before(store: Store, before: Revision, limit: int, wanted: Wanted) -> list[Made]:
    """The newest `limit` revisions below `before` that have a wanted change; only what is kept."""
    log, heads = tables.changes, tables.revisions
    clauses = list(_clauses(wanted))
    with reading_consistently(store.engine) as connection:
        page = (
            sa.select(log.c.revision)
            .distinct()
            .select_from(log.join(heads))
            .where(log.c.revision > kept_from(connection), log.c.revision < before, *clauses)
            .order_by(log.c.revision.desc())
            .limit(limit)
        )
        revisions = list(connection.scalars(page))
        within: Any = {"partition_by": log.c.revision}
        numbered = (
            sa.select(
                log.c.revision,
                log.c.seq,
                sa.func.row_number().over(**within, order_by=log.c.seq).label("place"),
                sa.func.count().over(**within).label("of"),
            )
            .select_from(log.join(heads))
            .where(log.c.revision.in_(revisions), *clauses)
            .subquery()
        )
        same = sa.and_(log.c.revision == numbered.c.revision, log.c.seq == numbered.c.seq)
        query = (
            sa.select(log, heads.c.at, heads.c.author, numbered.c.of)
            .select_from(log.join(heads).join(numbered, same))
            .where(numbered.c.place <= FIRST)
            .order_by(log.c.revision.desc(), log.c.seq)
        )
        rows = connection.execute(query).all()
    return [_made(list(each)) for _, each in groupby(rows, key=lambda row: row.revision)]


def _clauses(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    log = tables.changes.c
    if wanted.author is not None:
        yield tables.revisions.c.author == wanted.author
    if wanted.kind is not None:
        yield log.kind == wanted.kind.value
    if wanted.object_id is not None:
        yield log.object_id == wanted.object_id
    if wanted.project_id is not None:
        yield log.project_id == str(wanted.project_id)


def _made(rows: list[sa.Row[Any]]) -> Made:
    first = rows[0]
    moment = Moment(Revision(first.revision), datetime.fromisoformat(first.at), first.author)
    return Made(moment, [to_change(row) for row in rows], first.of)
