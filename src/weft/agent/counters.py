"""What the workloads on this host sent and received, told to the server.

vswitchd writes its counters into the database every five seconds only (`stats-update-interval`). Rates that
are made of those would be wrong by half, so it is asked itself. What the switch received a workload sent.
A heartbeat carries them; only while somebody looks, or where they are too many, they are told by themselves.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Protocol

import structlog

from weft.agent.heartbeat import PERIOD_S
from weft.agent.unixctl import ANSWER_S, CommandRefused, DaemonUnreachable
from weft.client import ClientError, HeartbeatTold
from weft.ovsdb import OvsdbUnavailable

log = structlog.get_logger()

RETRY_S = 15.0
"""When it is tried again after it went wrong; else the server says when it wants to hear more, if it does."""
MOST_TOLD = 1000
"""Ports in one report."""

_PORT = re.compile(
    r"^  port \d+: (?P<name>\S+)(?: \([^\n]*\))?\n"
    r" +RX packets:(?P<rx_packets>\d+) errors:\S+ dropped:(?P<rx_dropped>\d+) [^\n]*\n"
    r" +TX packets:(?P<tx_packets>\d+) errors:\S+ dropped:(?P<tx_dropped>\d+) [^\n]*\n"
    r" +collisions:[^\n]*\n"
    r" +RX bytes:(?P<rx_bytes>\d+)(?: \([^)]*\))? +TX bytes:(?P<tx_bytes>\d+)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface of the switch, and what went through it; seen from whoever is behind it."""

    name: str
    sent: tuple[int, int, int]
    received: tuple[int, int, int]
    """Bytes, packets, and packets that were dropped."""


def interfaces_in(text: str) -> Iterator[Interface]:
    """The interfaces in the output of `dpctl/show -s` (ovs-dpctl(8)), but for those that cannot count all."""
    for found in _PORT.finditer(text):
        sent = (int(found["rx_bytes"]), int(found["rx_packets"]), int(found["rx_dropped"]))
        received = (int(found["tx_bytes"]), int(found["tx_packets"]), int(found["tx_dropped"]))
        yield Interface(found["name"], sent, received)


class Server(Protocol):
    """What is told; `weft.client.Client` and its fake."""

    def report_counters(self, host: str, message: Mapping[str, object]) -> float: ...  # noqa: D102


class Vswitchd(Protocol):
    """What is asked of ovs-vswitchd; Daemon and its fake."""

    def command(self, name: str, *arguments: str, timeout_s: float = ANSWER_S) -> str: ...  # noqa: D102


class Counters:
    """Looks at one host; called again and again, by one thread."""

    def __init__(
        self,
        host: str,
        server: Server,
        vswitchd: Vswitchd,
        plugged: Callable[[], Mapping[str, str]],
        *,
        clock: Callable[[], float],
    ) -> None:
        """`server` acts as `host`; `plugged` has the port id of each interface; `clock` in seconds."""
        self._host, self._server, self._vswitchd = host, server, vswitchd
        self._plugged, self._clock = plugged, clock
        self._due = inf
        self._many = False
        """There are more ports than go with a heartbeat."""

    def said(self) -> Mapping[str, object]:
        """The counters as a heartbeat carries them, if it can."""
        try:
            messages = self._read()
        except (DaemonUnreachable, CommandRefused, OvsdbUnavailable) as error:
            log.warning("counters not read", why=str(error))
            return {}
        self._many = len(messages) > 1
        return {} if self._many else {"counters": messages[0]}

    def heard(self, told: HeartbeatTold) -> None:
        """Whether more is to be told before the next heartbeat."""
        self._due = min(self._due, self._next(told.counters_pace_s))

    def look(self) -> None:
        """Read the counters and tell them, if it is time. Raises OvsdbUnavailable."""
        now = self._clock()
        if now < self._due:
            return
        self._due = now + RETRY_S
        try:
            for message in self._read():
                pace_s = self._server.report_counters(self._host, message)
        except (DaemonUnreachable, CommandRefused, ClientError) as error:
            log.warning("counters not told", why=str(error))
        else:
            self._due = self._next(pace_s)

    def _next(self, pace_s: float) -> float:
        """When they are told by themselves again."""
        return self._clock() + pace_s if self._many or pace_s < PERIOD_S else inf

    def _read(self) -> Sequence[Mapping[str, object]]:
        """What the switch counted, at least one message. Raises as `Daemon.command`, and OvsdbUnavailable."""
        ports = self._plugged()
        found = list(interfaces_in(self._vswitchd.command("dpctl/show", "-s")))
        read_at = self._clock()
        counted = [_said(ports[one.name], one) for one in found if ports.get(one.name)]
        starts = range(0, max(1, len(counted)), MOST_TOLD)
        return [{"clock_s": read_at, "ports": counted[start : start + MOST_TOLD]} for start in starts]


def _said(port: str, interface: Interface) -> dict[str, object]:
    names = ("bytes", "packets", "dropped")
    sent, received = (
        dict(zip(names, counts, strict=True)) for counts in (interface.sent, interface.received)
    )
    return {"id": port, "sent": sent, "received": received}
