"""Which address comes next. Decides only; the store's unique constraint has the last word."""

from collections.abc import Container, Iterator
from ipaddress import ip_address

from weft.model.network import Address, Subnet


def usable(subnet: Subnet) -> Iterator[Address]:
    """The addresses of `subnet` that Weft may hand out, lowest first; never the gateway.

    Neither the first address of a prefix is among them (IPv4: the network; IPv6: the subnet-router
    anycast address, RFC 4291, section 2.6.1) nor, for IPv4, the last (broadcast, RFC 919).
    """
    first, last = int(subnet.cidr.network_address) + 1, int(subnet.cidr.broadcast_address)
    if subnet.cidr.version == 4:
        last -= 1
    ranges = [(int(p.first), int(p.last)) for p in subnet.pools] or [(first, last)]
    make = type(subnet.cidr.network_address)
    for low, high in ranges:
        for number in range(max(low, first), min(high, last) + 1):
            if number != int(subnet.gateway):
                yield make(number)


def first_free(subnet: Subnet, taken: Container[Address]) -> Address | None:
    """The lowest usable address of `subnet` not in `taken`, or None if it is full."""
    return next((address for address in usable(subnet) if address not in taken), None)


def can_hold(subnet: Subnet, address: Address) -> bool:
    """Whether a port may be given `address` when it asks for it: inside, not reserved.

    Pools limit what Weft picks by itself, not what a user may ask for.
    """
    if address not in subnet.cidr or address in (subnet.gateway, subnet.cidr.network_address):
        return False
    return not (subnet.cidr.version == 4 and address == ip_address(subnet.cidr.broadcast_address))
