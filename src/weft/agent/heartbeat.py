"""The host's sign of life, and the states of its ports as the switch shows them."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from weft.agent.leases import Leases, Server
from weft.agent.vswitch import Vswitch
from weft.client import ClientError, HeartbeatTold, ProblemError
from weft.model.network import HOST
from weft.ovsdb import OvsdbUnavailable

log = structlog.get_logger()

PERIOD_S = 10.0


class Rider(Protocol):
    """What goes with a beat, so that it costs no request of its own. May be called beside its own thread."""

    def said(self) -> Mapping[str, object]: ...  # noqa: D102 - more of the beat's body
    def heard(self, told: HeartbeatTold) -> None: ...  # noqa: D102 - the answer


class Heartbeat:
    """A thread that beats until it is closed."""

    def __init__(
        self,
        server: Server,
        host: str,
        *,
        switch: Vswitch,
        leases: Leases,
        details: Callable[[], Mapping[str, object]],
        riders: Sequence[Rider] = (),
    ) -> None:
        """`details` says what the agent is, how it stands with engines, and what was found on this host."""
        self._riders = riders
        self._server, self._host = server, host
        self._switch, self._leases, self._details = switch, leases, details
        self._end = threading.Event()
        self._down = False
        self._up: frozenset[str] = frozenset()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._end.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self.beat()
            except ClientError as error:
                if not self._down:
                    log.warning("heartbeat not delivered", why=str(error))
                self._down = True
            else:
                if self._down:
                    log.info("server reached again")
                self._down = False
            self._end.wait(PERIOD_S)

    def beat(self) -> None:
        """One sign of life, and `up` for ports that came up since the last one. Raises ClientError."""
        beside = {name: value for rider in self._riders for name, value in rider.said().items()}
        told = self._server.heartbeat(
            self._host,
            datapath=self._datapath(),
            physical_networks=self._physical_networks(),
            ports=len(self._leases.journal.leases()),
            **self._details(),
            **beside,
        )
        for rider in self._riders:
            rider.heard(told)
        if self._down:
            self._up = frozenset()  # a server that was away may not have heard
        known = {lease.port_id for lease in self._leases.journal.leases()}
        up = self._switch.installed() & known
        for port_id in sorted(up - self._up):
            try:
                self._leases.tell(port_id, "up")
            except ProblemError as error:
                log.warning("port status not accepted", port_id=port_id, why=str(error))
        self._up = up

    def _physical_networks(self) -> list[str] | None:
        try:
            return sorted(self._switch.physical_networks() | {HOST})
        except OvsdbUnavailable:
            return None

    def _datapath(self) -> str:
        try:
            return self._switch.datapath()
        except OvsdbUnavailable:
            return "unknown"
