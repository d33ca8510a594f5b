"""Ports as logical switch ports."""

from collections.abc import Iterable

from weft.compiler import names
from weft.compiler.addresses import known_by
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Key, LogicalSwitchPort

_NO_ADDRESS = "0.0.0.0"
"""For OVN a MAC alone means any IP address behind it. A port without addresses has a right to none."""


def switch_port(snapshot: Snapshot, port: Port) -> LogicalSwitchPort:
    """The row of `port`: static addresses, anti-spoofing, and the host that may claim it.

    The addresses are what OVN makes the `$group_ip6` of its groups of, the link-local one among them.
    """
    own = frozenset({_line(port.mac, known_by(port))})
    allowed = [str(ip.address) for ip in port.fixed_ips] or [_NO_ADDRESS]
    return LogicalSwitchPort(
        key=names.port_key(port.id),
        name=str(port.id),
        addresses=own if port.port_security else own | {"unknown"},
        port_security=frozenset({_line(port.mac, allowed)}) if port.port_security else frozenset(),
        tag=None if port.trunk is None else port.trunk.vlan,
        parent_name=None if port.trunk is None else str(port.trunk.port_id),
        options={"requested-chassis": str(port.host)} if port.host else {},
        dhcpv4_options=_dhcp(snapshot, port, 4),
        dhcpv6_options=_dhcp(snapshot, port, 6),
    )


def _line(mac: str, addresses: Iterable[object]) -> str:
    return " ".join([mac, *map(str, addresses)])


def _dhcp(snapshot: Snapshot, port: Port, version: int) -> Key | None:
    for ip in port.fixed_ips:
        if ip.address.version == version and snapshot.subnets[ip.subnet_id].dhcp:
            return names.dhcp_key(ip.subnet_id)
    return None
