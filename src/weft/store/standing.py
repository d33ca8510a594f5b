"""How far a revision has come on the hosts, decided from what each of them has told.

Counted over Weft's own hosts that have plugged ports, never over what OVN lists: a host whose ovn-controller
was stopped is no longer listed there, and still forwards by the flows that it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from weft.model.ids import HostName, Revision
from weft.store.cuts import Cut, owed_by

NOTHING_FLUSHED = Revision(0)


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
class Unparsed:
    """A match that a host's ovn-controller could not parse: its rule is absent there. And what it said."""

    match: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one host has come. `nb_cfg` None means that it has no Chassis_Private: nothing is known.

    `acknowledged_at` is when it reached `nb_cfg` by its own clock, `seen_at` when that was seen here.
    `checked` is the `nb_cfg` up to which its agent has looked for what OVN did not understand, `unparsed`.
    `flushed` is the revision up to which it has ended the connections that are not allowed any more.
    """

    name: HostName
    nb_cfg: int | None = None
    acknowledged_at: datetime | None = None
    seen_at: datetime | None = None
    checked: int = 0
    flushed: Revision = NOTHING_FLUSHED
    flushed_at: datetime | None = None
    unparsed: tuple[Unparsed, ...] = ()
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a revision stands. `enforced_at` is None unless every host has it and understood it."""

    waiting: tuple[HostName, ...]
    failures: tuple[str, ...]
    """What keeps it from being enforced until somebody repairs it."""
    problems: tuple[str, ...]
    """What keeps it from being known."""
    enforced_at: datetime | None = None


def standing(
    record: Realised | None,
    hosts: Sequence[Progress],
    cuts: Sequence[Cut] = (),
    *,
    silent_before: datetime | None = None,
) -> Standing:
    """Where the revisions that `record` realised (None: it is not in OVN yet) stand on `hosts`.

    `cuts` are the connections that have to be ended. A host is not the one that is waited for while another
    does not have the flows without which ending a connection is no use. Agents not heard of since
    `silent_before` are named.
    """
    ordered = sorted(hosts, key=lambda host: host.name)
    cuts = [] if record is None else [cut for cut in cuts if cut.revision <= record.revision]
    behind = {host.name for host in ordered if record is None or not _has_flows(host, record)}
    due = [cut for cut in cuts if not behind & cut.hosts]
    waiting = [host for host in ordered if host.name in behind or owed_by(host.name, host.flushed, due)]
    failures = [_failure(host, one) for host in ordered if host not in waiting for one in host.unparsed]
    times = [_since(host, record, cuts) for host in ordered if record is not None]
    enforced = record is not None and not waiting and not failures
    return Standing(
        waiting=tuple(host.name for host in waiting),
        failures=tuple(failures),
        problems=tuple(problem for host in waiting if (problem := _problem(host, silent_before))),
        enforced_at=max([record.applied_at, *times]) if record is not None and enforced else None,
    )


def _has_flows(host: Progress, record: Realised) -> bool:
    return min(host.nb_cfg or 0, host.checked) >= record.nb_cfg


def _failure(host: Progress, unparsed: Unparsed) -> str:
    return (
        f"OVN on host {host.name} cannot parse {unparsed.match!r}: {unparsed.problem}; "
        "the rule that it belongs to is not enforced there"
    )


def _problem(host: Progress, silent_before: datetime | None) -> str | None:
    if host.nb_cfg is None:
        return (
            f"host {host.name} is unverified: it has ports, but no Chassis_Private in OVN, so nobody knows "
            "which flows it has; is ovn-controller running there?"
        )
    if silent_before is not None and (host.last_seen is None or host.last_seen < silent_before):
        since = "never" if host.last_seen is None else f"last at {host.last_seen.isoformat()}"
        return (
            f"host {host.name} is unverified: its agent was heard of {since}, so nobody looks there "
            "whether OVN understood every rule, or ends what is not allowed any more; is weft-agent running?"
        )
    return None


def _since(host: Progress, record: Realised, cuts: Sequence[Cut]) -> datetime:
    """When the host had it, at the latest. Its own clock is believed only where it can be right."""
    seen = host.seen_at or record.applied_at
    own = host.acknowledged_at
    reached = own if own is not None and record.applied_at <= own <= seen else seen
    had_to_cut = any(host.name in cut.hosts for cut in cuts)
    return max(reached, host.flushed_at) if had_to_cut and host.flushed_at is not None else reached
