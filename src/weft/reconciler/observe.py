"""What the Southbound database shows, told to the store: the one door through which status flows back.

Nothing here changes what users declared. A port is up when OVN says that the host it is bound to has claimed
it; a claim by any other host is an alarm, for a stolen host certificate can make one.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from weft.model.ids import HostName, PortId
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.ovn.southbound import BindingSeen, ChassisSeen, Southbound
from weft.ovsdb import OvsdbUnavailable

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PortSeen:
    """What OVN shows of one port: `up` only on the host that Weft bound it to."""

    port_id: PortId
    up: bool
    host: HostName | None
    alarm: str = ""


def port_seen(port: Port, binding: BindingSeen | None) -> PortSeen:
    """The state of `port`, given its row in the Southbound database, if it has one."""
    if binding is None or binding.chassis is None:
        return PortSeen(port.id, up=False, host=None)
    claimed_by = HostName(binding.chassis)
    if port.host is not None and claimed_by != port.host:
        return PortSeen(
            port.id,
            up=False,
            host=claimed_by,
            alarm=f"host {claimed_by} claims port {port.name} ({port.id}), which is bound to "
            f"{port.host}; check that host's certificate and its Open vSwitch interfaces",
        )
    return PortSeen(port.id, up=binding.up, host=claimed_by)


def ports_seen(snapshot: Snapshot, bindings: Mapping[str, BindingSeen]) -> dict[PortId, PortSeen]:
    """Every declared port, as OVN shows it."""
    return {port.id: port_seen(port, bindings.get(str(port.id))) for port in snapshot.ports.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSink:
    """Where observations go; each is called only when something differs from last time."""

    port: Callable[[PortSeen, datetime], None]
    chassis: Callable[[ChassisSeen, datetime], None]


class Observer:
    """A thread that reports each difference between two looks at the Southbound database."""

    def __init__(
        self,
        southbound: Southbound,
        snapshot: Callable[[], Snapshot],
        sink: StatusSink,
        *,
        now: Callable[[], datetime],
    ) -> None:
        """`snapshot` gives the newest model; `sink` receives what changed."""
        self._southbound = southbound
        self._snapshot = snapshot
        self._sink = sink
        self._now = now
        self._ports: dict[PortId, PortSeen] = {}
        self._chassis: dict[str, ChassisSeen] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when the thread has ended."""
        self._stopping.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look()
                self._southbound.wait(1.0)
            except OvsdbUnavailable as error:
                log.warning("southbound unavailable", reason=str(error))
                self._stopping.wait(1.0)
            except Exception:
                log.exception("observation failed")
                self._stopping.wait(1.0)

    def _look(self) -> None:
        now = self._now()
        seen = ports_seen(self._snapshot(), self._southbound.bindings())
        for port_id, port in seen.items():
            if self._ports.get(port_id) != port:
                if port.alarm:
                    log.warning("port claimed by a stranger", port_id=str(port_id), reason=port.alarm)
                self._sink.port(port, now)
        self._ports = seen
        chassis = dict(self._southbound.chassis())
        for name, one in chassis.items():
            if self._chassis.get(name) != one:
                self._sink.chassis(one, now)
        self._chassis = chassis
