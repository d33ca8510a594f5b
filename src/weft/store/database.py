"""The store: the only writer of the model, and where its history is kept."""

import threading
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from uuid import UUID

import sqlalchemy as sa

from weft.model.errors import Conflict
from weft.model.ids import ProjectId, Revision
from weft.model.network import Project
from weft.model.snapshot import Snapshot
from weft.store import rows, tables
from weft.store.change import Change, Kind
from weft.store.engine import connect, migrate, reading_consistently, writing
from weft.store.index import Index
from weft.store.kinds import ObjectId, parse_id
from weft.store.limits import Limits
from weft.store.news import News
from weft.store.transaction import Transaction

_REMEMBERED = 20_000
_OTHER_SERVERS_S = 1.0
_STATUS = frozenset({News.STATUS})


class Store:
    """The model in memory, kept in SQLite or PostgreSQL. May be used from any thread."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        limits: Limits,
    ) -> None:
        """Use `Store.open`."""
        self.limits = limits
        self.now = now
        self.engine = engine
        self._new_id = new_id
        self._writer = threading.Lock()
        self._news = threading.Condition()
        self._closed = False
        self._told: Counter[News] = Counter()
        self._recent: list[Change] = []
        self._revised: dict[tuple[Kind, ObjectId], Revision] = {}
        self._index = Index()
        self._snapshot = Snapshot()

    @classmethod
    def open(
        cls,
        url: str,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        limits: Limits | None = None,
    ) -> "Store":
        """Open the database at `url`, bring its schema up to date and read the model.

        The first time, the model gets the project `default`.
        """
        engine = connect(url)
        store = cls(engine, now=now, new_id=new_id, limits=limits or Limits())
        try:
            store.migrate()
            store._load()
            if store.revision == 0:
                with store.write("weft") as tx:
                    if not tx.snapshot.projects:
                        tx.put(Project(id=ProjectId(tx.new_id()), name="default"))
        except BaseException:
            engine.dispose()
            raise
        return store

    def migrate(self) -> None:
        """Bring the schema to the newest version. Idempotent; one server at a time does it."""
        migrate(self.engine)

    def close(self) -> None:
        """Let go of the database. Those who wait are woken."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        with self._writer:
            self.engine.dispose()

    def snapshot(self) -> Snapshot:
        """The model at the newest revision known here."""
        return self._snapshot

    @property
    def revision(self) -> Revision:
        """The newest revision known here."""
        return self._snapshot.revision

    @property
    def status_count(self) -> int:
        """Grows with every status recorded here."""
        return self._told.total()

    def heard(self, kinds: Collection[News]) -> int:
        """Grows with every status of these kinds that is recorded here."""
        return sum(self._told[kind] for kind in kinds)

    def _load(self) -> None:
        with reading_consistently(self.engine) as connection:
            self._read(connection)

    def _read(self, connection: sa.Connection) -> None:
        """Everything anew."""
        revision = Revision(connection.scalar(sa.select(tables.head.c.revision)) or 0)
        found = rows.read_all(connection)
        self._snapshot = Snapshot(
            revision=revision,
            **{  # type: ignore[arg-type]
                kind.value: {key: item for key, (item, _) in items.items()} for kind, items in found.items()
            },
        )
        self._index = Index(item for items in found.values() for item, _ in items.values())
        self._revised = {
            (kind, key): touched for kind, items in found.items() for key, (_, touched) in items.items()
        }

    @contextmanager
    def write(self, author: str) -> Iterator[Transaction]:
        """A transaction: one writer at a time, all or nothing, one revision if anything changed."""
        with self._writer:
            with writing(self.engine) as connection:
                self._catch_up(connection)
                tx = self._begin(connection, author)
                try:
                    yield tx
                    snapshot, changes = tx.result(Revision(self.revision + 1))
                    if changes:
                        _record(connection, changes, self._revised)
                    for statement in tx.later:
                        connection.execute(statement)
                    connection.commit()
                except sa.exc.IntegrityError as refused:
                    tx.take_back()
                    raise Conflict(
                        "another server changed the same object at the same time; nothing was "
                        "changed here, ask again"
                    ) from refused
                except BaseException:
                    tx.take_back()
                    raise
            if changes:
                tx.revision = snapshot.revision
                self._advance(snapshot, changes)

    def _begin(self, connection: sa.Connection, author: str) -> Transaction:
        return Transaction(
            connection,
            self._snapshot,
            self._index,
            now=self.now(),
            new_id=self._new_id,
            limits=self.limits,
            author=author,
        )

    def rehearse(
        self, author: str, declare: Callable[[Transaction], None]
    ) -> tuple[Snapshot, Snapshot, list[Change]]:
        """What `declare` would do: the model before and after it, and its changes. Nothing is kept."""
        with self._writer, writing(self.engine) as connection:
            self._catch_up(connection)
            tx = self._begin(connection, author)
            try:
                declare(tx)
                after, changes = tx.result(Revision(self.revision + 1))
            finally:
                tx.take_back()
            return self._snapshot, after, changes

    @contextmanager
    def aside(self, *, durable: bool = True) -> Iterator[sa.Connection]:
        """A transaction beside the model: no revision, and nobody is woken."""
        with self._writer, writing(self.engine, durable=durable) as connection:
            yield connection
            connection.commit()

    @contextmanager
    def observing(self, news: Set[News] = _STATUS) -> Iterator[sa.Connection]:
        """A transaction for status: no revision, but those who wait for such `news` are woken.

        `news` may grow in the block. Its commit waits for no disk: after a power cut, what was observed last
        is observed again.
        """
        with self.aside(durable=False) as connection:
            yield connection
        with self._news:
            self._told.update(news)
            self._news.notify_all()

    def catch_up(self) -> Revision:
        """Take in what other servers committed; the newest revision. Idempotent."""
        with self._writer, self.engine.begin() as connection:
            self._catch_up(connection)
        return self.revision

    def _catch_up(self, connection: sa.Connection) -> None:
        newest = connection.scalar(sa.select(tables.head.c.revision).with_for_update())
        if newest is None or newest <= self.revision:
            return
        if rows.kept_from(connection) > self.revision:
            self._read(connection)
            with self._news:
                self._recent = []
                self._news.notify_all()
            return
        changes = rows.read_changes(connection, self.revision, None)
        merged = {kind: dict(getattr(self._snapshot, kind.value)) for kind in Kind}
        for _, together in groupby(changes, key=lambda change: change.revision):
            self._index.follow(list(together))
        for change in changes:
            merged[change.kind].pop(change.object_id, None)
            if change.after is not None:
                merged[change.kind][change.object_id] = change.after
        contents = {kind.value: items for kind, items in merged.items()}
        self._advance(replace(self._snapshot, revision=Revision(newest), **contents), changes)

    def _advance(self, snapshot: Snapshot, changes: list[Change]) -> None:
        for change in changes:
            self._revised[change.kind, change.object_id] = change.revision
            if change.after is None:
                del self._revised[change.kind, change.object_id]
        with self._news:
            self._recent = [*self._recent[-_REMEMBERED:], *changes]
            self._snapshot = snapshot
            self._news.notify_all()

    def wait_beyond(self, revision: Revision, timeout_s: float) -> Revision:
        """Wait for a revision after `revision`; the newest one, which is it after the timeout."""
        self._wait(lambda: self.revision > revision, timeout_s)
        return self.revision

    def wait_for_news(self, revision: Revision, status_count: int, timeout_s: float) -> tuple[Revision, int]:
        """As `wait_beyond`, and also woken by status; the newest revision and status count."""
        self._wait(lambda: self.revision > revision or self.status_count > status_count, timeout_s)
        return self.revision, self.status_count

    def wait_to_hear(self, kinds: Collection[News], heard: int, timeout_s: float) -> None:
        """Wait for status of these kinds beyond the `heard` of them; at most `timeout_s`."""
        self._wait(lambda: self.heard(kinds) > heard, timeout_s)

    def is_closed(self) -> bool:
        """Whether `close` was called: nothing is worth waiting for any more."""
        return self._closed

    def _wait(self, arrived: Callable[[], bool], timeout_s: float) -> None:
        """Other servers do not wake us: with PostgreSQL their revisions are asked for."""
        deadline = time.monotonic() + timeout_s
        alone = self.engine.dialect.name == "sqlite"
        while not self.is_closed() and not arrived():
            left = deadline - time.monotonic()
            if left <= 0:
                return
            with self._news:
                self._news.wait_for(
                    lambda: self._closed or arrived(),
                    left if alone else min(left, _OTHER_SERVERS_S),
                )
            if not alone and not self.is_closed() and not arrived():
                self.catch_up()

    def changes(self, since: Revision, limit: int = 1000) -> list[Change]:
        """The changes after `since`, oldest first: whole revisions, until `limit` is reached.

        None of those from which on not everything is kept any more.
        """
        recent = self._recent
        if since >= self.revision:
            return []
        if recent and recent[0].seq == 0 and recent[0].revision <= since + 1:
            start = bisect_right(recent, since, key=lambda change: change.revision)
            reach = recent[min(start + max(limit, 1), len(recent)) - 1].revision
            return recent[start : bisect_right(recent, reach, key=lambda change: change.revision)]
        with self.engine.begin() as connection:
            return rows.read_changes(connection, since, limit)

    def committed_at(self, revision: Revision) -> datetime | None:
        """When `revision` was committed, or None if there is no such revision."""
        recent = self._recent
        place = bisect_left(recent, revision, key=lambda change: change.revision)
        if place < len(recent) and recent[place].revision == revision:
            return recent[place].at
        table = tables.revisions
        with self.engine.begin() as connection:
            at = connection.scalar(sa.select(table.c.at).where(table.c.revision == revision))
        return None if at is None else datetime.fromisoformat(at)

    def revised(self) -> Mapping[tuple[Kind, ObjectId], Revision]:
        """The last revision that touched each object; never older than the snapshot asked for before."""
        return dict(self._revised)

    def revised_at(self, kind: Kind | str, object_id: UUID | str) -> Revision | None:
        """The last revision that touched an object (a project's UUID, a host's name)."""
        kind = Kind(kind)
        return self._revised.get((kind, parse_id(kind, str(object_id))))


def _record(
    connection: sa.Connection, changes: list[Change], revised: Mapping[tuple[Kind, ObjectId], Revision]
) -> None:
    first = changes[0]
    connection.execute(
        tables.revisions.insert().values(
            revision=first.revision, at=first.at.isoformat(), author=first.author
        )
    )
    rows.write_changes(connection, changes, revised)
    connection.execute(tables.head.update().values(revision=first.revision))
