"""External networks and gateways: the way to a physical network, and the routers that go out by it.

Which hosts can be a router's gateway follows from the physical networks that they are connected to. OVN makes
the one with the highest priority that lives the gateway (ovn-nb(5), Gateway_Chassis).
"""

from collections.abc import Iterator, Set
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import cast
from uuid import uuid5

from weft.compiler import names
from weft.model.door import SUBNET6, address6_of
from weft.model.ids import HostName, NetworkId, RouterId
from weft.model.network import Network, Prefix, Subnet
from weft.model.router import Gateway, Router, gateway_mac
from weft.model.snapshot import Snapshot
from weft.ovn.rows import (
    GatewayChassis,
    Key,
    LogicalRouterPort,
    LogicalSwitchPort,
    Nat,
    Row,
    StaticRoute,
)

_EVERYWHERE, _EVERYWHERE6 = IPv4Network("0.0.0.0/0"), IPv6Network("::/0")
_MOST_GATEWAYS = 5
"""Each pair of gateways watches each other by BFD; more would cost more than they save."""


def localnet(network: Network) -> Iterator[Row]:
    """The port by which an external network goes on, on each host that has its physical network."""
    if network.physical is not None and not network.by_host:
        yield LogicalSwitchPort(
            key=names.localnet_key(network.id),
            name=names.localnet_name(network.id),
            type="localnet",
            addresses=frozenset({"unknown"}),
            options={"network_name": network.physical.name},
            tag=network.physical.vlan,
        )


def outside_ports(snapshot: Snapshot, network: NetworkId) -> Iterator[Key]:
    """The ports of a network's switch that lead out of it, to physical networks and from routers."""
    if snapshot.networks[network].physical is not None:
        yield names.localnet_key(network)
    for router in snapshot.routers_out.get(network, ()):
        yield names.way_out_key(router.id)


def translations(snapshot: Snapshot, router: Router) -> Iterator[Nat]:
    """What hides each IPv4 prefix of the router's networks behind its gateway's address.

    A host does that itself for what leaves by its door.
    """
    if router.gateway is not None and not snapshot.networks[router.gateway.network_id].by_host:
        for network in sorted(router.networks):
            for subnet in snapshot.subnets_of.get(network, ()):
                if subnet.cidr.version == 4:
                    yield Nat(
                        key=names.nat_key(router.id, str(subnet.cidr)),
                        type="snat",
                        external_ip=str(router.gateway.address),
                        logical_ip=str(subnet.cidr),
                    )


def default_route(snapshot: Snapshot, router: Router) -> Iterator[StaticRoute]:
    """The route to everywhere else: by the gateway of the external network, and by the host's door in IPv6.

    A default route of IPv6 that is declared stands instead of ours.
    """
    declared = {route.destination for route in router.routes}
    for subnet in _subnets_out(snapshot, router):
        ways: dict[Prefix, str] = {_EVERYWHERE: str(subnet.gateway)}
        if 6 in snapshot.versions_out(router):
            ways[_EVERYWHERE6] = str(address6_of(cast("IPv4Address", subnet.gateway)))
        for prefix, hop in ways.items():
            if prefix not in declared:
                key = names.route_key(router.id, str(prefix), hop)
                yield StaticRoute(key=key, ip_prefix=str(prefix), nexthop=hop)


def _subnets_out(snapshot: Snapshot, router: Router) -> Iterator[Subnet]:
    """The subnet that a router's gateway has its address of, if it has a gateway."""
    if router.gateway is not None:
        for subnet in snapshot.subnets_of.get(router.gateway.network_id, ()):
            if router.gateway.address in subnet.cidr:
                yield subnet


def way_out(snapshot: Snapshot, router: Router, gateway: Gateway) -> Iterator[Row]:
    """Both ends of the link between the router and the external network, and who can be the gateway.

    Where the network goes on at each host by itself, so does the router: it has no gateway host.
    """
    by_host = snapshot.networks[gateway.network_id].by_host
    hosts = [] if by_host else _by_preference(router.id, snapshot.hosts_on(gateway.network_id))
    chassis = [
        GatewayChassis(
            key=names.gateway_chassis_key(router.id, host),
            name=names.gateway_chassis_name(router.id, host),
            chassis_name=host,
            priority=_MOST_GATEWAYS - place,
        )
        for place, host in enumerate(hosts)
    ]
    yield from chassis
    yield LogicalRouterPort(
        key=names.way_out_port_key(router.id),
        name=names.way_out_port_name(router.id),
        mac=gateway_mac(router.id, gateway.network_id),
        networks=frozenset(
            f"{gateway.address}/{subnet.cidr.prefixlen}" for subnet in _subnets_out(snapshot, router)
        )
        | frozenset({f"{address6_of(gateway.address)}/{SUBNET6.prefixlen}"} if by_host else ()),
        gateway_chassis=frozenset(row.key for row in chassis),
    )
    yield LogicalSwitchPort(
        key=names.way_out_key(router.id),
        name=names.way_out_name(router.id),
        type="router",
        addresses=frozenset({"router"}),
        options={
            "router-port": names.way_out_port_name(router.id),
            **({} if by_host else {"nat-addresses": "router"}),
        },
    )


def _by_preference(router: RouterId, hosts: Set[HostName]) -> list[HostName]:
    """The hosts that can be the gateway, the first before the others; another order for another router."""
    return sorted(hosts, key=lambda host: uuid5(router, host))[:_MOST_GATEWAYS]
