"""What each command of a runtime does: ports that live as long as their container's interface.

The line in the journal comes before the interface and goes after it. An interface goes with its namespace,
by the kernel; so a port in the journal whose interface is gone is over, whether or not anybody says so, and
one of the server's that is not in the journal was never finished. No memory of what was under way is needed.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Protocol

import structlog

from weft.agent.attachment import Lease, host_end
from weft.agent.cni import results
from weft.agent.cni.call import RUNTIME, Call, call_from, workload_id
from weft.agent.cni.deferred import Deferred
from weft.agent.cni.refusal import EXPECTED, Code, Refusal, refusal_of
from weft.agent.leases import Leases
from weft.agent.links import Inside
from weft.agent.plug import INSTALL_S, PlugFailed, Switch, VethPairs, await_flows, plug_inside, unplug
from weft.client import ClientError, Network, ServerUnreachable
from weft.model.port import Workload
from weft.ovsdb import OvsdbUnavailable

log = structlog.get_logger()

CONVERGE_S = 2.0
"""CHECK may come just after ADD, and OVN may just be at work."""
OWN = Path("/proc/self/ns/net")


class Ready(Switch, Protocol):
    """What is asked of the switch; Vswitch and its fake."""

    def ready(self, timeout_s: float) -> None: ...  # noqa: D102


@dataclass
class Attaching:
    """One host's. May be used from several threads: those that mean the same attachment take turns."""

    leases: Leases
    links: VethPairs
    switch: Ready
    deferred: Deferred
    networks: Callable[[], tuple[Network, ...]]
    """The networks of this host, asked for now. Raises ClientError."""
    clock: Callable[[], float]
    """Seconds, never backwards."""
    grace_s: float = 60.0
    """How long an interface must have been gone before its port is given back."""
    resync_s: float = 60.0
    _turns: dict[tuple[str, str], "_Turn"] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _gone: dict[str, float] = field(default_factory=dict)
    """Since when the interface of a port is gone."""
    _sweep_at: float | None = None

    def serve(self, message: bytes, namespace: Path | None) -> str:
        """Do what the shim passed on; what the runtime is to read. Raises Refusal."""
        call = call_from(message)
        try:
            match call.command:
                case "ADD":
                    return self._add(call, _foreign(call, namespace))
                case "DEL":
                    self._delete(call)
                case "CHECK":
                    self._check(call, _foreign(call, namespace))
                case "GC":
                    self._collect(call)
                case _:
                    self._status(call)
        except EXPECTED as error:
            raise refusal_of(error) from error
        return ""

    def look(self) -> None:
        """End what was deferred, and now and then whatever is over. Raises OvsdbUnavailable."""
        for file, message in self.deferred.calls():
            try:
                self._delete(call_from(message), deferred=file)
            except Refusal as error:
                log.warning("deferred DEL not understood", file=file.name, why=str(error))
                file.unlink(missing_ok=True)
        if self._sweep_at is not None and self.clock() < self._sweep_at:
            return
        self._sweep_at = self.clock() + self.resync_s
        self._sweep_ended()
        self._sweep_unfinished()

    # The commands

    def _add(self, call: Call, namespace: Path) -> str:
        with self._turn(call.workload):
            self.deferred.forget(call.container, call.interface)
            if self.links.look_inside(namespace, call.interface) is not None:
                raise Refusal(
                    Code.PARAMETER, f"the container has an interface CNI_IFNAME={call.interface} already"
                )
            lease = self.leases.obtain(call.wanted)
            try:
                inside = self._plug(call, lease, namespace)
            except BaseException:
                self._end(lease)
                raise
            for other in self.leases.journal.of_workload(call.workload):
                if other.port_id != lease.port_id:  # of an earlier life, on another network
                    self._end(other)
        self.leases.report(lease.port_id, "up")
        log.info("container attached", container=call.container, port_id=lease.port_id)
        return results.result(call, lease, inside)

    def _plug(self, call: Call, lease: Lease, namespace: Path) -> Inside:
        began = monotonic()
        plug_inside(lease, namespace, links=self.links, switch=self.switch, called=call.interface)
        await_flows(lease, 0, began + INSTALL_S, realised=self.leases.realised, switch=self.switch)
        inside = self.links.look_inside(namespace, call.interface)
        if inside is None:
            raise PlugFailed(f"interface {call.interface} went away while it was plugged")
        return inside

    def _delete(self, call: Call, *, deferred: Path | None = None) -> None:
        """Never fails: what cannot be given back now is given back by a sweep.

        What was `deferred` is over when the container was added anew meanwhile.
        """
        with self._turn(call.workload):
            if deferred is not None and not deferred.exists():
                return
            for lease in self.leases.journal.of_workload(call.workload):
                self._end(lease)
            self.deferred.forget(call.container, call.interface)
        log.info("container detached", container=call.container)

    def _check(self, call: Call, namespace: Path) -> None:
        with self._turn(call.workload):
            lease = next(iter(self.leases.journal.of_workload(call.workload)), None)
            if lease is None:
                raise Refusal(
                    Code.UNKNOWN_CONTAINER,
                    f"container {call.container} has no port here for {call.interface}; ADD it again",
                )
            inside = self.links.look_inside(namespace, call.interface)
            found = results.differences(call, lease, inside)
            if not self.switch.wait_installed(lease.port_id, CONVERGE_S):
                found.append(f"OVN has not installed port {lease.port_id}; check ovn-controller here")
            found += self._unlike_declared(lease)
        if found:
            raise Refusal(Code.DIFFERS, f"container {call.container}: {found[0]}", details="; ".join(found))

    def _unlike_declared(self, lease: Lease) -> list[str]:
        """What the server has otherwise; while it is away traffic flows, and nothing is wrong."""
        try:
            bound = {port.id: port for port in self.leases.all_bound()}
        except ServerUnreachable:
            return []
        port = bound.get(lease.port_id)
        if port is None:
            return [f"the server has no port {lease.port_id} on this host any more"]
        declared = {fixed.address for fixed in port.fixed_ips}
        if not all(lease.has(address) for address in declared) or len(declared) != len(lease.prefixes):
            return [f"the server has port {lease.port_id} with {', '.join(sorted(declared))}"]
        return []

    def _collect(self, call: Call) -> None:
        """Free what this network has and the runtime does not list. Tries all of it, then tells."""
        valid = {workload_id(*one) for one in call.config.valid}
        over = {
            lease.workload.id: lease.workload
            for lease in self._own()
            if lease.workload is not None and lease.workload.engine == call.config.name
        }
        for workload in (one for one in over.values() if one.id not in valid):
            with self._turn(workload):
                for lease in self.leases.journal.of_workload(workload):
                    self._end(lease)
        for port in self.leases.bound(RUNTIME, call.config.name):
            if port.workload is not None and port.workload.id not in valid:
                self.leases.free(port.id)

    def _status(self, call: Call) -> None:
        try:
            self.switch.ready(CONVERGE_S)
        except OvsdbUnavailable as error:
            raise Refusal(Code.LIMITED, f"Open vSwitch does not answer on this host: {error}") from error
        try:
            served = self.networks()
        except ClientError as error:
            raise Refusal(Code.UNAVAILABLE, str(error)) from error
        config = call.config
        if not any(
            config.network in (n.id, n.name) and config.project in (n.project, n.project_id) for n in served
        ):
            raise Refusal(
                Code.UNAVAILABLE,
                f"no network {config.network} of project {config.project} that this host may use; make it, "
                "or let the host serve the project: weft host set",
            )

    # What is over

    def _end(self, lease: Lease) -> None:
        """Unplug and give back, as far as that can be done now. Idempotent."""
        try:
            unplug(lease.port_id, links=self.links, switch=self.switch)
            self.leases.free(lease.port_id)
            self._gone.pop(lease.port_id, None)
        except (PlugFailed, ClientError) as error:
            log.warning("port not freed yet", port_id=lease.port_id, why=str(error))

    def _sweep_ended(self) -> None:
        """Ports whose interface is gone for good."""
        present, now = self.links.ours(), self.clock()
        gone = [lease for lease in self._own() if host_end(lease.port_id) not in present]
        self._gone = {lease.port_id: self._gone.get(lease.port_id, now) for lease in gone}
        for lease in gone:
            if lease.workload is not None and now - self._gone[lease.port_id] >= self.grace_s:
                with self._turn(lease.workload):
                    if not self.links.exists(host_end(lease.port_id)):
                        log.info("left over", what="port", port_id=lease.port_id)
                        self._end(lease)

    def _sweep_unfinished(self) -> None:
        """Ports that the server made for an ADD that ended in the middle.

        Listed first: an ADD that begins later is not in the list; one that is under way has a turn; one that
        is done is in the journal.
        """
        try:
            bound = self.leases.all_bound()
        except ClientError as error:
            log.debug("ports of this host not listed", why=str(error))
            return
        with self._guard:
            busy = set(self._turns)
        known = {lease.port_id for lease in self.leases.journal.leases()}
        for port in bound:
            owner = port.workload
            if owner is None or owner.runtime != RUNTIME or port.id in known:
                continue
            if (owner.engine, owner.id) not in busy:
                log.info("left over", what="port", port_id=port.id)
                try:
                    self.leases.free(port.id)
                except ClientError as error:
                    log.warning("port not freed yet", port_id=port.id, why=str(error))

    def _own(self) -> tuple[Lease, ...]:
        leases = self.leases.journal.leases()
        return tuple(lease for lease in leases if lease.workload and lease.workload.runtime == RUNTIME)

    @contextmanager
    def _turn(self, workload: Workload) -> Iterator[None]:
        """One at a time for each attachment: a runtime that has given up on ADD sends DEL."""
        key = (workload.engine, workload.id)
        with self._guard:
            turn = self._turns.setdefault(key, _Turn())
            turn.waiting += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._guard:
                turn.waiting -= 1
                if not turn.waiting:
                    del self._turns[key]


@dataclass
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: int = 0


def _foreign(call: Call, namespace: Path | None) -> Path:
    """The container's namespace. Raises Refusal when it is gone, or the host's own."""
    if namespace is None:
        raise Refusal(
            Code.PARAMETER, f"CNI_NETNS={call.namespace} is not there, or not for the agent to open"
        )
    if namespace.stat()[1:3] == OWN.stat()[1:3]:  # inode and device: namespaces(7)
        raise Refusal(Code.PARAMETER, f"CNI_NETNS={call.namespace} is the host's own network namespace")
    return namespace
