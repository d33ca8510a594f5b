"""Which hosts have connections to end, since when, and how far they are with it."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from weft.model.ids import HostName, PortId, Revision
from weft.store import tables
from weft.store.codec import from_json, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The ports for whose ingress and egress `revision` is stricter, and the hosts where they have peers."""

    revision: Revision
    ingress: frozenset[PortId]
    egress: frozenset[PortId]
    hosts: frozenset[HostName]


def write(connection: sa.Connection, cut: Cut) -> None:
    """Keep `cut` until its revision is enforced."""
    body = {"ingress": to_json(cut.ingress), "egress": to_json(cut.egress)}
    connection.execute(
        tables.cuts.insert().values(revision=cut.revision, body=body, hosts=to_json(cut.hosts))
    )


def read(connection: sa.Connection) -> list[Cut]:
    """The cuts of revisions that are not enforced yet, oldest first."""
    table = tables.cuts
    return [
        Cut(
            revision=Revision(row.revision),
            ingress=from_json(frozenset[PortId], row.body["ingress"]),
            egress=from_json(frozenset[PortId], row.body["egress"]),
            hosts=frozenset(HostName(host) for host in row.hosts),
        )
        for row in connection.execute(sa.select(table).order_by(table.c.revision))
    ]


def forget(connection: sa.Connection, until: Revision) -> None:
    """Those of revisions up to `until` are done."""
    connection.execute(tables.cuts.delete().where(tables.cuts.c.revision <= until))


def owed_by(host: HostName, flushed: Revision, cuts: Iterable[Cut]) -> list[Cut]:
    """What `host`, which has ended connections up to revision `flushed`, still has to end."""
    return [cut for cut in cuts if host in cut.hosts and cut.revision > flushed]
