"""Keep a station on each network that has guests here, as the server says, and as it was while it is away."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol

import structlog

from weft.agent.links import LinkFailed
from weft.agent.metadata.station import Pairs, Standing, is_station_end, station_end
from weft.agent.metadata.station import Switch as StationSwitch
from weft.client import ClientError, GuestTold, Station
from weft.ovsdb import OvsdbError, OvsdbUnavailable

log = structlog.get_logger()

ASK_S = 2.0
"""How often the server is asked."""


class Server(Protocol):
    """What is asked of the server; `weft.client.Client` and its fake."""

    def host_stations(self, host: str) -> tuple[Station, ...]: ...  # noqa: D102
    def guest(self, host: str, network_id: str, address: str) -> GuestTold: ...  # noqa: D102


class Switch(Protocol):
    """What is asked of the switch; Vswitch and its fake."""

    def interfaces(self) -> dict[str, str]: ...  # noqa: D102
    def drop_internal(self, name: str) -> None: ...  # noqa: D102


class WholeSwitch(Switch, StationSwitch, Protocol):
    """What is asked of the switch where stations stand in the kernel; Vswitch."""


class Answering(Protocol):
    """A station that answers; Standing and its fake."""

    station: Station

    def open(self, ask: Callable[[str], GuestTold]) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class Keeper:
    """The stations of one host. Belongs to one thread."""

    def __init__(
        self,
        host: str,
        server: Server,
        switch: Switch,
        make: Callable[[Station], Answering],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is changed before the server has answered once."""
        self._host, self._server, self._switch, self._make = host, server, switch, make
        self._standing: dict[str, Answering] = {}
        self._troubled: dict[str, str] = {}
        self._clock = clock
        self._asked: float | None = None

    @classmethod
    def of(cls, host: str, server: Server, switch: WholeSwitch, links: Pairs) -> "Keeper":
        """The keeper of stations in this host's kernel."""
        return cls(host, server, switch, lambda station: Standing(station, links, switch))

    def look(self) -> None:
        """Ask if it is time, compare, and put right what differs. Raises OvsdbUnavailable."""
        if self._asked is not None and self._clock() - self._asked < ASK_S:
            return
        self._asked = self._clock()
        try:
            wanted = {one.network_id: one for one in self._server.host_stations(self._host)}
        except ClientError as error:
            log.debug("stations not asked for", why=str(error))
            return
        for network_id, standing in list(self._standing.items()):
            if standing.station != wanted.get(network_id):
                self._close(network_id)
        for network_id in wanted.keys() - self._standing.keys():
            self._open(wanted[network_id])
        self._sweep()

    def close(self) -> None:
        """Answer nobody any more: the agent ends."""
        for network_id in list(self._standing):
            with suppress(OvsdbError, OvsdbUnavailable):
                self._close(network_id)

    def _open(self, station: Station) -> None:
        standing = self._make(station)
        try:
            standing.open(partial(self._server.guest, self._host, station.network_id))
        except (LinkFailed, OSError, OvsdbError, OvsdbUnavailable) as error:
            if self._troubled.get(station.network_id) != str(error):
                log.warning("guests not answered", network_id=station.network_id, why=str(error))
            self._troubled[station.network_id] = str(error)
            return
        self._troubled.pop(station.network_id, None)
        self._standing[station.network_id] = standing
        log.info("guests answered", network_id=station.network_id)

    def _close(self, network_id: str) -> None:
        self._standing.pop(network_id).close()
        log.info("guests not answered any more", network_id=network_id)

    def _sweep(self) -> None:
        """Take off the switch what an agent that was killed has left."""
        ours = {station_end(standing.station.port_id) for standing in self._standing.values()}
        for name in self._switch.interfaces():
            if is_station_end(name) and name not in ours:
                self._switch.drop_internal(name)
