"""Routers: what may be joined, and what a router may not lose."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import cast
from uuid import UUID

from weft.model.door import SUBNET6
from weft.model.errors import Conflict, Invalid, QuotaExceeded, SubnetOverlap
from weft.model.ids import NetworkId, ProjectId, RouterId
from weft.model.network import Prefix, Subnet
from weft.model.resolver import NAMES
from weft.model.router import Router, StaticRoute
from weft.store.change import Kind
from weft.store.lookup import check_name, refuse_in_use, require, require_within, revised
from weft.store.transaction import Transaction

DATAPATHS_OF_A_ROUTER = 2
"""Its own, and the switch on which names are answered."""

_CHANGES = ("name", "description", "networks", "routes")

_TAKEN: tuple[tuple[Prefix, str], ...] = (
    *((prefix, "whoever asks for names") for prefix in NAMES),
    (SUBNET6, "to the hosts' doors"),
)
"""What lies behind each router, and who is led there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRouter:
    """A router as asked for."""

    project_id: ProjectId
    name: str
    description: str = ""
    networks: frozenset[NetworkId] = frozenset()
    routes: tuple[StaticRoute, ...] = ()


def add_router(tx: Transaction, new: NewRouter) -> Router:
    """A new router. Raises NotFound, NameTaken, Conflict, SubnetOverlap, QuotaExceeded, Invalid."""
    router = Router(
        id=RouterId(tx.new_id()),
        project_id=new.project_id,
        name=new.name,
        description=new.description,
        networks=new.networks,
        routes=new.routes,
    )
    return put_router(tx, router)


def change_router(tx: Transaction, router_id: RouterId, **changes: object) -> Router:
    """Change `name`, `description`, `networks` or `routes`. Raises as `add_router` does."""
    router = require(tx.snapshot.routers, router_id, "router")
    return put_router(tx, revised(router, changes, _CHANGES))


def attach_network(tx: Transaction, router_id: RouterId, network_id: NetworkId) -> Router:
    """Join a network to the router. Idempotent."""
    router = require(tx.snapshot.routers, router_id, "router")
    return put_router(tx, replace(router, networks=router.networks | {network_id}))


DEFAULT = "default"
"""The name of the router that networks join by themselves which a host makes in the project."""


def join_default(tx: Transaction, network_id: NetworkId) -> None:
    """Join a network to its project's router `default`, if there is one. Raises SubnetOverlap."""
    network = tx.snapshot.networks[network_id]
    found = tx.index.names.get((Kind.ROUTERS, network.project_id, DEFAULT))
    if found is not None:
        attach_network(tx, RouterId(cast("UUID", found)), network_id)


def detach_network(tx: Transaction, router_id: RouterId, network_id: NetworkId) -> Router:
    """Take a network off the router. Idempotent; refused while a route leads through it."""
    router = require(tx.snapshot.routers, router_id, "router")
    return put_router(tx, replace(router, networks=router.networks - {network_id}))


def remove_router(tx: Transaction, router_id: RouterId) -> None:
    """Remove a router that joins nothing; its way out goes with it. Raises NotFound, StillInUse."""
    router = require(tx.snapshot.routers, router_id, "router")
    users = [f"network {tx.snapshot.networks[network].name}" for network in router.networks]
    refuse_in_use(f"router {router.name}", users, "detach these first")
    tx.remove(router)


def check_room(tx: Transaction, more: int) -> None:
    """Refuse one datapath too many: of a network, or of a router and its names. Raises QuotaExceeded."""
    limit = tx.limits.networks
    used = len(tx.snapshot.networks) + DATAPATHS_OF_A_ROUTER * len(tx.snapshot.routers)
    if limit is not None and used + more > limit:
        raise QuotaExceeded(
            f"encapsulation {tx.limits.encapsulation} holds at most {limit} networks and routers together, "
            'where a router counts twice; remove one, or install with the setting encapsulation = "geneve"'
        )


def check_domain(tx: Transaction, network_id: NetworkId, subnet: Subnet) -> None:
    """Refuse a subnet that overlaps one that the router of its network reaches. Raises SubnetOverlap."""
    router_id = tx.index.routers.get(network_id)
    if router_id is not None:
        router = tx.snapshot.routers[router_id]
        others = [s for s in _subnets(tx, router.networks) if s.network_id != network_id]
        _check_overlap(tx, router, [*others, subnet])


def put_router(tx: Transaction, router: Router) -> Router:
    """Declare `router`, new or not, if it fits among the others. Raises as `add_router` does."""
    require(tx.snapshot.projects, router.project_id, "project", field="project")
    before = tx.snapshot.routers.get(router.id)
    if before is None or before.name != router.name:
        check_name(tx, Kind.ROUTERS, router.project_id, router.name)
    if before is None:
        check_room(tx, DATAPATHS_OF_A_ROUTER)
    for network_id in router.networks:
        require_within(tx.snapshot.networks, network_id, "network", router.project_id, field="networks")
        holder = tx.index.routers.get(network_id)
        if holder is not None and holder != router.id:
            raise Conflict(
                f"network {tx.snapshot.networks[network_id].name} is on router "
                f"{tx.snapshot.routers[holder].name} already; detach it there first",
                field="networks",
            )
    reached = [] if router.gateway is None else [router.gateway.network_id]
    subnets = list(_subnets(tx, [*router.networks, *reached]))
    _check_overlap(tx, router, subnets)
    _check_routes(router, subnets)
    _check_floating(tx, router)
    tx.put(router)
    return router


def _check_floating(tx: Transaction, router: Router) -> None:
    """Refuse to lose the way by which floating IPs lead to ports. Raises StillInUse."""
    found = tx.snapshot
    outside = None if router.gateway is None else router.gateway.network_id
    lost = [
        f"floating IP {floating.name} (of port {found.ports[floating.port_id].name})"
        for floating in found.floating_by.get(router.id, ())
        if floating.port_id is not None
        and (
            floating.network_id != outside or found.ports[floating.port_id].network_id not in router.networks
        )
    ]
    refuse_in_use(f"the way out of router {router.name}", lost, "disassociate these first")


def _subnets(tx: Transaction, networks: Iterable[NetworkId]) -> Iterable[Subnet]:
    return (subnet for network in networks for subnet in tx.index.subnets[network].values())


def _check_overlap(tx: Transaction, router: Router, subnets: Sequence[Subnet]) -> None:
    for subnet, (taken, whom) in product(subnets, _TAKEN):
        if subnet.cidr.version == taken.version and subnet.cidr.overlaps(taken):
            network = tx.snapshot.networks[subnet.network_id].name
            raise SubnetOverlap(
                f"{subnet.cidr} of network {network} overlaps {taken}, where router {router.name} leads "
                f"{whom}; join networks with other prefixes",
                field="networks",
            )
    for one, other in combinations(sorted(subnets, key=lambda s: (s.cidr.version, s.cidr, s.id)), 2):
        if one.cidr.version == other.cidr.version and one.cidr.overlaps(other.cidr):
            names = " and ".join(
                f"{subnet.cidr} of network {tx.snapshot.networks[subnet.network_id].name}"
                for subnet in (one, other)
            )
            raise SubnetOverlap(
                f"router {router.name} cannot tell {names} apart: they overlap; "
                "join networks with different prefixes",
                field="networks",
            )


def _check_routes(router: Router, subnets: Iterable[Subnet]) -> None:
    reached = [subnet.cidr for subnet in subnets]
    for route in router.routes:
        if not any(route.next_hop in cidr for cidr in reached):
            raise Invalid(
                f"the next hop {route.next_hop} is on no network of router {router.name}, which reaches "
                f"{', '.join(map(str, reached)) or 'none'}",
                field="routes",
            )
