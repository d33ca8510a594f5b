"""Keep the VLANs of bare-metal machines plugged as the server says, and as they were while it is away.

What stands is in the switch's database, so nothing is noted elsewhere: what the server does not name goes,
once the server has answered.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from weft.agent.baremetal.patches import Patch
from weft.client import ClientError, Machine, ProblemError
from weft.ovsdb import OvsdbError

log = structlog.get_logger()

ASK_S = 2.0
"""How often the server is asked."""
RETELL_S = 5.0
"""How often a failure is told again: what OVN shows of the port is told by others, and would cover it."""


class Switch(Protocol):
    """What is asked of Open vSwitch; Vswitch and its fake."""

    def bridge_mappings(self) -> Mapping[str, str]: ...  # noqa: D102
    def bridges(self) -> Mapping[str, str]: ...  # noqa: D102
    def datapath(self) -> str: ...  # noqa: D102
    def patches(self) -> Mapping[str, Patch | None]: ...  # noqa: D102
    def patch(self, patch: Patch) -> None: ...  # noqa: D102
    def unpatch(self, port_id: str) -> None: ...  # noqa: D102
    def installed(self) -> frozenset[str]: ...  # noqa: D102


class Server(Protocol):
    """What is asked of the server; Client and its fake."""

    def host_machines(self, host: str) -> Sequence[Machine]: ...  # noqa: D102
    def set_port_status(self, host: str, port_id: str, state: str, reason: str = "") -> None: ...  # noqa: D102


class Machines:
    """This host's bare-metal machines. For one thread."""

    def __init__(
        self, host: str, server: Server, switch: Switch, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is known, and so nothing is done, before the server has answered once."""
        self._host, self._server, self._switch, self._clock = host, server, switch, clock
        self._asked: float | None = None
        self._said: Sequence[Machine] | None = None
        self._told: dict[str, tuple[str, str, float]] = {}
        """What the server was told of each port: state, reason, and when."""

    def look(self) -> None:
        """Ask if it is time, compare, and put right what differs. Raises OvsdbUnavailable."""
        now = self._clock()
        if self._asked is None or now - self._asked >= ASK_S:
            self._asked = now
            try:
                self._said = self._server.host_machines(self._host)
            except ClientError as error:
                log.debug("bare-metal machines not asked for", why=str(error))
        if self._said is not None:
            self._keep(self._said)

    def _keep(self, machines: Sequence[Machine]) -> None:
        standing = self._switch.patches()
        troubles = {machine.port_id: self._trouble(machine) for machine in machines}
        for port_id in sorted(standing.keys() - {one for one, trouble in troubles.items() if not trouble}):
            self._switch.unpatch(port_id)
            log.info("bare-metal machine unplugged", port_id=port_id)
        for machine in machines:
            if not troubles[machine.port_id]:
                troubles[machine.port_id] = self._plug(machine, standing.get(machine.port_id))
        installed = self._switch.installed()
        for machine in machines:
            self._tell(machine.port_id, troubles[machine.port_id], up=machine.port_id in installed)
        self._told = {port_id: told for port_id, told in self._told.items() if port_id in troubles}

    def _trouble(self, machine: Machine) -> str:
        """Why the machine cannot be reached from this host; empty when it can."""
        name = machine.physical_network
        bridge = self._switch.bridge_mappings().get(name)
        if bridge is None:
            return (
                f"host {self._host} is not connected to physical network {name}; name its bridge there: "
                f"ovs-vsctl set Open_vSwitch . external_ids:ovn-bridge-mappings={name}:BRIDGE"
            )
        kind, wanted = self._switch.bridges().get(bridge), self._switch.datapath()
        if kind is None:
            return (
                f"host {self._host} has no bridge {bridge}, which its ovn-bridge-mappings names for physical "
                f"network {name}; make it there: ovs-vsctl add-br {bridge}"
            )
        if kind != wanted:
            return (
                f"bridge {bridge} of host {self._host} has the datapath {kind}, and OVN's bridge {wanted}; "
                f"both must be alike: ovs-vsctl set Bridge {bridge} datapath_type={wanted}"
            )
        return ""

    def _plug(self, machine: Machine, stands: Patch | None) -> str:
        """Have the machine's VLAN plugged; what went wrong, or empty."""
        bridge = self._switch.bridge_mappings()[machine.physical_network]
        patch = Patch(port_id=machine.port_id, bridge=bridge, vlan=machine.vlan)
        if patch == stands:
            return ""
        try:
            self._switch.patch(patch)
        except OvsdbError as error:
            return (
                f"Open vSwitch of host {self._host} refused VLAN {machine.vlan} of bridge {bridge}: {error}"
            )
        log.info("bare-metal machine plugged", port_id=machine.port_id, bridge=bridge, vlan=machine.vlan)
        return ""

    def _tell(self, port_id: str, trouble: str, *, up: bool) -> None:
        state = "failed" if trouble else "up" if up else "pending"
        before = self._told.get(port_id)
        now = self._clock()
        if before is not None and before[:2] == (state, trouble):
            if not trouble or now - before[2] < RETELL_S:
                return
        elif trouble:
            log.error("bare-metal machine not plugged", port_id=port_id, why=trouble)
        try:
            self._server.set_port_status(self._host, port_id, state, trouble)
        except ProblemError as error:
            log.debug("port status not accepted", port_id=port_id, why=str(error))
        except ClientError as error:
            log.debug("port status not told", port_id=port_id, why=str(error))
            return
        self._told[port_id] = (state, trouble, now)
