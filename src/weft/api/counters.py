"""What ports sent and received lately: in memory, bounded, and nowhere else.

Hosts tell what their switch has counted since a port was plugged; what is kept are the differences, from when
this server began. All is seen from the workload: `sent` is before any limit, `received` after every limit.
"""

import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from weft.model.ids import HostName, PortId

SAMPLES = 60
"""What is kept of one port, about 4 kB."""
MOST = 10_000
"""Ports that are kept. In a larger estate the others begin when somebody looks at them."""
PACE_S, WATCHED_PACE_S = 15, 5
"""How often a host tells, and how often when somebody looks at one of its ports."""
WATCHED = timedelta(seconds=30)
"""For so long after a look somebody is taken to be looking."""
SHORTEST_S = 1.0
"""Totals that are closer to those before are not taken: a rate over less says nothing."""
SILENT = timedelta(seconds=3 * PACE_S)
"""A host that has not told for longer is silent: what its ports do is unknown."""


@dataclass(frozen=True, slots=True)
class Count:
    """What went one way; `dropped` are packets that the switch itself lost, whatever policy says."""

    bytes: int
    packets: int
    dropped: int

    def __sub__(self, before: "Count") -> "Count":
        """What was added."""
        return Count(self.bytes - before.bytes, self.packets - before.packets, self.dropped - before.dropped)

    def grew_from(self, before: "Count") -> bool:
        """Whether this can be `before`, later; else the switch has begun to count anew."""
        return (
            self.bytes >= before.bytes and self.packets >= before.packets and self.dropped >= before.dropped
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a port sent and received since it was plugged, at `clock_s` of a clock of the host's."""

    clock_s: float
    sent: Count
    received: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was counted in the `seconds` before `at`."""

    at: datetime
    seconds: float
    sent: Count
    received: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is known of one port: its totals, when they were told, and how they grew."""

    at: datetime
    last: Totals
    samples: Sequence[Sample]


_FIELDS = 8


class _Ring:
    """The last samples of one port, packed."""

    __slots__ = ("at", "last", "packed")

    def __init__(self, totals: Totals, at: datetime) -> None:
        self.at, self.last = at, totals
        self.packed = array("d")

    def add(self, totals: Totals, at: datetime) -> None:
        """What was taken already changes nothing; the switch may have begun anew."""
        before, seconds = self.last, totals.clock_s - self.last.clock_s
        if 0 <= seconds < SHORTEST_S:
            return
        self.at, self.last = at, totals
        if seconds < 0 or not _grew(totals, before):
            return
        sent, received = totals.sent - before.sent, totals.received - before.received
        self.packed.extend((at.timestamp(), seconds, *_numbers(sent), *_numbers(received)))
        del self.packed[: -SAMPLES * _FIELDS]

    def samples(self) -> Iterator[Sample]:
        for start in range(0, len(self.packed), _FIELDS):
            at, seconds, *counts = self.packed[start : start + _FIELDS]
            sent, received = Count(*map(int, counts[:3])), Count(*map(int, counts[3:]))
            yield Sample(at=datetime.fromtimestamp(at, UTC), seconds=seconds, sent=sent, received=received)


def _grew(totals: Totals, before: Totals) -> bool:
    return totals.sent.grew_from(before.sent) and totals.received.grew_from(before.received)


def _numbers(count: Count) -> tuple[int, int, int]:
    return count.bytes, count.packets, count.dropped


class Counters:
    """The counters of all ports, each at the host it is bound to. From any thread."""

    def __init__(self) -> None:
        """Empty."""
        self._lock = threading.Lock()
        self._rings: OrderedDict[tuple[HostName, PortId], _Ring] = OrderedDict()
        self._told: dict[HostName, datetime] = {}
        self._watched: dict[PortId, tuple[HostName, datetime]] = {}

    def __len__(self) -> int:
        """Of how many ports something is kept."""
        return len(self._rings)

    def take(self, host: HostName, told: Mapping[PortId, Totals], at: datetime) -> int:
        """Add what `host` told; in how many seconds it is to tell again. Idempotent by the host's clock."""
        with self._lock:
            self._told[host] = at
            self._forget_looks(at)
            for port, totals in told.items():
                self._take(host, port, totals, at)
            return self._pace(host)

    def pace(self, host: HostName, at: datetime) -> int:
        """In how many seconds `host` is to tell again."""
        with self._lock:
            self._forget_looks(at)
            return self._pace(host)

    def look(self, host: HostName, port: PortId, now: datetime) -> Counted | None:
        """What is known of a port at `host`; None before it told. Has the host tell more often."""
        with self._lock:
            self._forget_looks(now)
            self._watched[port] = host, now
            ring = self._rings.get((host, port))
            return None if ring is None else Counted(at=ring.at, last=ring.last, samples=[*ring.samples()])

    def told(self, host: HostName) -> datetime | None:
        """When `host` told last, if it has."""
        return self._told.get(host)

    def _pace(self, host: HostName) -> int:
        watched = any(where == host for where, _ in self._watched.values())
        return WATCHED_PACE_S if watched else PACE_S

    def _take(self, host: HostName, port: PortId, totals: Totals, at: datetime) -> None:
        ring = self._rings.get((host, port))
        if ring is not None:
            ring.add(totals, at)
            self._rings.move_to_end((host, port))
        elif len(self._rings) < MOST or self._make_room(port, at):
            self._rings[host, port] = _Ring(totals, at)

    def _make_room(self, port: PortId, now: datetime) -> bool:
        """What nobody has told of for long makes room for anyone, and the oldest for who is looked at."""
        oldest = next(iter(self._rings.values()))
        if now - oldest.at > SILENT or port in self._watched:
            self._rings.popitem(last=False)
            return True
        return False

    def _forget_looks(self, now: datetime) -> None:
        self._watched = {port: look for port, look in self._watched.items() if now - look[1] <= WATCHED}
