"""Objects to rows and back: the only module that knows what a table's columns hold."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from weft.model.floating_ip import FloatingIP
from weft.model.ids import ProjectId, Revision
from weft.model.network import Subnet
from weft.model.port import Port
from weft.store import tables
from weft.store.change import Change, ChangeAction, Declared, Kind
from weft.store.codec import from_json, to_json
from weft.store.index import workload_key
from weft.store.kinds import (
    TABLES,
    TYPES,
    ObjectId,
    name_of,
    object_id_of,
    parse_id,
    project_of,
)

_Row = dict[str, object]


def read_all(connection: sa.Connection) -> dict[Kind, dict[ObjectId, tuple[Declared, Revision]]]:
    """The whole model, with the revision that last touched each object."""
    found: dict[Kind, dict[ObjectId, tuple[Declared, Revision]]] = {}
    for kind, kept in TYPES.items():
        table = TABLES[kind]
        rows = connection.execute(sa.select(table.c.body, table.c.revision))
        items = ((from_json(kept, body), Revision(revision)) for body, revision in rows)
        found[kind] = {object_id_of(item): (item, revision) for item, revision in items}
    return found


def read_changes(connection: sa.Connection, since: Revision, limit: int | None) -> list[Change]:
    """The changes after `since`, as far back as all are kept: whole revisions, until `limit` is reached."""
    log, heads = tables.changes, tables.revisions
    since = max(since, kept_from(connection))
    last = None
    if limit is not None:
        last = connection.scalar(
            sa.select(log.c.revision)
            .where(log.c.revision > since)
            .order_by(log.c.revision, log.c.seq)
            .limit(1)
            .offset(max(limit, 1) - 1)
        )
    query = sa.select(log, heads.c.at, heads.c.author).join(heads).where(log.c.revision > since)
    if last is not None:
        query = query.where(log.c.revision <= last)
    return [to_change(row) for row in connection.execute(query.order_by(log.c.revision, log.c.seq))]


def kept_from(connection: sa.Connection) -> Revision:
    """The oldest revision that can be read back: all changes after it are kept."""
    return Revision(connection.scalar(sa.select(tables.head.c.kept_from)) or 0)


def to_change(row: sa.Row[Any]) -> Change:
    """The change that a row of the log, joined with its revision, tells of."""
    kind = Kind(row.kind)
    return Change(
        revision=Revision(row.revision),
        seq=row.seq,
        kind=kind,
        object_id=parse_id(kind, row.object_id),
        project_id=None if row.project_id is None else ProjectId(UUID(row.project_id)),
        action=ChangeAction(row.action),
        author=row.author,
        at=datetime.fromisoformat(row.at),
        before=None if row.before is None else from_json(TYPES[kind], row.before),
        after=None if row.after is None else from_json(TYPES[kind], row.after),
    )


def write_changes(
    connection: sa.Connection,
    changes: Sequence[Change],
    revised: Mapping[tuple[Kind, ObjectId], Revision],
) -> None:
    """Bring the tables of the objects from before to after, and append to the change log.

    `revised` is when each object that is there was last touched.
    """
    _release_addresses(connection, changes)
    for kind in reversed(list(TYPES)):
        gone = [{"gone": str(c.object_id)} for c in changes if c.kind is kind and c.after is None]
        if gone:
            table = TABLES[kind]
            connection.execute(table.delete().where(table.c.id == sa.bindparam("gone")), gone)
    bodies = {id(c): to_json(c.after) for c in changes if c.after is not None}
    for kind in TYPES:
        _write_kind(connection, kind, [c for c in changes if c.kind is kind], bodies)
    _take_addresses(connection, changes)
    connection.execute(
        tables.changes.insert(),
        [
            {
                "revision": c.revision,
                "seq": c.seq,
                "kind": c.kind.value,
                "object_id": str(c.object_id),
                "project_id": None if c.project_id is None else str(c.project_id),
                "action": c.action.value,
                "before": None if c.before is None else to_json(c.before),
                "after": bodies.get(id(c)),
                "prior": revised.get((c.kind, c.object_id)),
            }
            for c in changes
        ],
    )


def _write_kind(
    connection: sa.Connection, kind: Kind, changes: list[Change], bodies: Mapping[int, object]
) -> None:
    table = TABLES[kind]
    created = [
        _row(c.after, c.revision, bodies[id(c)]) for c in changes if c.before is None and c.after is not None
    ]
    changed = [
        _row(c.after, c.revision, bodies[id(c)])
        for c in changes
        if c.before is not None and c.after is not None
    ]
    if changed:
        columns = [name for name in changed[0] if name != "id"]
        statement = (
            table.update()
            .where(table.c.id == sa.bindparam("key"))
            .values({name: sa.bindparam(f"new_{name}") for name in columns})
        )
        connection.execute(
            statement,
            [{"key": row["id"], **{f"new_{name}": row[name] for name in columns}} for row in changed],
        )
    if created:
        connection.execute(table.insert(), created)


def _row(item: Declared, revision: Revision, body: object) -> _Row:
    row: _Row = {
        "id": str(object_id_of(item)),
        "name": name_of(item),
        "revision": revision,
        "body": body,
    }
    project = project_of(item)
    if project is not None:
        row["project_id"] = str(project)
    if isinstance(item, Subnet | Port | FloatingIP):
        row["network_id"] = str(item.network_id)
    if isinstance(item, FloatingIP):
        row["address"] = str(item.address)
    if isinstance(item, Port):
        row["mac"] = item.mac
        row["workload"] = None if item.workload is None else workload_key(item.workload)
    return row


def _release_addresses(connection: sa.Connection, changes: Iterable[Change]) -> None:
    table = tables.port_addresses
    gone = [
        {"holder": str(c.object_id)}
        for c in changes
        if isinstance(c.before, Port) and not _keeps_addresses(c)
    ]
    if gone:
        connection.execute(table.delete().where(table.c.port_id == sa.bindparam("holder")), gone)


def _take_addresses(connection: sa.Connection, changes: Iterable[Change]) -> None:
    taken = [
        {
            "network_id": str(c.after.network_id),
            "address": str(fixed.address),
            "subnet_id": str(fixed.subnet_id),
            "port_id": str(c.after.id),
        }
        for c in changes
        if isinstance(c.after, Port) and not _keeps_addresses(c)
        for fixed in c.after.fixed_ips
    ]
    if taken:
        connection.execute(tables.port_addresses.insert(), taken)


def _keeps_addresses(change: Change) -> bool:
    before, after = change.before, change.after
    return isinstance(before, Port) and isinstance(after, Port) and before.fixed_ips == after.fixed_ips


def action_of(before: Declared | None, after: Declared | None) -> ChangeAction:
    """What became of an object."""
    if before is None:
        return ChangeAction.CREATE
    return ChangeAction.REMOVE if after is None else ChangeAction.CHANGE
