"""What a project has beyond its description, removed: nobody's rules first, and networks last."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from weft.api.auth import require_admin
from weft.api.described.scope import Scope, identity
from weft.api.schemas.description import ProjectDescribed
from weft.model.network import Subnet
from weft.model.policy import Policy, Tier
from weft.model.port import Port
from weft.model.router import Router
from weft.store import (
    Declared,
    Kind,
    attach_rules,
    floating_ips,
    invariants,
    networks,
    policies,
    ports,
    routers,
)

_FIRST: Mapping[Kind, Callable[..., None]] = {
    Kind.INVARIANTS: invariants.remove_invariant,
    Kind.ATTACH_RULES: attach_rules.remove_attach_rule,
    Kind.POLICIES: policies.remove_policy,
    Kind.FLOATING_IPS: floating_ips.remove_floating_ip,
    Kind.PORTS: ports.remove_port,
}
"""What others do not refer to, or forget by themselves. Gone before the rest is declared, it leaves its
addresses and names to others.
"""

_LAST: Mapping[Kind, Callable[..., None]] = {
    Kind.GROUPS: policies.remove_group,
    Kind.ADDRESS_GROUPS: policies.remove_address_group,
    Kind.ROUTERS: routers.remove_router,
    Kind.NETWORKS: networks.remove_network,
    Kind.QOS_POLICIES: policies.remove_qos_policy,
}

REMOVERS: Mapping[Kind, Callable[..., None]] = {
    **_FIRST,
    **_LAST,
    Kind.SUBNETS: networks.remove_subnet,
    Kind.PROJECTS: networks.remove_project,
}
"""How an object of each kind goes, in an order in which nothing refers to it any more."""


def prune_before(scope: Scope, project: ProjectDescribed) -> None:
    """Before the rest is declared."""
    for kind, remove in _FIRST.items():
        for item in _beyond(scope, project, kind):
            if isinstance(item, Policy) and item.tier is Tier.ADMIN:
                require_admin(scope.who)
            if not isinstance(item, Port) or item.declared is not None:
                remove(scope.tx, identity(item))
    for item in _beyond(scope, project, Kind.ROUTERS):
        if isinstance(item, Router):
            routers.change_router(scope.tx, item.id, networks=frozenset(), routes=())


def prune_after(scope: Scope, project: ProjectDescribed) -> None:
    """After the rest is declared, when nothing refers to these any more."""
    for subnet in _subnets_beyond(scope, project):
        networks.remove_subnet(scope.tx, subnet.id)
    for kind, remove in _LAST.items():
        for item in _beyond(scope, project, kind):
            remove(scope.tx, identity(item))


def _beyond(scope: Scope, project: ProjectDescribed, kind: Kind) -> list[Declared]:
    described = {item.name for item in cast("Iterable[Any]", getattr(project, kind.value))}
    items: Mapping[object, Any] = getattr(scope.tx.snapshot, kind.value)
    found = (i for i in items.values() if i.project_id == scope.project and i.name not in described)
    return sorted(found, key=lambda item: (not _is_carried(item), item.name))


def _is_carried(item: Declared) -> bool:
    """A port of tagged frames goes before the one that carries them."""
    return isinstance(item, Port) and item.trunk is not None


def _subnets_beyond(scope: Scope, project: ProjectDescribed) -> list[Subnet]:
    cidrs = {network.name: {s.cidr for s in network.subnets} for network in project.networks}
    snapshot = scope.tx.snapshot
    return [
        subnet
        for subnet in snapshot.subnets.values()
        if subnet.project_id == scope.project
        and (name := snapshot.networks[subnet.network_id].name) in cidrs
        and subnet.cidr not in cidrs[name]
    ]
