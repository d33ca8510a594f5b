"""Domains get their ports: attached when they start, kept while they are defined, freed when they go.

What a domain wants is read from its XML, running and configured; events only say which to read again, and
a complete comparison at every connection and on a timer finds what they missed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from weft.agent.attachment import Attachment, Lease
from weft.agent.leases import Leases
from weft.agent.libvirt.domains import (
    OFFLOADS,
    RUNTIME,
    Machine,
    Nic,
    Place,
    domain_of,
    mac_of,
    parse,
    pinned,
    place,
    wanted_by,
    workload_of,
)
from weft.agent.libvirt.hypervisor import Domain, Hypervisor, HypervisorRefused, News
from weft.agent.libvirt.mirror import Mirror
from weft.client import ClientError, Port, ServerUnreachable
from weft.model.errors import Invalid
from weft.ovsdb import OvsdbError, OvsdbUnavailable

log = structlog.get_logger()

INSTALL_S = 10.0
RETRY_S = 2.0


class Taps(Protocol):
    """What domains ask of the switch; Vswitch and its fake."""

    def datapath(self) -> str: ...  # noqa: D102
    def carry(self, name: str, port_id: str, mtu: int) -> bool: ...  # noqa: D102
    def installed(self) -> frozenset[str]: ...  # noqa: D102


@dataclass
class Watch:
    """One hypervisor's domains. Belongs to one thread; every call blocks."""

    hypervisor: Hypervisor
    leases: Leases
    switch: Taps
    networks: Mirror
    clock: Callable[[], float]
    grace_s: float = 60.0
    """How long a domain must be missing from libvirt's listing before its ports are freed."""
    _told: dict[str, Attachment] = field(default_factory=dict)
    """What the server has been told, by port id."""
    _taps: dict[str, str] = field(default_factory=dict)
    """Where each port is plugged, by port id."""
    _awaited: dict[str, float] = field(default_factory=dict)
    """Until when each port's flows are waited for."""
    _failing: dict[str, str] = field(default_factory=dict)
    """What is to be tried again, by the workload's id: why it failed, or nothing if it is only late."""
    _missing: dict[str, float] = field(default_factory=dict)
    _retry_at: float = 0.0
    _away_until: float = 0.0

    def resync(self) -> None:
        """Make networks and ports what all domains together want. Raises HypervisorUnavailable."""
        domains = self.hypervisor.domains()
        self.networks.compare(domains)
        bound = self._bound()
        if bound is not None:
            ids = {port.id for port in bound}
            self._told = {port_id: said for port_id, said in self._told.items() if port_id in ids}
        for domain in domains:
            self._compare(domain, bound or ())
        self._free_missing({domain.uuid for domain in domains}, bound or ())

    def take(self, news: News) -> None:
        """Act on what happened, and on what was to be tried again. Raises HypervisorUnavailable."""
        now = self.clock()
        if self.networks.due(now) or news.networks:
            self.networks.compare(self.hypervisor.domains())
            self._retry_at = now  # what failed may have waited for a network
        again: set[str] = set()
        if now >= self._retry_at:
            self._retry_at = now + RETRY_S
            again = {workload_id.partition("/")[0] for workload_id in self._failing}
        for uuid in sorted(news.domains | again):
            domain = self.hypervisor.domain(uuid)
            if domain is not None:
                self._compare(domain)
                continue
            self._forget(uuid)
            if uuid in news.undefined:
                for lease in self._leases_of(uuid):
                    self._free(lease.port_id)
        self._report_installed()

    @property
    def busy(self) -> bool:
        """Whether something is expected to happen that no event tells of."""
        return bool(self._awaited)

    # Domains

    def _compare(self, domain: Domain, bound: Iterable[Port] = ()) -> None:
        here = None if domain.live is None else parse(domain.live)
        later = None if domain.config is None else parse(domain.config)
        machines = [machine for machine in (here, later) if machine is not None]
        ports: dict[str, Lease | Port] = {port.id: port for port in _ports_of(domain.uuid, bound)}
        ports |= {lease.port_id: lease for lease in self._leases_of(domain.uuid)}
        for port_id, port in ports.items():
            if not any(self._holds(machine, port) for machine in machines):
                self._free(port_id)
        if here is None:
            self._forget(domain.uuid)
        else:
            self._attach(here)
        if later is not None:
            self._pin(later, {nic.mac: nic.interface_id for nic in here.nics} if here else {})

    def _holds(self, machine: Machine, port: Lease | Port) -> bool:
        """Whether a domain still has the interface that `port` is for, on that network."""
        for nic in machine.nics:
            if port.workload is None or nic.mac != mac_of(port.workload):
                continue
            at = place(machine, nic, self.networks.ours)
            if at is not None and at.is_of(port):
                return True
            if at is None and nic.source_network and nic.source_network not in self.networks.names:
                return True  # its libvirt network was taken away, and may come back
        return False

    def _attach(self, machine: Machine) -> None:
        wishes = [(nic, at) for nic in machine.nics if (at := place(machine, nic, self.networks.ours))]
        ids = {f"{machine.uuid}/{nic.mac}" for nic, _ in wishes}
        for workload_id in [w for w in self._failing if _within(machine.uuid, w) and w not in ids]:
            del self._failing[workload_id]
        for nic, at in wishes:
            if not nic.interface_id:
                continue  # libvirt is still starting the domain; its event follows
            lease = self._lease(machine, nic, at)
            if lease is None:
                continue
            workload_id = f"{machine.uuid}/{nic.mac}"
            if self._carry(lease, nic) and lease.port_id in self._told:
                self._failing.pop(workload_id, None)
            else:
                self._failing.setdefault(workload_id, "")

    def _lease(self, machine: Machine, nic: Nic, at: Place) -> Lease | None:
        """The interface's port, from the server if it has to be told something; None on failure."""
        workload = workload_of(machine, nic, self.hypervisor.engine)
        try:
            wanted = wanted_by(machine, nic, at, self.hypervisor.engine)
        except Invalid as error:
            self._fail(
                Attachment(network=at.network, project=at.project, workload=workload, labels={}), error
            )
            return None
        known = self.leases.remembered(wanted)
        if known is not None and self._told.get(known.port_id) == wanted:
            return known
        try:
            lease = self._ask(wanted)
        except ServerUnreachable as error:
            if known is None:
                self._fail(wanted, error)
            else:
                self._told.pop(known.port_id, None)  # the lease of old does; the server is told later
            return known
        except ClientError as error:
            self._fail(wanted, error)
            return None
        self._told[lease.port_id] = wanted
        log.info("domain attached", domain=machine.name, port_id=lease.port_id, mac=nic.mac)
        return lease

    def _ask(self, wanted: Attachment) -> Lease:
        """While the server is away, one question per moment waits for it."""
        if self.clock() < self._away_until:
            raise ServerUnreachable("the Weft server", "it did not answer a moment ago")
        try:
            return self.leases.ask(wanted)
        except ServerUnreachable:
            self._away_until = self.clock() + RETRY_S
            raise

    def _fail(self, wanted: Attachment, error: Exception) -> None:
        """Told once for each reason; tried again and again."""
        reason = str(error)
        before = self._failing.get(wanted.workload.id)
        self._failing[wanted.workload.id] = reason
        if isinstance(error, ServerUnreachable):
            if not before:
                log.error("domain not attached", domain=wanted.workload.name, why=reason)
        elif before != reason:
            self.leases.report_failure(wanted, wanted.workload, reason)

    def _carry(self, lease: Lease, nic: Nic) -> bool:
        """The tap becomes the port's, whatever id libvirt wrote; OVN then installs its flows."""
        try:
            if not self.switch.carry(nic.tap, lease.port_id, lease.mtu):
                return False  # the domain is about to start, or ending
            userspace = self.switch.datapath() == "netdev"
        except (OvsdbError, OvsdbUnavailable) as error:
            log.warning("port not plugged", tap=nic.tap, port_id=lease.port_id, why=str(error))
            return False
        if self._taps.get(lease.port_id) == nic.tap:
            return True
        self._taps[lease.port_id] = nic.tap
        self._awaited[lease.port_id] = self.clock() + INSTALL_S
        warning = OFFLOADS if userspace and nic.leaves_checksums else ""
        self.leases.remark(lease.port_id, warning)
        if warning:
            log.warning("offloads are on", tap=nic.tap, port_id=lease.port_id, why=warning)
        return True

    def _report_installed(self) -> None:
        installed = self.switch.installed() if self._awaited else frozenset()
        for port_id, until in list(self._awaited.items()):
            if port_id in installed:
                self.leases.report(port_id, "up")
            elif self.clock() >= until:
                reason = f"OVN has not installed the port's flows within {INSTALL_S:g} s; "
                self.leases.report(port_id, "pending", reason + "is ovn-controller running?")
            else:
                continue
            del self._awaited[port_id]

    def _pin(self, later: Machine, started_with: Mapping[str, str]) -> None:
        """Write the port's id into the domain's configuration, where that names none.

        libvirt would invent another one at each start, and only the agent could say whose it is. Pinned,
        the domain starts as the same port while agent and server are away. An id that the domain was started
        with and that is not its port's (a copied domain) is replaced; one for the next start is a person's.
        """
        for nic in later.nics:
            at = place(later, nic, self.networks.ours)
            if at is None or nic.interface_id not in ("", started_with.get(nic.mac)):
                continue
            workload = workload_of(later, nic, self.hypervisor.engine)
            for lease in self.leases.journal.of_workload(workload):
                if not at.is_of(lease) or nic.interface_id == lease.port_id:
                    continue
                try:
                    self.hypervisor.update_config(later.uuid, pinned(nic, lease.port_id))
                except HypervisorRefused as error:
                    log.warning("port's id not kept", domain=later.name, mac=nic.mac, why=str(error))
                else:
                    log.info("port's id kept", domain=later.name, mac=nic.mac, port_id=lease.port_id)

    # What no domain wants any more

    def _bound(self) -> tuple[Port, ...] | None:
        """This hypervisor's ports as the server has them; None while it cannot be asked."""
        try:
            return self.leases.bound(RUNTIME, self.hypervisor.engine)
        except ClientError as error:
            log.warning("ports of gone domains not looked for", why=str(error))
            return None

    def _leases_of(self, uuid: str) -> tuple[Lease, ...]:
        return tuple(
            lease
            for lease in self.leases.journal.leases()
            if lease.workload is not None
            and (lease.workload.runtime, lease.workload.engine) == (RUNTIME, self.hypervisor.engine)
            and _within(uuid, lease.workload.id)
        )

    def _free_missing(self, present: set[str], bound: Iterable[Port]) -> None:
        """Free the ports of domains that have been gone for longer than the grace time."""
        now = self.clock()
        owners = {port.id: port.workload for port in bound}
        for lease in self.leases.journal.leases():
            if lease.workload is not None and lease.workload.runtime == RUNTIME:
                owners[lease.port_id] = lease.workload
        gone = {port_id for port_id, owner in owners.items() if owner and domain_of(owner) not in present}
        self._missing = {port_id: self._missing.get(port_id, now) for port_id in gone}
        for port_id, first_missed in self._missing.items():
            if now - first_missed >= self.grace_s:
                self._free(port_id)

    def _free(self, port_id: str) -> None:
        """What cannot be freed now is freed by a later resync."""
        try:
            self.leases.free(port_id)
        except ClientError as error:
            log.warning("port not freed", port_id=port_id, why=str(error))
            return
        for kept in (self._told, self._taps, self._awaited):
            kept.pop(port_id, None)

    def _forget(self, uuid: str) -> None:
        """The domain runs no more: its taps are gone, and nothing of it is to be tried again."""
        for lease in self._leases_of(uuid):
            self._taps.pop(lease.port_id, None)
            self._awaited.pop(lease.port_id, None)
        self._failing = {w: why for w, why in self._failing.items() if not _within(uuid, w)}


def _within(uuid: str, workload_id: str) -> bool:
    return workload_id.partition("/")[0] == uuid


def _ports_of(uuid: str, bound: Iterable[Port]) -> Iterable[Port]:
    return (port for port in bound if port.workload and domain_of(port.workload) == uuid)
