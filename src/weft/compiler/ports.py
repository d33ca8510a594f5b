"""Ports as logical switch ports."""

from weft.compiler import names
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Key, LogicalSwitchPort

_NO_ADDRESS = "0.0.0.0"
"""For OVN a MAC alone means any IP address behind it. A port without addresses has a right to none."""


def switch_port(snapshot: Snapshot, port: Port) -> LogicalSwitchPort:
    """The row of `port`: static addresses, anti-spoofing, and the host that may claim it."""
    own = frozenset((" ".join([port.mac, *(str(ip.address) for ip in port.fixed_ips)]),))
    only = own if port.fixed_ips else frozenset((f"{port.mac} {_NO_ADDRESS}",))
    return LogicalSwitchPort(
        key=names.port_key(port.id),
        name=str(port.id),
        addresses=own if port.port_security else own | {"unknown"},
        port_security=only if port.port_security else frozenset(),
        options={"requested-chassis": str(port.host)} if port.host else {},
        dhcpv4_options=_dhcp(snapshot, port, 4),
        dhcpv6_options=_dhcp(snapshot, port, 6),
    )


def _dhcp(snapshot: Snapshot, port: Port, version: int) -> Key | None:
    for ip in port.fixed_ips:
        if ip.address.version == version and snapshot.subnets[ip.subnet_id].dhcp:
            return names.dhcp_key(ip.subnet_id)
    return None
