"""Old versions are forgotten in small steps, so that no writer waits for long.

Kept are, of every object that is still there, the newest version and the changes that provenance tells of: of
a policy those that made a rule what it says, of a network those that set a default. A step is one transaction
that also says how far back everything is known. So a reader never sees half of it, and a server that is
killed goes on where it was.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta

import sqlalchemy as sa

from weft.model.ids import Revision
from weft.store import tables
from weft.store.change import Change, ChangeAction, Kind
from weft.store.database import Store
from weft.store.provenance import made_by
from weft.store.rows import kept_from, to_change

_AT_ONCE = 200
_PAUSE_S = 0.2
_INTERVAL_S = 3600.0

_TOLD_OF = (Kind.POLICIES, Kind.NETWORKS)
"""Of these, older changes may be what made the newest version what it is."""


def prune(store: Store, kept: timedelta, *, most: int = _AT_ONCE) -> bool:
    """Forget what is older than `kept`, in one step of about `most` changes; whether there is more to do.

    The newest revision is never forgotten, and nothing that is not yet realised.
    """
    before = (store.now() - kept).isoformat()
    with store.aside() as connection:
        start = kept_from(connection)
        until = _until(connection, start, before, most)
        if until <= start:
            return False
        connection.execute(tables.head.update().values(kept_from=until))
        touched = {start, *_revisions(connection, start, until)}
        for kind, object_id in _objects(connection, start, until):
            touched |= _forget(connection, kind, object_id, until)
        _forget_revisions(connection, touched - {until})
        return True


def _until(connection: sa.Connection, start: Revision, before: str, most: int) -> Revision:
    """How far one step goes: whole revisions, of `most` changes or of one revision that has more."""
    heads, log = tables.revisions.c, tables.changes.c
    realised = connection.scalar(sa.select(sa.func.max(tables.realised.c.revision))) or 0
    newest = connection.scalar(sa.select(tables.head.c.revision)) or 0
    last = connection.scalar(
        sa.select(sa.func.max(heads.revision)).where(
            heads.at < before, heads.revision <= realised, heads.revision < newest
        )
    )
    page = connection.scalar(
        sa.select(log.revision)
        .where(log.revision > start)
        .order_by(log.revision, log.seq)
        .limit(1)
        .offset(most - 1)
    )
    return Revision(min(last or 0, page or newest))


def _revisions(connection: sa.Connection, start: Revision, until: Revision) -> Iterable[Revision]:
    found = tables.revisions.c.revision
    return connection.scalars(sa.select(found).where(found > start, found <= until)).all()


def _objects(connection: sa.Connection, start: Revision, until: Revision) -> list[tuple[Kind, str]]:
    """Whose versions ended in that time."""
    log = tables.changes.c
    query = (
        sa.select(log.kind, log.object_id)
        .distinct()
        .where(log.revision > start, log.revision <= until, log.action != ChangeAction.CREATE.value)
    )
    return [(Kind(row.kind), row.object_id) for row in connection.execute(query)]


def _forget(connection: sa.Connection, kind: Kind, object_id: str, until: Revision) -> set[Revision]:
    """Forget the versions of one object that nothing needs; the revisions in which they were."""
    log = tables.changes.c
    mine = [log.kind == kind.value, log.object_id == object_id, log.revision <= until]
    rows = connection.execute(
        sa.select(log.revision, log.action).where(*mine).order_by(log.revision.desc())
    ).all()
    needed: set[int] = set()
    if rows[0].action != ChangeAction.REMOVE.value:
        needed.add(rows[0].revision)
        if kind in _TOLD_OF and len(rows) > 1:
            needed |= set(_origins(connection, mine))
    gone = {Revision(row.revision) for row in rows} - needed
    if gone:
        connection.execute(tables.changes.delete().where(*mine, log.revision.in_(gone)))
    return gone


def _origins(connection: sa.Connection, mine: list[sa.ColumnElement[bool]]) -> Iterator[Revision]:
    """The changes that made the newest version what it is."""
    log, heads = tables.changes, tables.revisions
    query = sa.select(log, heads.c.at, heads.c.author).join(heads).where(*mine)
    changes: list[Change] = [
        to_change(row) for row in connection.execute(query.order_by(log.c.revision.desc()))
    ]
    open_still = set(made_by(changes[0].after))
    for change in changes:
        before, after = made_by(change.before), made_by(change.after)
        made = {part for part in open_still if before.get(part) != after.get(part)}
        if made:
            yield change.revision
        open_still -= made


def _forget_revisions(connection: sa.Connection, some: set[Revision]) -> None:
    """Those of which no change is left."""
    heads, log = tables.revisions, tables.changes
    ordered = sorted(some)
    for start in range(0, len(ordered), _AT_ONCE):
        few = ordered[start : start + _AT_ONCE]
        left = sa.select(log.c.revision).where(log.c.revision == heads.c.revision).exists()
        connection.execute(heads.delete().where(heads.c.revision.in_(few), ~left))


class Retention:
    """A thread that prunes, once an hour, in steps with pauses between them."""

    def __init__(self, store: Store, kept: timedelta) -> None:
        """Nothing is pruned before `start`."""
        self._store = store
        self._kept = kept
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step that is under way; returns when the thread has ended."""
        self._stopping.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            more = False
            with suppress(sa.exc.OperationalError):  # the database is away: the next turn tries again
                more = prune(self._store, self._kept)
            self._stopping.wait(_PAUSE_S if more else _INTERVAL_S)
