"""Resolvers: whom the workloads of a router ask for names.

Behind each router is a link on which nobody is but who is asked. OVN answers there for the names of ports;
what it does not know reaches the host's own end of that link, on the host of whoever asks.
"""

from ipaddress import IPv4Network, IPv6Network
from uuid import uuid5

from weft.model.ids import PortId, RouterId
from weft.model.network import Address, Prefix
from weft.model.port import mac_for

DOMAIN = "internal"
"""What the names of all ports end in (ICANN has set it aside for private use)."""
NAMES: tuple[Prefix, ...] = (IPv4Network("169.254.53.0/24"), IPv6Network("fd77:6566:7453::/64"))
"""Where each router leads whoever asks for names: addresses that nobody else has (RFC 3927; RFC 4193)."""
RESOLVERS: tuple[Address, ...] = tuple(prefix.network_address + 53 for prefix in NAMES)
"""Whom to ask there."""
ROUTERS: tuple[Address, ...] = tuple(prefix.network_address + 1 for prefix in NAMES)
"""The router's own addresses there."""


def resolver_id(router: RouterId) -> PortId:
    """The id that the resolver of every host has behind `router`: its port's name, and its `iface-id`."""
    return PortId(uuid5(router, "resolver"))


def resolver_mac(router: RouterId) -> str:
    """The MAC that the resolver of every host has behind `router`."""
    return mac_for(resolver_id(router))
