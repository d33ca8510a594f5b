"""How far OVN and the hosts have come: kept beside the model, without revisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from weft.model.ids import HostName, Revision
from weft.store import cuts, tables
from weft.store.codec import from_json, to_json
from weft.store.cuts import Cut
from weft.store.database import Store
from weft.store.standing import NOTHING_FLUSHED, Progress, Realised, Unparsed, standing

_OPEN_AT_ONCE = 200


def record_realised(
    store: Store, revision: Revision, nb_cfg: int, at: datetime, cut: Cut | None = None
) -> None:
    """Record that OVN's northbound database holds everything up to `revision`, and what is to be cut for it.

    Idempotent: the first record of a revision stays.
    """
    table = tables.realised
    with store.observing() as connection:
        if connection.scalar(sa.select(table.c.revision).where(table.c.revision >= revision)) is None:
            connection.execute(
                table.insert().values(revision=revision, nb_cfg=nb_cfg, applied_at=at.isoformat())
            )
            if cut is not None:
                cuts.write(connection, cut)
    settle(store)  # hosts may have been quicker than this record


def realised(store: Store, revision: Revision | None = None) -> Realised | None:
    """The first record that covers `revision` (None: the newest record), if there is one."""
    table = tables.realised
    query = sa.select(table).order_by(table.c.revision.desc())
    if revision is not None:
        query = sa.select(table).where(table.c.revision >= revision).order_by(table.c.revision)
    with store.engine.begin() as connection:
        row = connection.execute(query.limit(1)).first()
    return None if row is None else _realised(row)


def enforced(store: Store) -> Realised | None:
    """The newest record that became enforced, if there is one."""
    table = tables.realised
    query = sa.select(table).where(table.c.enforced_at.is_not(None)).order_by(table.c.revision.desc())
    with store.engine.begin() as connection:
        row = connection.execute(query.limit(1)).first()
    return None if row is None else _realised(row)


def record_chassis(
    store: Store, seen: Mapping[HostName, tuple[int, datetime | None] | None], at: datetime
) -> None:
    """Record what each chassis has acknowledged and when by its clock; None: it is gone. All at once.

    Chassis of others are left out.
    """
    known = store.snapshot().hosts
    with store.observing() as connection:
        for host, acknowledged in seen.items():
            if host not in known:
                continue
            nb_cfg, own = (0, None) if acknowledged is None else acknowledged
            set_host(
                connection,
                host,
                {"nb_cfg": nb_cfg, "acknowledged_at": _text(own), "acknowledgement_seen_at": at.isoformat()},
            )


def confirm(store: Store, host: HostName, nb_cfg: int, unparsed: tuple[Unparsed, ...]) -> None:
    """Record that the host's agent found its flows in at `nb_cfg`, and not understood what it names.

    Written, and so told to those who wait, only if it is news.
    """
    values: dict[str, object] = {"checked": nb_cfg, "unparsed": to_json(unparsed)}
    known = _host(store, host)
    if known is not None and (known.checked, known.unparsed) == (nb_cfg, unparsed):
        return
    with store.observing() as connection:
        set_host(connection, host, values)
    settle(store)


@dataclass(frozen=True, slots=True)
class Owed:
    """The cuts that a host still owes, and the revision that it may acknowledge after doing them.

    None while some host does not have all of the flows: what is ended now could come back through there.
    """

    cuts: tuple[Cut, ...]
    acknowledge: Revision | None


def owed(store: Store, host: HostName) -> Owed:
    """What `host` has to end."""
    known = _host(store, host)
    mine = cuts.owed_by(host, NOTHING_FLUSHED if known is None else known.flushed, open_cuts(store))
    if not mine:
        return Owed((), None)
    reached = {h.name: max(h.nb_cfg or 0, h.checked) for h in plugged_hosts(store)}
    acknowledge: Revision | None = None
    for cut in mine:
        record = realised(store, cut.revision)
        if record is None or any(reached.get(h, record.nb_cfg) < record.nb_cfg for h in cut.hosts):
            break
        acknowledge = cut.revision
    return Owed(tuple(mine), acknowledge)


def record_flushed(store: Store, host: HostName, revision: Revision, at: datetime) -> None:
    """Record that `host` ended what `revision` and those before it do not allow. Idempotent."""
    known = _host(store, host)
    if known is not None and known.flushed >= revision:
        return
    with store.observing() as connection:
        set_host(connection, host, {"flushed": revision, "flushed_at": at.isoformat()})
    settle(store)


def plugged_hosts(store: Store) -> list[Progress]:
    """The hosts that have ports, and how far each has come."""
    plugged = store.snapshot().plugged_hosts
    table = tables.host_status
    with store.engine.begin() as connection:
        found = {row.host: row for row in connection.execute(sa.select(table))}
    return [
        Progress(name=name) if (row := found.get(name)) is None else _progress(row)
        for name in sorted(plugged)
    ]


def open_cuts(store: Store) -> list[Cut]:
    """What has to be ended for revisions that are not enforced yet."""
    with store.engine.begin() as connection:
        return cuts.read(connection)


def settle(store: Store) -> list[Realised]:
    """Write down which realised revisions have become enforced by now; those that have. Idempotent.

    What is written down stays: hosts that come and go later do not change a receipt.
    """
    open_records = _unsettled(store)
    if not open_records:
        return []
    hosts = plugged_hosts(store)
    owing = open_cuts(store)
    settled: list[Realised] = []
    for record in open_records:
        enforced_at = standing(record, hosts, owing).enforced_at
        if enforced_at is None:
            break  # nobody has a later one without this one
        settled.append(
            Realised(
                revision=record.revision,
                nb_cfg=record.nb_cfg,
                applied_at=record.applied_at,
                enforced_at=enforced_at,
                hosts=len(hosts),
            )
        )
    if settled:
        _write(store, settled)
    return settled


def _host(store: Store, host: HostName) -> Progress | None:
    table = tables.host_status
    with store.engine.begin() as connection:
        row = connection.execute(sa.select(table).where(table.c.host == host)).first()
    return None if row is None else _progress(row)


def set_host(connection: sa.Connection, host: HostName, values: Mapping[str, object]) -> None:
    """Change columns of a host's status, inside a transaction of status."""
    table = tables.host_status
    known = connection.execute(table.update().where(table.c.host == host).values(dict(values))).rowcount
    if not known:
        first: dict[str, object] = {"agent_version": "", "datapath": "", "nb_cfg": 0, "details": {}}
        connection.execute(table.insert().values({**first, **values, "host": host}))


def _unsettled(store: Store) -> list[Realised]:
    table = tables.realised
    query = sa.select(table).where(table.c.enforced_at.is_(None)).order_by(table.c.revision)
    with store.engine.begin() as connection:
        return [_realised(row) for row in connection.execute(query.limit(_OPEN_AT_ONCE))]


def _write(store: Store, settled: list[Realised]) -> None:
    table = tables.realised
    with store.observing() as connection:
        for record in settled:
            key = (table.c.revision == record.revision) & table.c.enforced_at.is_(None)
            values = {"enforced_at": _text(record.enforced_at), "hosts": record.hosts}
            connection.execute(table.update().where(key).values(values))
        cuts.forget(connection, settled[-1].revision)


def _realised(row: sa.Row[tuple[object, ...]]) -> Realised:
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
