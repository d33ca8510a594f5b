"""What was observed, beside what was declared. Makes no revision; wakes those who wait for news."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa

from weft.model.errors import NotFound
from weft.model.ids import HostName, NetworkId, PortId, ProjectId
from weft.model.port import Workload
from weft.store import tables
from weft.store.codec import from_json, to_json
from weft.store.database import Store
from weft.store.index import workload_key
from weft.store.progress import set_host
from weft.store.transaction import Transaction

_FEW = 500
PAST = 20
"""Of a port so many earlier states are known."""


class PortState(StrEnum):
    """Up means that the port's flows are installed on its host."""

    DOWN = "down"
    PENDING = "pending"
    UP = "up"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortStatus:
    """What is known of a port; `since` is when `state` last became what it is."""

    state: PortState = PortState.DOWN
    reason: str = ""
    host: HostName | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStatus:
    """What a host's agent last said, and how far its chassis has come (`nb_cfg`)."""

    last_seen: datetime | None = None
    agent_version: str = ""
    datapath: str = ""
    nb_cfg: int = 0
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A workload that got no port, and why."""

    host: HostName
    workload: Workload
    reason: str
    at: datetime
    project_id: ProjectId | None = None
    network_id: NetworkId | None = None


def set_port_status(
    store: Store,
    port_id: PortId,
    *,
    state: PortState,
    reason: str = "",
    host: HostName | None = None,
) -> bool:
    """Record a port's state. False, and nothing recorded, if the news is stale.

    News is stale when the port is gone, or `host` is not (or no longer) where it is bound.
    """
    return bool(set_port_statuses(store, {port_id: PortStatus(state=state, reason=reason, host=host)}))


def set_port_statuses(store: Store, news: Mapping[PortId, PortStatus]) -> frozenset[PortId]:
    """Record the states of many ports at once, as `set_port_status`; those whose news was not stale.

    What is recorded already is not written again: after a start, every port is news to the observer.
    """
    ports = store.snapshot().ports
    fresh = {
        port_id: replace(status, host=port.host)
        for port_id, status in news.items()
        if (port := ports.get(port_id)) is not None and status.host in (None, port.host)
    }
    known = port_statuses(store, fresh)
    written: dict[PortId, PortStatus] = {}
    ended: dict[PortId, PortStatus] = {}
    for port_id, status in fresh.items():
        before = known.get(port_id, PortStatus(host=status.host))
        if replace(before, since=None) != status:
            stays = before.since is not None and before.state is status.state
            written[port_id] = replace(status, since=before.since if stays else store.now())
            if not stays and before.since is not None:
                ended[port_id] = before
    if written:
        with store.observing() as connection:
            _write_ports(connection, written, ended, still=store.snapshot().ports.keys())
    return frozenset(fresh)


def _write_ports(
    connection: sa.Connection,
    written: Mapping[PortId, PortStatus],
    ended: Mapping[PortId, PortStatus],
    still: Set[PortId],
) -> None:
    table = tables.port_status
    past = _past(connection, list(written))
    rows = [
        {
            "port_id": str(port_id),
            "state": status.state.value,
            "reason": status.reason,
            "host": status.host,
            "since": status.since.isoformat(),
            "past": [*([to_json(ended[port_id])] if port_id in ended else []), *past.get(port_id, ())][:PAST],
        }
        for port_id, status in written.items()
        if port_id in still and status.since is not None
    ]
    if rows:
        gone = table.delete().where(table.c.port_id == sa.bindparam("known"))
        connection.execute(gone, [{"known": row["port_id"]} for row in rows])
        connection.execute(table.insert(), rows)


def _past(connection: sa.Connection, ids: Sequence[PortId]) -> dict[PortId, list[object]]:
    table = tables.port_status
    return {
        PortId(UUID(row.port_id)): row.past
        for start in range(0, len(ids), _FEW)
        for row in connection.execute(
            sa.select(table.c.port_id, table.c.past).where(
                table.c.port_id.in_([str(port) for port in ids[start : start + _FEW]])
            )
        )
    }


def past_states(store: Store, port_id: PortId) -> list[PortStatus]:
    """What the port was before it became what it is, the newest first; at most `PAST`."""
    with store.engine.begin() as connection:
        return [from_json(PortStatus, one) for one in _past(connection, [port_id]).get(port_id, ())]


def port_statuses(store: Store, ids: Iterable[PortId] | None = None) -> Mapping[PortId, PortStatus]:
    """The recorded statuses, of all ports or of `ids`; a port with none is absent: it is down."""
    table = tables.port_status
    query = sa.select(*(column for column in table.c if column.name != "past"))  # it is long
    wanted = None if ids is None else [str(port) for port in ids]
    if wanted is not None and len(wanted) <= _FEW:
        query = query.where(table.c.port_id.in_(wanted))
    with store.engine.begin() as connection:
        found = connection.execute(query).all()
    kept = None if wanted is None else set(wanted)
    return {
        PortId(UUID(row.port_id)): PortStatus(
            state=PortState(row.state),
            reason=row.reason,
            host=None if row.host is None else HostName(row.host),
            since=datetime.fromisoformat(row.since),
        )
        for row in found
        if kept is None or row.port_id in kept
    }


def set_host_seen(
    store: Store,
    host: HostName,
    *,
    agent_version: str = "",
    datapath: str = "",
    details: Mapping[str, object] | None = None,
) -> None:
    """Record a heartbeat. Raises NotFound."""
    if host not in store.snapshot().hosts:
        raise NotFound("host", host)
    seen: dict[str, object] = {
        "last_seen": store.now().isoformat(),
        "agent_version": agent_version,
        "datapath": datapath,
        "details": dict(details or {}),
    }
    with store.observing() as connection:
        set_host(connection, host, seen)


def host_statuses(store: Store) -> Mapping[HostName, HostStatus]:
    """What is known of each host that was ever seen."""
    with store.engine.begin() as connection:
        found = connection.execute(sa.select(tables.host_status)).all()
    return {
        HostName(row.host): HostStatus(
            last_seen=None if row.last_seen is None else datetime.fromisoformat(row.last_seen),
            agent_version=row.agent_version,
            datapath=row.datapath,
            nb_cfg=row.nb_cfg,
            details=row.details,
        )
        for row in found
    }


def record_failure(store: Store, failure: Failure) -> None:
    """Record a failed attachment, in place of an older one of the same workload and network."""
    if failure.host not in store.snapshot().hosts:
        raise NotFound("host", failure.host, field="host")
    table = tables.failures
    network = "" if failure.network_id is None else str(failure.network_id)
    key = workload_key(failure.workload)
    with store.observing() as connection:
        connection.execute(
            table.delete().where(
                table.c.host == failure.host, table.c.workload == key, table.c.network_id == network
            )
        )
        connection.execute(
            table.insert().values(
                host=failure.host,
                workload=key,
                network_id=network,
                project_id=None if failure.project_id is None else str(failure.project_id),
                body=to_json(failure.workload),
                reason=failure.reason,
                at=failure.at.isoformat(),
            )
        )


def clear_failure(store: Store, host: HostName, workload: Workload) -> None:
    """Forget the failures of a workload on a host, which is gone or asks for nothing more. Idempotent."""
    with store.observing() as connection:
        connection.execute(_forgetting(host, workload))


def attached(tx: Transaction, host: HostName, workload: Workload) -> None:
    """Forget, with what `tx` declares, the failures of a workload on a host: it has its port."""
    tx.later.append(_forgetting(host, workload))


def _forgetting(host: HostName, workload: Workload) -> sa.Delete:
    table = tables.failures
    return table.delete().where(table.c.host == host, table.c.workload == workload_key(workload))


def failures(store: Store) -> list[Failure]:
    """The failed attachments, newest first; an attachment that succeeds later clears its own."""
    table = tables.failures
    with store.engine.begin() as connection:
        found = connection.execute(sa.select(table).order_by(table.c.at.desc())).all()
    holders = {
        (port.network_id, workload_key(port.workload))
        for port in store.snapshot().ports.values()
        if port.workload is not None
    }
    return [
        failure
        for failure in map(_failure, found)
        if (failure.network_id, workload_key(failure.workload)) not in holders
    ]


def _failure(row: sa.Row[tuple[object, ...]]) -> Failure:
    return Failure(
        host=HostName(row.host),
        workload=from_json(Workload, row.body),
        reason=row.reason,
        at=datetime.fromisoformat(row.at),
        project_id=None if row.project_id is None else ProjectId(UUID(row.project_id)),
        network_id=NetworkId(UUID(row.network_id)) if row.network_id else None,
    )
