"""Tells the server which connections begin at ports of this host that policies in audit are for.

Connection tracking remembers one for a while after its last packet (ovs-vswitchd.conf.db(5),
CT_Timeout_Policy), so looking every ten seconds finds nearly all. Each is told once while it is tracked.
Which ports these are comes with the answer to a heartbeat. While none is, nothing is read and nothing told.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

import structlog

from weft.agent.conntrack import Tracked
from weft.agent.unixctl import CommandRefused, DaemonUnreachable
from weft.client import ClientError, HeartbeatTold

log = structlog.get_logger()

INTERVAL_S = 10.0
MOST_TOLD = 500
"""Connections in one look; what is more is told in later looks, if it is tracked still."""


class Server(Protocol):
    """What is told; `weft.client.Client` and its fake."""

    def report_connections(  # noqa: D102
        self, host: str, *, run: str, number: int, connections: Sequence[Mapping[str, object]]
    ) -> Collection[str]: ...


class Tracking(Protocol):
    """What is asked of connection tracking; Conntrack and its fake."""

    def tracked(self) -> Iterator[Tracked]: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """What is looked at on this host; `zones` are by port id, `clock` is in seconds."""

    tracking: Tracking
    zones: Callable[[], Mapping[str, int]]
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True)
class _At:
    """A connection at a port. `tracked` knows it by its words, which are its own while it lasts."""

    port: str
    tracked: Tracked

    def said(self) -> dict[str, object]:
        connection = self.tracked.connection
        said: dict[str, object] = {
            "port": self.port,
            "source": str(connection.source),
            "destination": str(connection.destination),
            "value": connection.value,
            "source_port": connection.source_port,
        }
        return said if connection.protocol is None else {**said, "protocol": connection.protocol.value}


class Audited:
    """Looks at one host; called again and again, by one thread."""

    def __init__(self, host: str, server: Server, local: Local) -> None:
        """`server` acts as `host`."""
        self._host, self._server, self._local = host, server, local
        self._due = local.clock()
        self._run, self._number = str(uuid4()), 1
        self._ports: frozenset[str] = frozenset()
        self._known: set[_At] = set()
        self._sent: Sequence[_At] | None = None

    def said(self) -> Mapping[str, object]:
        """Nothing: what is new is told by itself."""
        return {}

    def heard(self, told: HeartbeatTold) -> None:
        """Which ports are audited by now."""
        self._ports = frozenset(told.audited)

    def look(self) -> None:
        """Tell what is new, if there is something and it is time.

        A message that was not answered is repeated under its number, as it was: it may have been heard.
        Raises OvsdbUnavailable.
        """
        now = self._local.clock()
        if now < self._due:
            return
        self._due = now + INTERVAL_S
        try:
            if self._sent is None:
                self._sent = self._new() or None
            if self._sent is None:
                return
            told = [one.said() for one in self._sent]
            ports = self._server.report_connections(
                self._host, run=self._run, number=self._number, connections=told
            )
        except (ClientError, CommandRefused, DaemonUnreachable) as error:
            log.warning("connections not told", why=str(error))
            return
        self._known.update(self._sent)
        self._sent, self._number, self._ports = None, self._number + 1, frozenset(ports)

    def _new(self) -> Sequence[_At]:
        """Connections at audited ports that were not told yet; those that ended are forgotten."""
        if not self._ports:
            self._known.clear()
            return ()
        zones = self._local.zones()
        ports = {zones[port]: port for port in self._ports if port in zones}
        here = [_At(ports[one.zone], one) for one in self._local.tracking.tracked() if one.zone in ports]
        self._known.intersection_update(here)
        return [one for one in here if one not in self._known][:MOST_TOLD]
