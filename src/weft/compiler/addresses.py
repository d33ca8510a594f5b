"""The addresses that a port is known by: those that it was given, and the one that it gives itself."""

from ipaddress import IPv6Address

from weft.model.network import Address
from weft.model.port import Port


def known_by(port: Port) -> tuple[Address, ...]:
    """The addresses from which OVN lets `port` speak: where any is IPv6, the link-local one of its MAC, too.

    ovn-nb(5), port_security. Rules name ports by these, so none of them may be missing.
    """
    given = tuple(ip.address for ip in port.fixed_ips)
    return (*given, link_local(port.mac)) if any(address.version == 6 for address in given) else given


def link_local(mac: str) -> IPv6Address:
    """The address that an interface with `mac` gives itself (RFC 4291, appendix A; RFC 4862, 5.3)."""
    octets = bytes(int(octet, 16) for octet in mac.split(":"))
    interface = bytes([octets[0] ^ 0x02]) + octets[1:3] + b"\xff\xfe" + octets[3:]
    return IPv6Address(b"\xfe\x80" + bytes(6) + interface)
