"""OVN's own DHCP servers (ovn-nb(5), DHCP_Options)."""

from weft.compiler import names
from weft.compiler.settings import CompilerSettings
from weft.model.network import Network, Subnet
from weft.ovn.rows import DhcpOptions


def dhcp_options(
    subnet: Subnet, network: Network, settings: CompilerSettings, *, routed: bool
) -> DhcpOptions:
    """What the ports of `subnet` are told.

    A router only where one is: a dead default route would hide that there is none. IPv6 hosts hear of theirs
    by its advertisements (RFC 4861).
    """
    options = _dhcpv6(settings) if subnet.cidr.version == 6 else _dhcpv4(subnet, network, settings)
    if routed and subnet.cidr.version == 4:
        options["router"] = str(subnet.gateway)
    if subnet.dns_servers:
        options["dns_server"] = "{" + ", ".join(map(str, subnet.dns_servers)) + "}"
    return DhcpOptions(key=names.dhcp_key(subnet.id), cidr=str(subnet.cidr), options=options)


def _dhcpv4(subnet: Subnet, network: Network, settings: CompilerSettings) -> dict[str, str]:
    return {
        "server_id": str(subnet.gateway),
        "server_mac": settings.dhcp_server_mac,
        "lease_time": str(settings.lease_s),
        "mtu": str(settings.mtu(network)),
        **({"domain_name": f'"{settings.domain}"'} if settings.domain else {}),
    }


def _dhcpv6(settings: CompilerSettings) -> dict[str, str]:
    return {
        "server_id": settings.dhcp_server_mac,
        **({"domain_search": f'"{settings.domain}"'} if settings.domain else {}),
    }
