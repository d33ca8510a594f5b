"""What the Southbound database shows, told to the store: the one door through which status flows back.

Nothing here changes what users declared. A port is up when OVN says that the host it is bound to has claimed
it; a claim by any other host is an alarm, for a stolen host certificate can make one. The host that has the
port claims it back within milliseconds, so an alarm is remembered for a while, or nobody would see it.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from weft.model.ids import HostName, PortId
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.ovn.southbound import BindingSeen, ChassisSeen
from weft.ovsdb import OvsdbUnavailable

log = structlog.get_logger()

LONGEST_REST_S = 1.0
"""The time between two looks when the Southbound database tells nothing: the model may have moved."""
SETTLE = timedelta(seconds=1)
"""Between two looks for what has become enforced without any news of hosts, as when one retires."""
REMEMBERED = timedelta(seconds=30)
"""How long a port says that a stranger had claimed it, after the claim ended."""


@dataclass(frozen=True, slots=True)
class PortSeen:
    """What OVN shows of one port: `up` only on the host that Weft bound it to.

    `alarm` is set while another host claims it, `remembered` for some time after that.
    """

    port_id: PortId
    up: bool
    host: HostName | None
    alarm: str = ""
    remembered: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """That `stranger` claimed a port, when that was last seen."""

    stranger: HostName
    at: datetime


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


class Seen(Protocol):
    """Where it looks: `weft.ovn.southbound`, or the tests' fake."""

    def changed_bindings(self) -> Mapping[str, BindingSeen | None]: ...  # noqa: D102
    def chassis(self) -> Mapping[str, ChassisSeen]: ...  # noqa: D102
    def wait(self, timeout_s: float) -> bool: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSink:
    """Where observations go. What could not be written is brought again with the next look."""

    ports: Callable[[Sequence[PortSeen], datetime], None]
    """Ports that differ from last time."""
    chassis: Callable[[Mapping[str, ChassisSeen | None], datetime], None]
    """Hosts that differ from last time, None for those that OVN does not know any more. It settles, too."""
    settle: Callable[[], object]
    """Called after each look that found no news of hosts: the model may have moved."""


class Observer:
    """A thread that reports each difference between two looks at the Southbound database."""

    def __init__(
        self,
        southbound: Seen,
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
        self._declared: Mapping[PortId, Port] = {}
        self._bindings: dict[str, BindingSeen] = {}
        self._ports: dict[PortId, PortSeen] = {}
        self._claims: dict[PortId, Claim] = {}
        self._unsure: set[PortId] = set()
        self._chassis: dict[str, ChassisSeen | None] = {}
        """What the sink was told; a host that it was never told of may have been known by an earlier life."""
        self._plugged: frozenset[HostName] | None = None
        self._settled_at: datetime | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when the thread has ended."""
        self._stopping.set()
        self._thread.join(timeout=10)

    def claimed(self, port_id: PortId) -> bool:
        """Whether a stranger claims the port, or did a moment ago: then nobody else says how it is.

        From any thread.
        """
        return port_id in self._claims

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
                self._southbound.wait(LONGEST_REST_S)
            except OvsdbUnavailable as error:
                log.warning("southbound unavailable", reason=str(error))
                self._stopping.wait(LONGEST_REST_S)
            except Exception:
                log.exception("observation failed")
                self._stopping.wait(LONGEST_REST_S)

    def look(self) -> None:
        """One look: it costs what changed since the last one."""
        now = self._now()
        self._look_at_ports(now)
        if not self._look_at_hosts(now) and self._may_settle(now):
            self._sink.settle()
            self._settled_at = now

    def _may_settle(self, now: datetime) -> bool:
        """Whether there is another set of hosts to wait for than at the last look, or that was long ago."""
        plugged, self._plugged = self._plugged, self._snapshot().plugged_hosts
        return plugged != self._plugged or self._settled_at is None or now - self._settled_at >= SETTLE

    def _look_at_ports(self, now: datetime) -> None:
        ports = self._snapshot().ports
        self._take_in(self._southbound.changed_bindings(), ports)
        self._forget_old_claims(now)
        seen = [self._see(ports[port_id], now) for port_id in self._unsure if port_id in ports]
        news = [port for port in seen if self._ports.get(port.port_id) != port]
        for port in news:
            self._log(port, self._ports.get(port.port_id))
        if news:
            self._sink.ports(news, now)
        self._ports.update({port.port_id: port for port in news})
        self._unsure.clear()

    def _see(self, port: Port, now: datetime) -> PortSeen:
        seen = port_seen(port, self._bindings.get(str(port.id)))
        if seen.alarm and seen.host is not None:
            self._claims[port.id] = Claim(seen.host, now)
        elif (claim := self._claims.get(port.id)) is not None:
            if (before := self._ports.get(port.id)) is not None and before.alarm:
                claim = self._claims[port.id] = replace(claim, at=now)
            return replace(seen, remembered=_remembered(port, claim))
        return seen

    def _forget_old_claims(self, now: datetime) -> None:
        """A claim that still stands is seen again, hence is not forgotten."""
        old = {port_id for port_id, claim in self._claims.items() if now - claim.at >= REMEMBERED}
        for port_id in old:
            del self._claims[port_id]
        self._unsure |= old

    @staticmethod
    def _log(port: PortSeen, before: PortSeen | None) -> None:
        if port.alarm:
            log.warning("port claimed by a stranger", port_id=str(port.port_id), reason=port.alarm)
        elif before is not None and before.alarm:
            log.warning("port not claimed by a stranger any more", port_id=str(port.port_id), host=port.host)

    def _take_in(self, changed: Mapping[str, BindingSeen | None], ports: Mapping[PortId, Port]) -> None:
        """Note which ports must be looked at: their row is another, or their declaration."""
        for name, binding in changed.items():
            if binding is None:
                self._bindings.pop(name, None)
            else:
                self._bindings[name] = binding
            if (port_id := _port_id(name)) is not None:
                self._unsure.add(port_id)
        if ports is not self._declared:
            self._unsure.update(i for i, port in ports.items() if self._declared.get(i) is not port)
            for gone in self._declared.keys() - ports.keys():
                self._ports.pop(gone, None)
                self._claims.pop(gone, None)
            self._declared = ports

    def _look_at_hosts(self, now: datetime) -> bool:
        """Whether there was news."""
        chassis = self._southbound.chassis()
        seen = {**dict.fromkeys([*self._snapshot().hosts, *self._chassis]), **chassis}
        news = {name: one for name, one in seen.items() if self._chassis.get(name, self) != one}
        if news:
            self._sink.chassis(news, now)
        self._chassis.update(news)
        return bool(news)


def _remembered(port: Port, claim: Claim) -> str:
    return (
        f"host {claim.stranger} claimed port {port.name} ({port.id}) until {claim.at:%H:%M:%S} UTC, "
        f"though it is bound to {port.host}; check the certificate and the Open vSwitch interfaces of "
        f"{claim.stranger}"
    )


def _port_id(name: str) -> PortId | None:
    """The port that a logical port is, if it is one of ours: ours are called by their ids."""
    try:
        return PortId(UUID(name))
    except ValueError:
        return None
