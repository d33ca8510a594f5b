"""What became of a revision: in OVN after x ms, enforced on n of n hosts after y ms.

A revision is applied when an OVN transaction realised it or a later one, and enforced as
`weft.store.standing` says. Once enforced, its receipt does not change any more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from weft.model.ids import HostName, Revision
from weft.store import Store
from weft.store.cuts import Cut
from weft.store.progress import known_of
from weft.store.standing import Progress, Realised, Standing, standing


class State(StrEnum):
    """How far a revision is."""

    COMMITTED = "committed"
    APPLIED = "applied"
    ENFORCED = "enforced"
    FAILED = "failed"
    """Some host could not understand a rule; it becomes enforced when that is repaired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The state of one revision. Times are None while there is nothing to time."""

    revision: Revision
    committed_at: datetime
    state: State = State.COMMITTED
    applied_after_ms: int | None = None
    enforced_after_ms: int | None = None
    hosts_total: int = 0
    waiting: tuple[HostName, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def applied(self) -> bool:
        """Whether OVN's northbound database has held it."""
        return self.state is not State.COMMITTED

    @property
    def enforced(self) -> bool:
        """Whether every host has it."""
        return self.state is State.ENFORCED


Receipts = Callable[[Revision, datetime], Receipt]
"""From a revision and the time of its commit to its receipt."""


def receipt(
    revision: Revision,
    committed_at: datetime,
    record: Realised | None,
    hosts: Sequence[Progress],
    cuts: Sequence[Cut] = (),
    *,
    silent_before: datetime | None = None,
) -> Receipt:
    """The receipt of `revision`: as it was settled in `record`, or as it stands on `hosts` by now."""
    applied_after_ms = None if record is None else _ms(committed_at, record.applied_at)
    if record is not None and record.enforced_at is not None:
        return Receipt(
            revision=revision,
            committed_at=committed_at,
            state=State.ENFORCED,
            applied_after_ms=applied_after_ms,
            enforced_after_ms=_ms(committed_at, record.enforced_at),
            hosts_total=record.hosts or 0,
        )
    found = standing(record, hosts, cuts, silent_before=silent_before)
    return Receipt(
        revision=revision,
        committed_at=committed_at,
        state=_state(record, found),
        applied_after_ms=applied_after_ms,
        hosts_total=len(hosts),
        waiting=found.waiting,
        problems=(*found.failures, *found.problems),
    )


def _state(record: Realised | None, found: Standing) -> State:
    if record is None:
        return State.COMMITTED
    return State.FAILED if found.failures else State.APPLIED


def _ms(start: datetime, end: datetime) -> int:
    return max(0, round((end - start).total_seconds() * 1000))


def receipts_of(store: Store, *, host_timeout_s: float = 30) -> Receipts:
    """Receipts from the store's records; agents that were silent for longer than that are named."""

    def receipt_of(revision: Revision, committed_at: datetime) -> Receipt:
        known = known_of(store, revision)
        silent_before = store.now() - timedelta(seconds=host_timeout_s)
        return receipt(
            revision, committed_at, known.record, known.hosts, known.cuts, silent_before=silent_before
        )

    return receipt_of
