"""Doors: how workloads leave by the address of the host that they run on, and are reached by it.

A network on the physical network `host` has an interface on every host, the host's door. A router whose
gateway is on it hands what leaves to the door of the host where it is, and the host goes on with it. So
there is no gateway host that all of it would have to pass, and none that could fail.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from uuid import uuid5

from weft.model.ids import NetworkId, PortId
from weft.model.port import mac_for

SUBNET = IPv4Network("100.64.0.0/17")
"""What lies between routers and doors if nobody says otherwise; shared space that no site uses (RFC 6598)."""

LONGEST = 17
"""A router is told from another by the low 15 bits of its address, in marks of the host's kernel."""


SUBNET6 = IPv6Network("fd77:6566:7464::/64")
"""What lies between them in IPv6, on every network of doors: addresses that nobody else has (RFC 4193)."""


def door_id(network: NetworkId) -> PortId:
    """The id that the door of every host has on `network`: its port's name, and its `iface-id`."""
    return PortId(uuid5(network, "door"))


def door_mac(network: NetworkId) -> str:
    """The MAC that the door of every host has on `network`."""
    return mac_for(door_id(network))


def number_of(address: IPv4Address) -> int:
    """The number by which hosts know the router that has `address` on the network of doors."""
    return int(address) & 0x7FFF


def address6_of(address: IPv4Address) -> IPv6Address:
    """What a router or a door that has `address` on the network of doors has there in IPv6."""
    return SUBNET6[number_of(address)]
