"""Ports that a person plugs: a tap, its place on the switch and its line in the journal, all or nothing.

The line in the journal comes last and goes first. So whatever is ours and not in the journal is half made or
half gone, and is removed: no memory of what was under way is needed.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Protocol

import structlog

from weft.agent.attachment import DEFAULT_PROJECT, Lease, Wanted, is_host_end, is_made_tap, tap_of
from weft.agent.leases import Leases
from weft.agent.links import LinkFailed
from weft.agent.manual.messages import PluggedPort
from weft.agent.manual.refusals import check_fits, check_not_plugged, check_usable
from weft.agent.manual.taps import Interface
from weft.agent.plug import INSTALL_S, Flows, PlugFailed, Plugged, await_flows
from weft.client import ClientError, ServerUnreachable
from weft.model.errors import Conflict
from weft.ovsdb import OvsdbError, OvsdbUnavailable

log = structlog.get_logger()

RUNTIME = "manual"
REMADE = "taps.made"
"""In the agent's run_dir, which the machine empties when it boots: taps are the kernel's, and go then."""


class Devices(Protocol):
    """What is asked of the kernel; Taps and its fake."""

    def present(self) -> Mapping[str, Interface]: ...  # noqa: D102
    def make(self, name: str, mtu: int) -> None: ...  # noqa: D102
    def raise_up(self, name: str) -> None: ...  # noqa: D102
    def delete(self, name: str) -> None: ...  # noqa: D102


class Switch(Flows, Protocol):
    """What is asked of the switch; Vswitch and its fake."""

    def datapath(self) -> str: ...  # noqa: D102
    def interfaces(self) -> Mapping[str, str]: ...  # noqa: D102
    def add(self, name: str, lease: Lease) -> None: ...  # noqa: D102
    def remove(self, name: str) -> None: ...  # noqa: D102
    def ours(self) -> tuple[Plugged, ...]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Unplugged:
    """What was unplugged, if anything was, and whether the server knows."""

    port_id: str = ""
    told: bool = True


@dataclass
class Plugging:
    """One host's. May be used from several threads: they take turns."""

    host: str
    leases: Leases
    taps: Devices
    switch: Switch
    own_addresses: Callable[[], Mapping[str, str]]
    """The addresses by which the host is reached, and their interfaces."""
    remade: Path
    clock: Callable[[], float]
    """Seconds, never backwards."""
    grace_s: float = 60.0
    """How long an interface must have been gone before its port is given back."""
    resync_s: float = 60.0
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _gone: dict[str, float] = field(default_factory=dict)
    """Since when the interface of a port is gone."""
    _sweep_at: float | None = None

    def plug(self, wanted: Wanted) -> PluggedPort:
        """Make or take an interface and plug it; returns when the port is up, else nothing has changed.

        Idempotent. Raises Invalid, Conflict, ClientError and PlugFailed.
        """
        with self._turn:
            try:
                return self._plug(wanted)
            except (LinkFailed, OvsdbError, OvsdbUnavailable) as error:
                raise PlugFailed(f"port {wanted.name} could not be plugged: {error}") from error

    def unplug(self, name: str, project: str | None = None) -> Unplugged:
        """Unplug the port of this name, id or interface, and give it back. Idempotent.

        While the server is away it is told later. Raises PlugFailed.
        """
        with self._turn:
            lease = self._called(name, project) or self._on(name)
            if lease is None:
                return Unplugged()
            try:
                self.switch.ours()  # a switch that is away is said before anything is forgotten
                self.leases.journal.forget(lease.port_id)
                self._disconnect(lease)
            except (LinkFailed, OvsdbError, OvsdbUnavailable) as error:
                self._sweep_at = None
                raise PlugFailed(f"port {name} is not unplugged yet: {error}") from error
            log.info("port unplugged", port_id=lease.port_id, interface=lease.tap)
            return Unplugged(lease.port_id, told=self._give_back(lease.port_id))

    def look(self) -> None:
        """Put right what is plugged, and remove what is left over. Raises OvsdbUnavailable."""
        if not self._turn.acquire(blocking=False):
            return
        try:
            if self._sweep_at is not None and not self._plugged() and self.clock() < self._sweep_at:
                return
            present = self.taps.present()
            self._remake(present)
            for lease in self._plugged():
                self._mend(lease, present)
            if self._sweep_at is None or self.clock() >= self._sweep_at:
                self._sweep_at = self.clock() + self.resync_s
                self._sweep(present)
        except (LinkFailed, OvsdbError, ClientError) as error:
            log.warning("plugged ports not looked after", why=str(error))
        finally:
            self._turn.release()

    # Plugging

    def _plug(self, wanted: Wanted) -> PluggedPort:
        known = self._called(wanted.name, wanted.project)
        present, interfaces = self.taps.present(), self.switch.interfaces()
        self._check(wanted, known, present, interfaces)
        lease, revision = self._obtain(wanted, known)
        had = self._plugged_as(lease.port_id)
        try:
            before = known if had is None and self._is_successor(lease, known) else None
            lease = _placed(lease, wanted, had or before)
            check_fits(lease, present)
            self._connect(lease, revision, present, interfaces)
        except BaseException:
            if had is None:
                self._give_back(lease.port_id)
            raise
        self._gone.pop(lease.port_id, None)
        self.leases.journal.keep(lease)
        if before is not None:
            self.leases.journal.forget(before.port_id)
        self.leases.report(lease.port_id, "up")
        log.info("port plugged", port_id=lease.port_id, interface=lease.tap)
        return PluggedPort.of(lease, state="up", userspace=self.switch.datapath() == "netdev")

    def _check(
        self,
        wanted: Wanted,
        known: Lease | None,
        present: Mapping[str, Interface],
        interfaces: Mapping[str, str],
    ) -> None:
        """What this host refuses before the server is asked. A port of ours is where it is."""
        if known is None:
            check_not_plugged(wanted, self.leases.all_bound(), interfaces)
        if wanted.interface is not None and (known is None or known.tap != wanted.interface):
            called = {lease.port_id: _name(lease) for lease in self._plugged()}
            plugged = {interface: called.get(port, port) for interface, port in interfaces.items()}
            check_usable(wanted.interface, present, plugged, self.own_addresses())

    def _is_successor(self, lease: Lease, known: Lease | None) -> bool:
        """Whether the port that had this name was deleted, so that its interface is the new one's."""
        if known is None or known.project != lease.project:
            return False
        return known.port_id not in {port.id for port in self.leases.all_bound()}

    def _obtain(self, wanted: Wanted, known: Lease | None) -> tuple[Lease, int]:
        try:
            return self.leases.plugged(wanted)
        except ServerUnreachable:
            if known is None:
                raise
            log.warning("lease taken from the journal", port_id=known.port_id, workload=wanted.name)
            return known, 0

    def _connect(
        self, lease: Lease, revision: int, present: Mapping[str, Interface], interfaces: Mapping[str, str]
    ) -> None:
        """On failure what this call made is gone; what stood before stands."""
        stood = lease.tap in present and interfaces.get(lease.tap) == lease.port_id
        try:
            if not stood:
                self._stand(lease, made=lease.tap_made and lease.tap not in present)
            deadline = monotonic() + INSTALL_S
            await_flows(lease, revision, deadline, realised=self.leases.realised, switch=self.switch)
        except BaseException:
            if not stood:
                self._disconnect(lease)
            raise

    def _stand(self, lease: Lease, *, made: bool) -> None:
        """`made`: there is no interface yet. A row of an earlier life says nothing of the new one's flows."""
        if made:
            self.taps.make(lease.tap, lease.mtu)
        else:
            self.taps.raise_up(lease.tap)
        self.switch.remove(lease.tap)
        self.switch.add(lease.tap, lease)

    def _disconnect(self, lease: Lease) -> None:
        self.switch.remove(lease.tap)
        if lease.tap_made:
            self.taps.delete(lease.tap)

    def _give_back(self, port_id: str) -> bool:
        """What the server is not told now, it is told by a sweep."""
        try:
            self.leases.free(port_id)
        except ClientError as error:
            log.warning("port not freed", port_id=port_id, why=str(error))
            self._sweep_at = None
            return False
        return True

    # What is plugged

    def _plugged(self) -> tuple[Lease, ...]:
        return tuple(lease for lease in self.leases.journal.leases() if lease.tap)

    def _plugged_as(self, port_id: str) -> Lease | None:
        return next((lease for lease in self._plugged() if lease.port_id == port_id), None)

    def _on(self, interface: str) -> Lease | None:
        return next((lease for lease in self._plugged() if lease.tap == interface), None)

    def _called(self, name: str, project: str | None) -> Lease | None:
        """The port of this id or name that is plugged here."""
        exact = self._plugged_as(name)
        called = [lease for lease in self._plugged() if _name(lease) == name]
        if len(called) > 1 or project is not None:
            called = [lease for lease in called if lease.project == (project or DEFAULT_PROJECT)]
        return exact or next(iter(called), None)

    # Looking after it

    def _remake(self, present: Mapping[str, Interface]) -> None:
        """After a boot: the taps that the kernel has forgotten."""
        if self.remade.exists():
            return
        for lease in self._plugged():
            if lease.tap_made and lease.tap not in present:
                self._stand(lease, made=True)
                log.info("tap made again", port_id=lease.port_id, interface=lease.tap)
        self.remade.parent.mkdir(parents=True, exist_ok=True)
        self.remade.touch()

    def _mend(self, lease: Lease, present: Mapping[str, Interface]) -> None:
        if lease.tap not in present and lease.tap not in self.taps.present():
            since = self._gone.setdefault(lease.port_id, self.clock())
            if self.clock() - since >= self.grace_s:
                log.info("left over", what="port", port_id=lease.port_id, interface=lease.tap)
                self.leases.journal.forget(lease.port_id)
                self._disconnect(lease)
                self._give_back(lease.port_id)
                del self._gone[lease.port_id]
            return
        self._gone.pop(lease.port_id, None)
        if lease.tap not in self.switch.interfaces():
            self._stand(lease, made=False)
            log.info("port plugged again", port_id=lease.port_id, interface=lease.tap)

    def _sweep(self, present: Mapping[str, Interface]) -> None:
        """What is not in the journal is half made or half gone. Nobody else has a turn meanwhile."""
        known = {lease.port_id: lease.tap for lease in self._plugged()}
        for one in self.switch.ours():
            if not is_host_end(one.name) and known.get(one.port_id) != one.name:
                log.info("left over", what="plugged", name=one.name)
                self.switch.remove(one.name)
        for name in present:
            if is_made_tap(name) and name not in known.values():
                log.info("left over", what="tap", name=name)
                self.taps.delete(name)
        for port in self.leases.bound(RUNTIME, self.host):
            lease = self._plugged_as(port.id)
            if lease is not None and lease.workload is not None:
                owner = replace(lease.workload, name=port.name)  # it may have been renamed
                self.leases.journal.keep(replace(lease, workload=owner))
            else:
                log.info("left over", what="port", port_id=port.id)
                self._give_back(port.id)


def _placed(lease: Lease, wanted: Wanted, known: Lease | None) -> Lease:
    """`lease` with its interface. Raises Conflict when it has another one than is wanted."""
    if known is None:
        return replace(
            lease, tap=wanted.interface or tap_of(lease.port_id), tap_made=wanted.interface is None
        )
    if wanted.interface not in (None, known.tap):
        raise Conflict(
            f"port {wanted.name} is plugged as interface {known.tap}; unplug it first", field="interface"
        )
    return replace(lease, tap=known.tap, tap_made=known.tap_made)


def _name(lease: Lease) -> str:
    return lease.workload.name if lease.workload else lease.port_id
