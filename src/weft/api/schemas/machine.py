"""Bodies of /hosts/{host}/machines."""

from uuid import UUID

from weft.api.schemas.base import Shown
from weft.model.host import Host
from weft.model.snapshot import Snapshot


class MachineShown(Shown):
    """A bare-metal machine: its port, and the VLAN that it is on."""

    port_id: UUID
    physical_network: str
    vlan: int


class HostMachines(Shown):
    """The bare-metal machines behind a host."""

    items: list[MachineShown]

    @classmethod
    def from_model(cls, snapshot: Snapshot, host: Host) -> "HostMachines":
        """The machines of `host`, in an order of their own."""
        found = [
            MachineShown(port_id=port.id, physical_network=port.physical.name, vlan=port.physical.vlan)
            for port in snapshot.ports.values()
            if port.host == host.name and port.physical is not None and port.physical.vlan is not None
        ]
        return cls(items=sorted(found, key=lambda one: (one.physical_network, one.vlan)))
