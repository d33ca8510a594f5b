"""The model as it was, read back from the change log, which keeps every version of every object once.

A change holds the version that it ended and the one that it began, and knows since when the former was there.
So what an object was at a revision is what its first change after that ended; and what has no such change is
as it is now. Nothing is read but the versions that are asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from weft.model.errors import HistoryGone, NotFound
from weft.model.ids import Revision
from weft.model.snapshot import Snapshot
from weft.store import tables
from weft.store.change import Change, Declared, Kind, undone
from weft.store.codec import from_json
from weft.store.database import Store
from weft.store.engine import reading_consistently
from weft.store.kinds import TYPES, ObjectId, parse_id
from weft.store.rows import action_of, kept_from, to_change

_AT_ONCE = 500
_WITHOUT_VERSIONS: list[Any] = [
    sa.null().label(column.name) if column.name in ("before", "after") else column
    for column in tables.changes.c
]


@dataclass(frozen=True, slots=True)
class Moment:
    """A revision, and when and by whom it was made."""

    revision: Revision
    at: datetime
    author: str


def oldest(store: Store) -> Moment | None:
    """The oldest revision that can be read back; None while nothing was ever pruned and nothing is there."""
    with store.engine.begin() as connection:
        kept = kept_from(connection)
        found = tables.revisions.c.revision
        query = sa.select(tables.revisions).where(found >= kept).order_by(found).limit(1)
        return _moment(connection.execute(query).first())


def moment_of(store: Store, revision: Revision) -> Moment:
    """When a revision was made. Raises NotFound, HistoryGone."""
    with reading_consistently(store.engine) as connection:
        return _moment_of(connection, revision)


def moment_at(store: Store, at: datetime) -> Moment:
    """The newest revision that there was at a time. Raises NotFound before the first, HistoryGone."""
    table = tables.revisions
    query = sa.select(table).where(table.c.at <= at.isoformat()).order_by(table.c.revision.desc()).limit(1)
    with reading_consistently(store.engine) as connection:
        found = _moment(connection.execute(query).first())
        kept = kept_from(connection)
        if found is not None and found.revision >= kept:
            return found
        if kept:
            raise _gone(connection, f"what was at {at.isoformat()}", kept)
    raise NotFound("revision", f"at {at.isoformat()}", field="at")


def snapshot_at(store: Store, revision: Revision) -> Snapshot:
    """The model as it was at `revision`. Costs what changed since. Raises NotFound, HistoryGone."""
    newest, revised = store.snapshot(), store.revised()
    if revision == newest.revision:
        return newest
    log = tables.changes
    query = sa.select(log.c.kind, log.c.object_id, log.c.before).where(
        log.c.revision > revision, log.c.prior <= revision
    )
    with reading_consistently(store.engine) as connection:
        _moment_of(connection, revision)
        rows = connection.execute(query).all()
    contents: dict[str, dict[ObjectId, Declared]] = {
        kind.value: {
            key: item
            for key, item in getattr(newest, kind.value).items()
            if revised.get((kind, key), revision + 1) <= revision
        }
        for kind in Kind
    }
    for row in rows:
        kind = Kind(row.kind)
        contents[kind.value][parse_id(kind, row.object_id)] = from_json(TYPES[kind], row.before)
    kept = {name: _same(getattr(newest, name), items) for name, items in contents.items()}
    return Snapshot(revision=revision, **kept)  # type: ignore[arg-type]  # a kind's value is a field


def _same(now: object, then: dict[ObjectId, Declared]) -> object:
    """What did not change is the same object, so that those who compare see it at once."""
    return now if now == then else then


def around(store: Store, revision: Revision) -> tuple[Snapshot, Snapshot]:
    """The model before and at `revision`. Raises NotFound, HistoryGone."""
    require_kept(store, revision)
    after = snapshot_at(store, revision)
    return undone(
        after, [c for c in store.changes(Revision(revision - 1), 1) if c.revision == revision]
    ), after


def changes_between(store: Store, old: Snapshot, new: Snapshot) -> list[Change]:
    """What became of each object between two revisions, told as by the last change that touched it."""
    differing = [
        (kind, key, before.get(key), after.get(key))
        for kind in Kind
        for before, after in [(getattr(old, kind.value), getattr(new, kind.value))]
        if before is not after
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    ]
    earlier, later = sorted([old.revision, new.revision])
    last = _last_of(store, {str(key) for _, key, _, _ in differing}, earlier, later)
    found: list[Change] = []
    for kind, key, before, after in differing:
        told = last[kind, key]
        found.append(
            Change(
                revision=told.revision,
                seq=len(found),
                kind=kind,
                object_id=key,
                project_id=told.project_id,
                action=action_of(before, after),
                author=told.author,
                at=told.at,
                before=before,
                after=after,
            )
        )
    return found


def _last_of(
    store: Store, ids: set[str], after: Revision, until: Revision
) -> dict[tuple[Kind, ObjectId], Change]:
    """The last change of each object in a time, without what it changed."""
    log, heads = tables.changes, tables.revisions
    ordered = sorted(ids)
    found: dict[tuple[Kind, ObjectId], Change] = {}
    with store.engine.begin() as connection:
        for start in range(0, len(ordered), _AT_ONCE):
            few = sa.select(*_WITHOUT_VERSIONS, heads.c.at, heads.c.author).join(heads)
            query: sa.Select[Any] = few.where(
                log.c.object_id.in_(ordered[start : start + _AT_ONCE]),
                log.c.revision > after,
                log.c.revision <= until,
            )
            for row in connection.execute(query.order_by(log.c.revision)):
                change = to_change(row)
                found[change.kind, change.object_id] = change
    return found


def changes_back(
    store: Store, kinds: Sequence[Kind], ids: Sequence[str], until: Revision
) -> Iterator[list[Change]]:
    """Revision by revision, newest first, what changed objects of some kinds, or of some ids, up to `until`.

    As far back as everything is kept. They are read as they are asked for.
    """
    log, heads = tables.changes, tables.revisions
    wanted = sa.or_(log.c.kind.in_([kind.value for kind in kinds]), log.c.object_id.in_(ids))
    with reading_consistently(store.engine) as connection:
        since = kept_from(connection)
        query = sa.select(log.c.revision).distinct().where(wanted, log.c.revision.between(since + 1, until))
        revisions = sorted(connection.scalars(query), reverse=True)
    for revision in revisions:
        one = sa.select(log, heads.c.at, heads.c.author).join(heads).where(log.c.revision == revision, wanted)
        with store.engine.begin() as connection:
            yield [to_change(row) for row in connection.execute(one)]


def require_kept(store: Store, revision: Revision) -> None:
    """Refuse what is too old for all of it to be known. Raises HistoryGone."""
    with reading_consistently(store.engine) as connection:
        kept = kept_from(connection)
        if revision <= kept:
            raise _gone(connection, f"revision {revision}", kept)


def _moment_of(connection: sa.Connection, revision: Revision) -> Moment:
    kept = kept_from(connection)
    if 0 < revision < kept:
        raise _gone(connection, f"revision {revision}", kept)
    query = sa.select(tables.revisions).where(tables.revisions.c.revision == revision)
    found = _moment(connection.execute(query).first())
    if found is None:
        raise NotFound("revision", revision, field="revision")
    return found


def _moment(row: sa.Row[tuple[object, ...]] | None) -> Moment | None:
    if row is None:
        return None
    return Moment(Revision(row.revision), datetime.fromisoformat(row.at), row.author)


def _gone(connection: sa.Connection, what: str, kept: Revision) -> HistoryGone:
    query = sa.select(tables.revisions.c.at).where(tables.revisions.c.revision == kept)
    since = connection.scalar(query)
    return HistoryGone(
        f"{what} is not kept any more: the history goes back to revision {kept}"
        f"{f' of {since[:16]}Z' if since else ''}; the server's setting history_days says how far"
    )
