"""What the network dropped, rejected or logged lately, and what policies in audit would have decided
otherwise: in memory, bounded, and nowhere else.

There is no table of it: a flood of packets must not become one of writes. So it begins when the server does,
and the oldest goes first; what went, and what a meter kept from the log, is told as numbers.

Packets of one flow that met the same rule on the same host are one entry, with a count. The client's port is
that of the last of them.
"""

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from weft.model.ids import HostName, NetworkId, PolicyId, PortId, ProjectId, RuleId
from weft.model.network import Address
from weft.model.policy import Direction, Protocol, Tier

MOST_OF_A_PROJECT = 2_000
"""Entries of one project: a flood in one does not push out another's."""
MOST = 20_000
"""Entries in all, about 1 kB each."""
FRESH = timedelta(seconds=150)
"""A host that was silent for longer may have dropped what nobody knows of; it speaks once a minute."""

_WINDOWS = 60
"""Spans of time that are remembered in which a meter was full on a host: ten minutes of them."""


class Verdict(StrEnum):
    """What became of a packet; one that was allowed is here because a rule logs it.

    What would have become of it is an estimate: what a policy in audit says of what was seen.
    """

    DROP = "drop"
    REJECT = "reject"
    ALLOW = "allow"
    WOULD_DROP = "would-drop"
    WOULD_REJECT = "would-reject"
    WOULD_ALLOW = "would-allow"

    @property
    def is_estimate(self) -> bool:
        """Whether it says what would have been."""
        return self in _ESTIMATES


_ESTIMATES = frozenset({Verdict.WOULD_DROP, Verdict.WOULD_REJECT, Verdict.WOULD_ALLOW})


class About(StrEnum):
    """What a message of a host is about: packets in ovn-controller's log, connections that it tracks, or what
    anti-spoofing dropped.
    """

    LOG = "log"
    CONNECTIONS = "connections"
    SPOOFING = "spoofing"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One side of a flow; an address of nobody in the project has no port. Of what anti-spoofing drops no
    address is known.
    """

    address: Address | None
    port_id: PortId | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRule:
    """The rule that decided, as it was then; its place in the policy counts from 1.

    `together` are other rules that it may have been instead, when rules that are alike are one to the engine
    and the packet does not tell which of them it met.
    """

    policy_id: PolicyId
    policy: str
    tier: Tier
    rule_id: RuleId
    place: int
    description: str = ""
    together: tuple[RuleId, ...] = ()


class Decider(StrEnum):
    """Who decided: a rule; or, without one, the network's default, quarantine, or anti-spoofing."""

    RULE = "rule"
    DEFAULT = "default"
    QUARANTINE = "quarantine"
    ANTI_SPOOFING = "anti-spoofing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByNetwork:
    """What a network does by itself, where no rule is asked, or none matched."""

    decider: Decider
    network_id: NetworkId
    network: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What kind of packets; `protocol` None is one that rules cannot name, `number` is IP's number of it."""

    protocol: Protocol | None
    number: int | None = None
    port: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What makes two packets the same entry."""

    project_id: ProjectId
    host: HostName
    verdict: Verdict
    direction: Direction
    by: ByRule | ByNetwork
    source: End
    destination: End
    traffic: Traffic
    asked: bool | None
    """Whether a rule asks to log it: the meter of these is another one. None is counted without a meter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A flow, and how often it was seen: `at_least` when a meter was full meanwhile.

    What would have been dropped or rejected is counted in connections, all else in packets.
    `number` grows with every change of any entry; times are the host's.
    """

    flow: Flow
    count: int
    first_at: datetime
    last_at: datetime
    source_port: int | None = None
    at_least: bool = False
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlogged:
    """What a full meter kept from the log of a host: `packets` between two moments."""

    project_id: ProjectId
    asked: bool
    packets: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message of a host's agent; `number` grows within a `run`. After a `gap` lines were lost."""

    host: HostName
    run: str
    number: int
    gap: bool = False
    about: About = About.LOG


@dataclass(frozen=True, slots=True)
class Missing:
    """What is known to be missing for some projects."""

    forgotten: int
    unlogged: int
    gaps: Collection[HostName]
    silent: Collection[HostName]
    unwatched: Collection[HostName]
    """Where it is not known what anti-spoofing dropped lately."""


@dataclass(slots=True)
class _Kept:
    """One project's entries, the one that changed last at the end."""

    entries: "OrderedDict[Flow, Drop]" = field(default_factory=OrderedDict)
    forgotten: int = 0
    forgotten_to: int = 0
    """The largest number among those that went."""
    unlogged: int = 0


class Drops:
    """The entries of all projects. From any thread."""

    def __init__(self, began: datetime) -> None:
        """Empty, as of `began`."""
        self.began = began
        self._changed = threading.Condition()
        self._number = self._entries = 0
        self._kept: dict[ProjectId, _Kept] = {}
        self._full: dict[tuple[HostName, ProjectId, bool | None], deque[Unlogged]] = {}
        self._told: dict[tuple[HostName, About], tuple[Told, datetime]] = {}
        self._gaps: set[HostName] = set()
        self.seen: Counter[Verdict] = Counter()
        self.unlogged = self.strange = self.spoofed = 0

    @property
    def number(self) -> int:
        """The number of the change that came last."""
        return self._number

    def __len__(self) -> int:
        """How many entries there are."""
        return self._entries

    def take(
        self, told: Told, at: datetime, new: Iterable[Drop], unlogged: Iterable[Unlogged], strange: int = 0
    ) -> None:
        """Add what a host told. Idempotent: a message that was taken already changes nothing.

        `strange` packets were told of that the host has nothing to say of.
        """
        with self._changed:
            before = self._told.get((told.host, told.about))
            if before is not None and before[0].run == told.run and before[0].number >= told.number:
                return
            self._told[told.host, told.about] = told, at
            self.strange += strange
            if told.gap:
                self._gaps.add(told.host)
            for one in unlogged:
                self._note_full(told.host, one)
            for drop in new:
                self._add(drop)
            self._changed.notify_all()

    def newest(self, projects: Collection[ProjectId] | None, before: int | None = None) -> Iterator[Drop]:
        """The entries of some projects (None: of all), the one that changed last first.

        `before` a number: those that changed before that and not since.
        """
        with self._changed:
            found = [d for kept in self._of(projects) for d in kept.entries.values()]
        found.sort(key=lambda drop: -drop.number)
        return (drop for drop in found if before is None or drop.number < before)

    def after(self, number: int, projects: Collection[ProjectId] | None) -> tuple[Sequence[Drop], bool, int]:
        """The entries that changed after `number`, in order; whether some are gone; how far this is."""
        with self._changed:
            kept = self._of(projects)
            found = [d for one in kept for d in _changed_after(one, number)]
            lost = any(one.forgotten_to > number for one in kept)
            return sorted(found, key=lambda drop: drop.number), lost, self._number

    def wait(self, number: int, timeout_s: float) -> None:
        """Return when something changed after `number`, or the time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > number, timeout_s)

    def missing(
        self, projects: Collection[ProjectId] | None, hosts: Collection[HostName], now: datetime
    ) -> Missing:
        """What is missing of `projects`, whose ports are on `hosts`."""
        with self._changed:
            kept = self._of(projects)
            told, watched = (self._heard(about, now) for about in (About.LOG, About.SPOOFING))
            return Missing(
                forgotten=sum(one.forgotten for one in kept),
                unlogged=sum(one.unlogged for one in kept),
                gaps=sorted(self._gaps & set(hosts)),
                silent=sorted(set(hosts) - told),
                unwatched=sorted(set(hosts) - watched),
            )

    def _heard(self, about: About, now: datetime) -> set[HostName]:
        """The hosts that told of it lately."""
        return {host for (host, what), (_, at) in self._told.items() if what is about and now - at <= FRESH}

    def _of(self, projects: Collection[ProjectId] | None) -> list[_Kept]:
        wanted: Mapping[ProjectId, _Kept] = self._kept
        return [kept for project, kept in wanted.items() if projects is None or project in projects]

    def _note_full(self, host: HostName, one: Unlogged) -> None:
        kept = self._kept.setdefault(one.project_id, _Kept())
        kept.unlogged += one.packets
        self.unlogged += one.packets
        windows = self._full.setdefault((host, one.project_id, one.asked), deque(maxlen=_WINDOWS))
        windows.append(one)
        for flow, drop in list(kept.entries.items()):
            if flow.host == host and flow.asked == one.asked and not drop.at_least and _overlap(drop, one):
                self._put(kept, replace(drop, at_least=True))

    def _add(self, drop: Drop) -> None:
        flow = drop.flow
        kept = self._kept.setdefault(flow.project_id, _Kept())
        if flow.asked is None:
            self.spoofed += drop.count
        else:
            self.seen[flow.verdict] += drop.count
        windows = self._full.get((flow.host, flow.project_id, flow.asked), ())
        drop = replace(drop, at_least=any(_overlap(drop, one) for one in windows))
        was = kept.entries.get(flow)
        if was is None:
            self._entries += 1
        else:
            drop = replace(
                drop,
                count=was.count + drop.count,
                first_at=min(was.first_at, drop.first_at),
                last_at=max(was.last_at, drop.last_at),
                at_least=was.at_least or drop.at_least,
            )
        self._put(kept, drop)
        self._make_room(kept)

    def _put(self, kept: _Kept, drop: Drop) -> None:
        self._number += 1
        kept.entries[drop.flow] = replace(drop, number=self._number)
        kept.entries.move_to_end(drop.flow)

    def _make_room(self, kept: _Kept) -> None:
        if len(kept.entries) > MOST_OF_A_PROJECT:
            self._forget(kept)
        elif self._entries > MOST:
            self._forget(max(self._kept.values(), key=lambda one: len(one.entries)))

    def _forget(self, kept: _Kept) -> None:
        _, gone = kept.entries.popitem(last=False)
        self._entries -= 1
        kept.forgotten += 1
        kept.forgotten_to = max(kept.forgotten_to, gone.number)


def _overlap(drop: Drop, full: Unlogged) -> bool:
    return drop.first_at <= full.until and full.since <= drop.last_at


def _changed_after(kept: _Kept, number: int) -> Iterator[Drop]:
    """From the end backwards: only what changed is looked at."""
    for drop in reversed(kept.entries.values()):
        if drop.number <= number:
            return
        yield drop
