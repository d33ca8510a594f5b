"""Bodies of /floating-ips."""

from ipaddress import IPv4Address
from uuid import UUID

from weft.api.schemas.base import ABSENT, Body, IpAddress, Name, Owned, Patch, Reference, Text
from weft.api.view import View
from weft.model.floating_ip import FloatingIP
from weft.model.ids import NetworkId, PortId, ProjectId
from weft.store import Kind
from weft.store.floating_ips import NewFloatingIP


class FloatingIPCreate(Body):
    """Body of POST /floating-ips. `network` is an external one; without `address` its next free address, and
    without `name` the floating IP is called after its address.
    """

    project: Reference | None = None
    network: Reference
    name: Name | None = None
    address: IPv4Address | None = None
    description: Text = ""
    port: Reference | None = None

    def to_model(self, project: ProjectId, network: NetworkId, port: PortId | None) -> NewFloatingIP:
        """The request in the store's terms, its references resolved."""
        return NewFloatingIP(
            project_id=project,
            network_id=network,
            name=self.name,
            address=self.address,
            description=self.description,
            port_id=port,
        )


class FloatingIPPatch(Patch):
    """Body of PATCH /floating-ips/{id}. `port` null disassociates; the address stays."""

    name: Name = ABSENT
    description: Text = ABSENT
    port: Reference | None = None


class FloatingIPShown(Owned):
    """An address outside, and the port and its address inside that it leads to, if to any."""

    description: str
    network_id: UUID
    network: str
    address: IpAddress
    port_id: UUID | None
    port: str | None
    port_address: IpAddress | None

    @classmethod
    def from_model(cls, view: View, floating: FloatingIP) -> "FloatingIPShown":
        """The floating IP as it is shown."""
        port = None if floating.port_id is None else view.snapshot.ports.get(floating.port_id)
        return cls(
            id=floating.id,
            project_id=floating.project_id,
            project=view.project_name(floating.project_id),
            name=floating.name,
            description=floating.description,
            network_id=floating.network_id,
            network=view.network_name(floating.network_id),
            address=floating.address,
            port_id=floating.port_id,
            port=None if port is None else port.name,
            port_address=None if port is None else port.first_ip4,
            revision=view.revised_at(Kind.FLOATING_IPS, floating.id),
        )
