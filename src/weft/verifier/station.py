"""Where packets come from and go to: an address on a network, and the port that sends or gets them."""

from collections.abc import Set
from dataclasses import dataclass
from ipaddress import IPv6Address
from itertools import islice

from weft.model.floating_ip import FloatingIP
from weft.model.ids import NetworkId
from weft.model.network import Address
from weft.model.port import Port
from weft.model.snapshot import Snapshot

Domain = Set[NetworkId]
"""The networks among which packets travel: an address means the same on all of them."""


def domain_around(snapshot: Snapshot, network: NetworkId) -> Domain:
    """The networks that a router joins with `network`, itself among them."""
    return snapshot.networks_in(snapshot.domain_of(network))


@dataclass(frozen=True, slots=True)
class Station:
    """`port` under one `address`; without a port, an address that lies outside of all networks.

    With `floating` it is that which is asked for, and a router translates it to `address`.
    """

    address: Address
    port: Port | None = None
    floating: FloatingIP | None = None


def stations(port: Port) -> tuple[Station, ...]:
    """`port` under each of the addresses that were given to it."""
    return tuple(Station(fixed.address, port) for fixed in port.fixed_ips)


def given(port: Port, address: Address) -> bool:
    """Whether `address` was given to `port`."""
    return any(fixed.address == address for fixed in port.fixed_ips)


def known_by(port: Port) -> tuple[Address, ...]:
    """The addresses that mean `port`: those that it was given, and where any is IPv6 its link-local one.

    ovn-nb(5), port_security: where any IPv6 address is listed, the link-local one goes without saying.
    """
    speaks6 = any(fixed.address.version == 6 for fixed in port.fixed_ips)
    own = (link_local(port.mac),) if speaks6 else ()
    return (*(fixed.address for fixed in port.fixed_ips), *own)


def may_use(port: Port, address: Address) -> bool:
    """Whether `port` may speak from `address`."""
    return not port.port_security or goes_by(port, address)


def goes_by(port: Port, address: Address) -> bool:
    """Whether `port` goes by `address`: one of those that it is known by."""
    return given(port, address) or (stays_on_link(address) and address in known_by(port))


def stays_on_link(address: Address) -> bool:
    """Whether no router carries packets from or to `address` (RFC 4291, 2.5.6)."""
    return address.version == 6 and address.is_link_local


def link_local(mac: str) -> IPv6Address:
    """The address that a station makes of its MAC (RFC 4291, appendix A)."""
    octets = bytearray(bytes.fromhex(mac.replace(":", "")))
    octets[0] ^= 2
    return IPv6Address(b"\xfe\x80" + bytes(6) + bytes(octets[:3]) + b"\xff\xfe" + bytes(octets[3:]))


def owner(snapshot: Snapshot, near: NetworkId, address: Address) -> Port | None:
    """The port that `address` means on the network `near`."""
    scope = {near} if stays_on_link(address) else domain_around(snapshot, near)
    return next(iter(owners(snapshot, scope, address)), None)


def owners(snapshot: Snapshot, domain: Domain, address: Address) -> tuple[Port, ...]:
    """The ports in `domain` that `address` means.

    There are several only of a link-local one, where ports on different networks have the same MAC.
    """
    ports = (port for network in domain for port in snapshot.ports_of.get(network, ()))
    if stays_on_link(address):
        return tuple(port for port in ports if goes_by(port, address))
    return tuple(islice((port for port in ports if given(port, address)), 1))
