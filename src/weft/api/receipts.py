"""What became of a revision: in OVN after x ms, enforced on n of n hosts after y ms.

A revision is applied when an OVN transaction realised it or a later one. It is enforced when every
host that has ports acknowledged that transaction (`nb_cfg`). A host without a Chassis proves nothing:
it is waited for, and named as a problem.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from weft.model.ids import HostName, Revision
from weft.store import Store
from weft.store.status import Realised, host_statuses, realised


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSeen:
    """How far one host has come; `nb_cfg` None means that it has no Chassis."""

    name: HostName
    has_plugged_ports: bool
    nb_cfg: int | None
    acknowledged_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The state of one revision. Times are None while there is nothing to time, or nobody did."""

    revision: Revision
    committed_at: datetime
    applied: bool = False
    applied_after_ms: int | None = None
    enforced: bool = False
    enforced_after_ms: int | None = None
    hosts_total: int = 0
    waiting: tuple[HostName, ...] = ()
    problems: tuple[str, ...] = ()


Receipts = Callable[[Revision, datetime], Receipt]
"""From a revision and the time of its commit to its receipt."""


def receipt(
    revision: Revision,
    committed_at: datetime,
    records: Sequence[Realised],
    hosts: Sequence[HostSeen],
) -> Receipt:
    """The receipt of `revision`, from what OVN realised and what the hosts acknowledged."""
    affected = sorted((h for h in hosts if h.has_plugged_ports), key=lambda h: h.name)
    covering = [record for record in records if record.revision >= revision]
    first = min(covering, key=lambda record: record.revision) if covering else None
    waiting = tuple(h.name for h in affected if not _acknowledged(h, first))
    problems = tuple(
        f"host {h.name} has no Chassis in OVN, so nothing is known of it; is ovn-controller running there?"
        for h in affected
        if h.nb_cfg is None
    )
    enforced = first is not None and not waiting
    return Receipt(
        revision=revision,
        committed_at=committed_at,
        applied=first is not None,
        applied_after_ms=None if first is None else _ms(committed_at, first.applied_at),
        enforced=enforced,
        enforced_after_ms=_enforced_ms(committed_at, first, affected) if enforced else None,
        hosts_total=len(affected),
        waiting=waiting,
        problems=problems,
    )


def _acknowledged(host: HostSeen, record: Realised | None) -> bool:
    return record is not None and host.nb_cfg is not None and host.nb_cfg >= record.nb_cfg


def _enforced_ms(committed_at: datetime, record: Realised | None, affected: Sequence[HostSeen]) -> int | None:
    """Until the last host answered, at the latest; None if nobody noted when one of them did."""
    times = [host.acknowledged_at for host in affected]
    known = [time for time in times if time is not None]
    if record is None or len(known) < len(times):
        return None
    return _ms(committed_at, max([record.applied_at, *known]))


def _ms(start: datetime, end: datetime) -> int:
    return max(0, round((end - start).total_seconds() * 1000))


def hosts_seen(store: Store) -> list[HostSeen]:
    """The hosts of the model, with what the store knows of their progress."""
    snapshot = store.snapshot()
    busy = {port.host for port in snapshot.ports.values()}
    reached = {n: s.nb_cfg for n, s in host_statuses(store).items() if s.nb_cfg > 0}
    return [
        HostSeen(name=name, has_plugged_ports=name in busy, nb_cfg=reached.get(name))
        for name in snapshot.hosts
    ]


def receipts_of(store: Store, hosts: Callable[[], Sequence[HostSeen]] | None = None) -> Receipts:
    """Receipts from the store's records, and from `hosts` if someone knows them better."""

    def receipt_of(revision: Revision, committed_at: datetime) -> Receipt:
        record = realised(store, revision)
        seen = hosts_seen(store) if hosts is None else hosts()
        return receipt(revision, committed_at, [] if record is None else [record], seen)

    return receipt_of
