"""How far OVN and the hosts have come: kept beside the model, without revisions.

What is recorded of a host settles, in the same transaction, the revisions that have become enforced by it.
"""

from collections.abc import Mapping, MutableSet, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from weft.model.ids import HostName, Revision
from weft.store import cuts, tables
from weft.store.codec import from_json, to_json
from weft.store.cuts import Cut
from weft.store.database import Store
from weft.store.news import News
from weft.store.standing import Progress, Realised, Unparsed, standing

_OPEN_AT_ONCE = 200
_PROGRESS = [
    column for column in tables.host_status.c if column.name not in ("agent_version", "datapath", "details")
]
"""Details are long, and say nothing of how far a host is."""


def record_realised(
    store: Store, revision: Revision, nb_cfg: int, at: datetime, cut: Cut | None = None
) -> None:
    """Record that OVN's northbound database holds everything up to `revision`, and what is to be cut for it.

    Idempotent: the first record of a revision stays.
    """
    table = tables.realised
    news = {News.REALISED}
    with store.observing(news) as connection:
        if connection.scalar(sa.select(table.c.revision).where(table.c.revision >= revision)) is None:
            connection.execute(
                table.insert().values(revision=revision, nb_cfg=nb_cfg, applied_at=at.isoformat())
            )
            if cut is not None:
                cuts.write(connection, cut)
        _settle(connection, store, news)  # hosts may have been quicker than this record


def realised(store: Store, revision: Revision | None = None) -> Realised | None:
    """The first record that covers `revision` (None: the newest record), if there is one."""
    with store.engine.begin() as connection:
        return _realised(connection, revision)


def enforced(store: Store) -> Realised | None:
    """The newest record that became enforced, if there is one."""
    table = tables.realised
    query = sa.select(table).where(table.c.enforced_at.is_not(None)).order_by(table.c.revision.desc())
    with store.engine.begin() as connection:
        row = connection.execute(query.limit(1)).first()
    return None if row is None else _record(row)


def record_chassis(
    store: Store, seen: Mapping[HostName, tuple[int, datetime | None] | None], at: datetime
) -> None:
    """Record what each chassis has acknowledged and when by its clock; None: it is gone. All at once.

    Chassis of others are left out.
    """
    known = store.snapshot().hosts
    news = {News.REACHED}
    with store.observing(news) as connection:
        for host, acknowledged in seen.items():
            if host not in known:
                continue
            nb_cfg, own = (0, None) if acknowledged is None else acknowledged
            set_host(
                connection,
                host,
                {"nb_cfg": nb_cfg, "acknowledged_at": _text(own), "acknowledgement_seen_at": at.isoformat()},
            )
        _settle(connection, store, news)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a host needs to know that has told how far it is.

    `realised_nb_cfg` is the newest that is on record. While something is `pending` there is a revision
    that is not, so what must be ended for it is not known.
    """

    realised_nb_cfg: int
    pending: bool
    owes: bool


def confirm(store: Store, host: HostName, nb_cfg: int, unparsed: tuple[Unparsed, ...]) -> Told:
    """Record that the host's agent found its flows in at `nb_cfg`, and not understood what it names.

    Written, and so told to those who wait, only if it is news.
    """
    with store.engine.begin() as connection:
        known = _host(connection, host)
        if (known.checked, known.unparsed) == (nb_cfg, unparsed):
            return _told(connection, known)
    news = {News.REACHED}
    with store.observing(news) as connection:
        set_host(connection, host, {"checked": nb_cfg, "unparsed": to_json(unparsed)})
        _settle(connection, store, news)
        return _told(connection, known)


def _told(connection: sa.Connection, host: Progress) -> Told:
    """The newest revision is read, too: another server may have made it."""
    table = tables.realised
    newest = sa.select(table.c.revision, table.c.nb_cfg).order_by(table.c.revision.desc()).limit(1)
    record = connection.execute(newest).first()
    head = connection.scalar(sa.select(tables.head.c.revision)) or 0
    return Told(
        realised_nb_cfg=0 if record is None else record.nb_cfg,
        pending=(0 if record is None else record.revision) < head,
        owes=bool(cuts.owed_by(host.name, host.flushed, cuts.read(connection))),
    )


@dataclass(frozen=True, slots=True)
class Owed:
    """The cuts that a host still owes, and the revision that it may acknowledge after doing them.

    None while some host does not have all of the flows: what is ended now could come back through there.
    """

    cuts: tuple[Cut, ...]
    acknowledge: Revision | None


def owed(store: Store, host: HostName) -> Owed:
    """What `host` has to end."""
    with store.engine.begin() as connection:
        mine = cuts.owed_by(host, _host(connection, host).flushed, cuts.read(connection))
        if not mine:
            return Owed((), None)
        reached = {h.name: max(h.nb_cfg or 0, h.checked) for h in _plugged(connection, store)}
        acknowledge: Revision | None = None
        for cut in mine:
            record = _realised(connection, cut.revision)
            if record is None or any(reached.get(h, record.nb_cfg) < record.nb_cfg for h in cut.hosts):
                break
            acknowledge = cut.revision
    return Owed(tuple(mine), acknowledge)


def record_flushed(store: Store, host: HostName, revision: Revision, at: datetime) -> None:
    """Record that `host` ended what `revision` and those before it do not allow. Idempotent."""
    with store.engine.begin() as connection:
        if _host(connection, host).flushed >= revision:
            return
    news = {News.REACHED}
    with store.observing(news) as connection:
        set_host(connection, host, {"flushed": revision, "flushed_at": at.isoformat()})
        _settle(connection, store, news)


def plugged_hosts(store: Store) -> list[Progress]:
    """The hosts that have ports, and how far each has come."""
    with store.engine.begin() as connection:
        return _plugged(connection, store)


def open_cuts(store: Store) -> list[Cut]:
    """What has to be ended for revisions that are not enforced yet."""
    with store.engine.begin() as connection:
        return cuts.read(connection)


@dataclass(frozen=True, slots=True)
class Known:
    """What is on record of a revision, and what decides how far it is while it is not enforced."""

    record: Realised | None
    hosts: Sequence[Progress] = ()
    cuts: Sequence[Cut] = ()

    @property
    def is_ripe(self) -> bool:
        """Whether it is enforced, and that is not on record."""
        if self.record is None or self.record.enforced_at is not None:
            return False
        return standing(self.record, self.hosts, self.cuts).enforced_at is not None


def known_of(store: Store, revision: Revision) -> Known:
    """What is on record of `revision`, as of one moment; settled by now if it can be."""
    found = _known(store, revision)
    return _known(store, revision) if found.is_ripe and settle(store) else found


def _known(store: Store, revision: Revision) -> Known:
    with store.engine.begin() as connection:
        record = _realised(connection, revision)
        if record is not None and record.enforced_at is not None:
            return Known(record)
        return Known(record, _plugged(connection, store), cuts.read(connection))


def settle(store: Store) -> list[Realised]:
    """Write down which realised revisions have become enforced by now; those that have. Idempotent.

    What is written down stays: hosts that come and go later do not change a receipt. What is recorded here of
    hosts is settled with it; this is for what else makes a revision enforced: a host that lost its last port.
    """
    with store.engine.begin() as connection:
        if not _ripe(connection, store, _open_records())[0]:
            return []
    news: set[News] = set()
    with store.observing(news) as connection:
        return _settle(connection, store, news)


def _settle(connection: sa.Connection, store: Store, news: MutableSet[News]) -> list[Realised]:
    """As `settle`, inside a transaction of status, to whose `news` is added what follows.

    The records are locked, so that of two servers that hear of two hosts the later one sees both.
    """
    settled, failed = _ripe(connection, store, _open_records().with_for_update())
    if settled or failed:
        news.add(News.SETTLED)
    table = tables.realised
    for record in settled:
        key = (table.c.revision == record.revision) & table.c.enforced_at.is_(None)
        values = {"enforced_at": _text(record.enforced_at), "hosts": record.hosts}
        connection.execute(table.update().where(key).values(values))
    if settled:
        cuts.forget(connection, settled[-1].revision)
    return settled


def _open_records() -> sa.Select[tuple[object, ...]]:
    table = tables.realised
    return (
        sa.select(table).where(table.c.enforced_at.is_(None)).order_by(table.c.revision).limit(_OPEN_AT_ONCE)
    )


def _ripe(
    connection: sa.Connection, store: Store, open_records: sa.Select[tuple[object, ...]]
) -> tuple[list[Realised], bool]:
    """The records that have become enforced and do not say so yet, as they are to say it.

    And whether the first of the others failed: what fails a later one fails it, too.
    """
    waiting = [_record(row) for row in connection.execute(open_records)]
    if not waiting:
        return [], False
    hosts, owing = _plugged(connection, store), cuts.read(connection)
    ripe: list[Realised] = []
    for record in waiting:
        found = standing(record, hosts, owing)
        if found.enforced_at is None:  # nobody has a later one without this one
            return ripe, bool(found.failures)
        ripe.append(replace(record, enforced_at=found.enforced_at, hosts=len(hosts)))
    return ripe, False


def _plugged(connection: sa.Connection, store: Store) -> list[Progress]:
    found = {row.host: row for row in connection.execute(sa.select(*_PROGRESS))}
    return [
        Progress(name=name) if (row := found.get(name)) is None else _progress(row)
        for name in sorted(store.snapshot().plugged_hosts)
    ]


def _host(connection: sa.Connection, host: HostName) -> Progress:
    """How far a host is; one that was never heard of is nowhere."""
    row = connection.execute(sa.select(*_PROGRESS).where(tables.host_status.c.host == host)).first()
    return Progress(name=host) if row is None else _progress(row)


def set_host(connection: sa.Connection, host: HostName, values: Mapping[str, object]) -> None:
    """Change columns of a host's status, inside a transaction of status."""
    table = tables.host_status
    known = connection.execute(table.update().where(table.c.host == host).values(dict(values))).rowcount
    if not known:
        first: dict[str, object] = {"agent_version": "", "datapath": "", "nb_cfg": 0, "details": {}}
        connection.execute(table.insert().values({**first, **values, "host": host}))


def _realised(connection: sa.Connection, revision: Revision | None) -> Realised | None:
    table = tables.realised
    query = sa.select(table).order_by(table.c.revision.desc())
    if revision is not None:
        query = sa.select(table).where(table.c.revision >= revision).order_by(table.c.revision)
    row = connection.execute(query.limit(1)).first()
    return None if row is None else _record(row)


def _record(row: sa.Row[tuple[object, ...]]) -> Realised:
    return Realised(
        revision=Revision(row.revision),
        nb_cfg=row.nb_cfg,
        applied_at=datetime.fromisoformat(row.applied_at),
        enforced_at=_time(row.enforced_at),
        hosts=row.hosts,
    )


def _progress(row: sa.Row[tuple[object, ...]]) -> Progress:
    return Progress(
        name=HostName(row.host),
        nb_cfg=row.nb_cfg or None,
        acknowledged_at=_time(row.acknowledged_at),
        seen_at=_time(row.acknowledgement_seen_at),
        checked=row.checked,
        flushed=Revision(row.flushed),
        flushed_at=_time(row.flushed_at),
        unparsed=from_json(tuple[Unparsed, ...], row.unparsed),
        last_seen=_time(row.last_seen),
    )


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
