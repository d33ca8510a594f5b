"""Floating IPs: addresses of an external network under which single ports are known there."""

from dataclasses import dataclass
from ipaddress import IPv4Address

from weft.model.ids import FloatingIPId, NetworkId, PortId, ProjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatingIP:
    """`address` of the external network `network_id`; who asks for it asks `port_id`, and that port goes out
    under it. Without a port it is kept for one to come.

    Only the first IPv4 address of a port is known outside: the mapping is one to one.
    """

    id: FloatingIPId
    project_id: ProjectId
    name: str
    network_id: NetworkId
    address: IPv4Address
    description: str = ""
    port_id: PortId | None = None
