"""How far a revision has come on the hosts, decided from what each of them has told.

Counted over Weft's own hosts that have plugged ports, never over what OVN lists: a host whose ovn-controller
was stopped is no longer listed there, and still forwards by the flows that it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from weft.model.ids import HostName, Revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Realised:
    """The OVN transaction that realised `revision`, and every one before it.

    `enforced_at` and `hosts` are set once, when the last of that many hosts had it, and never change.
    """

    revision: Revision
    nb_cfg: int
    applied_at: datetime
    enforced_at: datetime | None = None
    hosts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one host has come. `nb_cfg` None means that it has no Chassis_Private: nothing is known.

    `acknowledged_at` is when it reached `nb_cfg` by its own clock, `seen_at` when that was seen here.
    """

    name: HostName
    nb_cfg: int | None = None
    acknowledged_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a revision stands: `enforced_at` is None while a host is waited for, or nobody knows when."""

    waiting: tuple[HostName, ...]
    problems: tuple[str, ...]
    enforced_at: datetime | None = None

    @property
    def enforced(self) -> bool:
        """Whether every host has it."""
        return not self.waiting


def standing(record: Realised | None, hosts: Sequence[Progress]) -> Standing:
    """Where the revisions that `record` realised (None: it is not in OVN yet) stand on `hosts`."""
    ordered = sorted(hosts, key=lambda host: host.name)
    waiting = tuple(host.name for host in ordered if record is None or not _has(host, record))
    problems = tuple(problem for host in ordered if (problem := _problem(host)))
    if record is None or waiting:
        return Standing(waiting=waiting, problems=problems)
    times = [_since(host, record) for host in ordered]
    return Standing(waiting=(), problems=problems, enforced_at=max([record.applied_at, *times]))


def _has(host: Progress, record: Realised) -> bool:
    return host.nb_cfg is not None and host.nb_cfg >= record.nb_cfg


def _problem(host: Progress) -> str | None:
    if host.nb_cfg is None:
        return (
            f"host {host.name} is unverified: it has ports, but no Chassis_Private in OVN, so nobody knows "
            "which flows it has; is ovn-controller running there?"
        )
    return None


def _since(host: Progress, record: Realised) -> datetime:
    """When the host had it, at the latest. Its own clock is believed only where it can be right."""
    seen = host.seen_at or record.applied_at
    own = host.acknowledged_at
    return own if own is not None and record.applied_at <= own <= seen else seen
