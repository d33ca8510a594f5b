"""Logical switches written by hand, for tests of the lab itself."""

from ipaddress import IPv4Address
from uuid import UUID

from weft.lab.layout import Lab
from weft.lab.processes import run_on


def nbctl(lab: Lab, *argv: str) -> str:
    return run_on(lab.central, "ovn-nbctl", "--timeout=10", *argv)


def logical_port(lab: Lab, switch: str, port_id: UUID, mac: str, address: IPv4Address) -> None:
    at = f"{mac} {address}"
    nbctl(
        lab,
        *("--may-exist", "ls-add", switch),
        *("--", "lsp-add", switch, str(port_id)),
        *("--", "lsp-set-addresses", str(port_id), at),
        *("--", "lsp-set-port-security", str(port_id), at),
    )


def dhcp(lab: Lab, port_id: UUID, cidr: str, server: IPv4Address) -> None:
    options = f'server_id={server},server_mac="02:00:00:00:00:fe",lease_time=3600,mtu=1400'
    row = nbctl(lab, "create", "DHCP_Options", f"cidr={cidr}", f"options={{{options}}}").strip()
    nbctl(lab, "lsp-set-dhcpv4-options", str(port_id), row)
