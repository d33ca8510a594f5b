"""OVN's own DHCP servers (ovn-nb(5), DHCP_Options)."""

from weft.compiler import names
from weft.compiler.dns import answers, resolvers, zone_of
from weft.compiler.metadata import static_routes
from weft.compiler.settings import CompilerSettings
from weft.model.network import Network, Subnet
from weft.model.snapshot import Snapshot
from weft.ovn.rows import DhcpOptions


def dhcp_options(snapshot: Snapshot, subnet: Subnet, settings: CompilerSettings) -> DhcpOptions:
    """What the ports of `subnet` are told.

    A router only where one is: a dead default route would hide that there is none. IPv6 hosts hear of theirs
    by its advertisements (RFC 4861).
    """
    network = snapshot.networks[subnet.network_id]
    options = _dhcpv6(settings) if subnet.cidr.version == 6 else _dhcpv4(subnet, network, settings)
    if subnet.cidr.version == 4:
        options |= _ways(network, str(subnet.gateway) if network.id in snapshot.router_of else None)
    if answers(snapshot, network.id):
        options |= _named(zone_of(snapshot, network, settings), subnet.cidr.version)
    if servers := resolvers(snapshot, subnet):
        options["dns_server"] = "{" + ", ".join(map(str, servers)) + "}"
    return DhcpOptions(key=names.dhcp_key(subnet.id), cidr=str(subnet.cidr), options=options)


def _dhcpv4(subnet: Subnet, network: Network, settings: CompilerSettings) -> dict[str, str]:
    return {
        "server_id": str(subnet.gateway),
        "server_mac": settings.dhcp_server_mac,
        "lease_time": str(settings.lease_s),
        "mtu": str(settings.mtu(network)),
    }


def _ways(network: Network, router: str | None) -> dict[str, str]:
    """The default route, and the one to who tells guests of themselves."""
    default = {} if router is None else {"router": router}
    return default | ({"classless_static_route": static_routes(router)} if network.metadata else {})


def _dhcpv6(settings: CompilerSettings) -> dict[str, str]:
    return {"server_id": settings.dhcp_server_mac}


def _named(zone: str, version: int) -> dict[str, str]:
    """Where short names are looked up (RFC 2132, 3.17; RFC 3397; RFC 3646): the network, the project."""
    if version == 6:
        return {"domain_search": f'"{zone}"'}
    return {"domain_name": f'"{zone}"', "domain_search_list": f'"{zone},{zone.partition(".")[2]}"'}
