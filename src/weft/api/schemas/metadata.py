"""Bodies of what a host has to know to tell its guests of themselves: /hosts/{host}/metadata."""

from base64 import b64encode
from ipaddress import IPv4Address
from uuid import UUID

from weft.api.schemas.base import IpPrefix, Shown
from weft.api.view import View
from weft.compiler.dns import label
from weft.model.guest import Guest, service_id
from weft.model.host import Host
from weft.model.network import Network
from weft.model.port import Port, PortKind, mac_for


class StationShown(Shown):
    """The interface by which a host answers the guests of one network; they are in `prefixes`."""

    network_id: UUID
    port_id: UUID
    mac: str
    mtu: int
    prefixes: list[IpPrefix]

    @classmethod
    def from_model(cls, view: View, network: Network) -> "StationShown":
        """The interface on `network`."""
        port_id = service_id(network.id)
        cidrs = [subnet.cidr for subnet in view.subnets_of(network.id)]
        return cls(
            network_id=network.id,
            port_id=port_id,
            mac=mac_for(port_id),
            mtu=view.effective_mtu(network),
            prefixes=[cidr for cidr in cidrs if cidr.version == 4],
        )


class StationsShown(Shown):
    """The networks whose guests a host has to answer."""

    items: list[StationShown]

    @classmethod
    def from_model(cls, view: View, host: Host) -> "StationsShown":
        """Those with `metadata` that have a virtual machine on `host`."""
        ports = view.snapshot.ports_on.get(host.name, ())
        here = {port.network_id for port in ports if port.kind is PortKind.VM}
        told = [view.snapshot.networks[network] for network in sorted(here)]
        return cls(items=[StationShown.from_model(view, network) for network in told if network.metadata])


class GuestShown(Shown):
    """What a virtual machine is told. `instance_id` stays as long as the machine; `user_data` is base64."""

    instance_id: str
    host_name: str
    mac: str
    address: IPv4Address
    ssh_keys: list[str]
    user_data: str | None

    @classmethod
    def from_model(cls, port: Port, address: IPv4Address, user_data: bytes | None) -> "GuestShown":
        """What the machine of `port`, which asks from `address`, is told."""
        domain = port.workload is not None and port.workload.runtime == "libvirt"
        guest = port.guest or Guest()
        return cls(
            instance_id=port.workload.id.partition("/")[0] if port.workload and domain else str(port.id),
            host_name=label(port.name),
            mac=port.mac,
            address=address,
            ssh_keys=list(guest.ssh_keys),
            user_data=None if user_data is None else b64encode(user_data).decode(),
        )
