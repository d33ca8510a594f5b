"""OVN's own DHCP servers (ovn-nb(5), DHCP_Options)."""

from collections.abc import Iterator

from weft.compiler import names
from weft.compiler.settings import CompilerSettings
from weft.model.ids import SubnetId
from weft.model.network import Network, Subnet
from weft.ovn.rows import DhcpOptions

_FROM_DHCPV6 = 6


def dhcp_options(subnet: Subnet, network: Network, settings: CompilerSettings) -> Iterator[DhcpOptions]:
    """The options of `subnet` where it hands out addresses.

    No router option: there is no router on the network yet, and a dead default route would hide that.
    """
    if not subnet.dhcp:
        return
    servers = "{" + ", ".join(str(address) for address in subnet.dns_servers) + "}"
    resolvers = {"dns_server": servers} if subnet.dns_servers else {}
    mac = server_mac(subnet.id)
    if subnet.cidr.version == _FROM_DHCPV6:
        options = {"server_id": mac, **resolvers}
    else:
        options = {
            "server_id": str(subnet.gateway),
            "server_mac": mac,
            "lease_time": str(settings.lease_s),
            "mtu": str(settings.mtu(network)),
            **resolvers,
        }
    yield DhcpOptions(key=names.dhcp_key(subnet.id), cidr=str(subnet.cidr), options=options)


def server_mac(subnet: SubnetId) -> str:
    """A locally administered MAC for the DHCP server of `subnet`; its second octet sets it apart."""
    return "02:dc:" + ":".join(f"{octet:02x}" for octet in subnet.bytes[-4:])
