"""Routers as logical routers: one port for each network, with the gateway's address of every subnet."""

from collections.abc import Iterator
from uuid import uuid5

from weft.compiler import names
from weft.compiler.settings import CompilerSettings
from weft.model.ids import NetworkId, PortId
from weft.model.port import mac_for
from weft.model.router import Router
from weft.model.snapshot import Snapshot
from weft.ovn.rows import LogicalRouter, LogicalRouterPort, LogicalSwitchPort, Row, StaticRoute


def router_rows(snapshot: Snapshot, router: Router, settings: CompilerSettings) -> Iterator[Row]:
    """The router, its ports and its routes; the switches' ends of its links."""
    joined = sorted(network for network in router.networks if snapshot.subnets_of.get(network))
    routes = [
        StaticRoute(
            key=names.route_key(router.id, str(route.destination), str(route.next_hop)),
            ip_prefix=str(route.destination),
            nexthop=str(route.next_hop),
        )
        for route in router.routes
    ]
    yield LogicalRouter(
        key=names.router_key(router.id),
        name=names.router_name(router.id),
        ports=frozenset(names.router_port_key(network) for network in joined),
        static_routes=frozenset(route.key for route in routes),
    )
    yield from routes
    for network in joined:
        yield _router_port(snapshot, router, network, settings)
        yield LogicalSwitchPort(
            key=names.gateway_key(network),
            name=names.gateway_name(network),
            type="router",
            addresses=frozenset({"router"}),
            options={"router-port": names.router_port_name(network)},
        )


def _router_port(
    snapshot: Snapshot, router: Router, network: NetworkId, settings: CompilerSettings
) -> LogicalRouterPort:
    subnets = snapshot.subnets_of[network]
    return LogicalRouterPort(
        key=names.router_port_key(network),
        name=names.router_port_name(network),
        # The same as long as the network is on this router: workloads keep it in their neighbour tables.
        mac=mac_for(PortId(uuid5(router.id, str(network)))),
        networks=frozenset(f"{subnet.gateway}/{subnet.cidr.prefixlen}" for subnet in subnets),
        ipv6_ra_configs=_announced(snapshot, network, settings),
    )


def _announced(snapshot: Snapshot, network: NetworkId, settings: CompilerSettings) -> dict[str, str]:
    """Router advertisements (RFC 4861): the default route and the MTU; addresses come by DHCPv6."""
    if all(subnet.cidr.version == 4 for subnet in snapshot.subnets_of[network]):
        return {}
    return {
        "address_mode": "dhcpv6_stateful",
        "send_periodic": "true",
        "mtu": str(settings.mtu(snapshot.networks[network])),
    }
