"""Routers as logical routers: one port for each network, with the gateway's address of every subnet."""

from collections.abc import Iterator
from uuid import uuid5

from weft.compiler import names
from weft.compiler.dns import resolver_rows
from weft.compiler.floating import floating_translations
from weft.compiler.outside import default_route, translations, way_out
from weft.compiler.settings import CompilerSettings
from weft.model.guest import SERVICE
from weft.model.ids import NetworkId, PortId, RouterId
from weft.model.port import mac_for
from weft.model.router import Router
from weft.model.snapshot import Snapshot
from weft.ovn.rows import (
    Key,
    LogicalRouter,
    LogicalRouterPort,
    LogicalSwitchPort,
    RouterPolicy,
    Row,
    StaticRoute,
)

_LINK_LOCAL = 1000
"""The priority of the only policy that a router has."""


def joins(snapshot: Snapshot, network: NetworkId) -> bool:
    """Whether a router has an address on `network`: without a subnet there is none to have."""
    return network in snapshot.router_of and network in snapshot.subnets_of


def router_rows(snapshot: Snapshot, router: Router, settings: CompilerSettings) -> Iterator[Row]:
    """The router, its ports and its routes; the switches' ends of its links."""
    joined = sorted(network for network in router.networks if joins(snapshot, network))
    declared = [
        StaticRoute(
            key=names.route_key(router.id, str(route.destination), str(route.next_hop)),
            ip_prefix=str(route.destination),
            nexthop=str(route.next_hop),
        )
        for route in router.routes
    ]
    routes = [*declared, *default_route(snapshot, router)]
    hidden = [*translations(snapshot, router), *floating_translations(snapshot, router)]
    out = frozenset[Key]() if router.gateway is None else frozenset({names.way_out_port_key(router.id)})
    asked = frozenset({names.to_resolver_key(router.id)})
    stays = _link_local_stays(router.id)
    yield LogicalRouter(
        key=names.router_key(router.id),
        name=names.router_name(router.id),
        ports=frozenset(names.router_port_key(network) for network in joined) | out | asked,
        static_routes=frozenset(route.key for route in routes),
        policies=frozenset({stays.key}),
        nat=frozenset(row.key for row in hidden),
    )
    yield from resolver_rows(snapshot, router)
    yield stays
    yield from routes
    yield from hidden
    if router.gateway is not None:
        yield from way_out(snapshot, router, router.gateway)
    for network in joined:
        yield _router_port(snapshot, router, network, settings)
        yield LogicalSwitchPort(
            key=names.gateway_key(network),
            name=names.gateway_name(network),
            type="router",
            addresses=frozenset({"router"}),
            options={"router-port": names.router_port_name(network)},
        )


def _link_local_stays(router: RouterId) -> RouterPolicy:
    """No packet with a link-local source leaves its link (RFC 4291, 2.5.6): OVN would route it.

    One to a link-local address never leaves it, for OVN looks such a destination up on the link that it came
    from; so the router itself still answers who asks it at its own.

    Nor does what is for who tells guests of themselves: it would ask a host's own cloud of the host.
    """
    return RouterPolicy(
        key=names.link_local_key(router),
        priority=_LINK_LOCAL,
        match=f"(ip6.src == fe80::/10 && ip6.dst != fe80::/10) || ip4.dst == {SERVICE}",
        action="drop",
    )


def router_mac(router: RouterId, network: NetworkId) -> str:
    """The MAC of a router on a network: always the same, for workloads keep it in their neighbour tables."""
    return mac_for(PortId(uuid5(router, str(network))))


def _router_port(
    snapshot: Snapshot, router: Router, network: NetworkId, settings: CompilerSettings
) -> LogicalRouterPort:
    subnets = snapshot.subnets_of[network]
    return LogicalRouterPort(
        key=names.router_port_key(network),
        name=names.router_port_name(network),
        mac=router_mac(router.id, network),
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
