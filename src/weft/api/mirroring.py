"""Bring one object to the state that its source declares, whatever it is now; or remove it. Idempotent."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from weft.api import references
from weft.api.rules import rules_of, target_of
from weft.api.schemas.floating_ip import FloatingIPCreate
from weft.api.schemas.group import AddressGroupCreate, GroupCreate
from weft.api.schemas.mirror import MirroredPort
from weft.api.schemas.network import NetworkCreate, SubnetCreate
from weft.api.schemas.policy import PolicyCreate
from weft.api.schemas.project import ProjectCreate
from weft.api.schemas.qos_policy import QosPolicyCreate
from weft.api.schemas.router import RouterCreate
from weft.model.errors import Conflict, Invalid
from weft.model.ids import (
    AddressGroupId,
    FloatingIPId,
    GroupId,
    HostName,
    NetworkId,
    PolicyId,
    PortId,
    ProjectId,
    QosPolicyId,
    RouterId,
    SubnetId,
)
from weft.model.network import Network
from weft.model.policy import QosPolicy
from weft.model.port import Port
from weft.model.router import Gateway, Router
from weft.model.selector import Selector
from weft.store import Kind, Transaction, floating_ips, gateways, networks, policies, ports, routers
from weft.store.mirrors import name_for
from weft.store.policies import NewPolicy
from weft.store.tokens import Caller

T = TypeVar("T")

Declare = Callable[[Transaction, Caller, UUID, T], None]


def project(tx: Transaction, _who: Caller, object_id: UUID, body: ProjectCreate) -> None:
    """A project of the source's is a project here."""
    known = ProjectId(object_id)
    name = name_for(tx, Kind.PROJECTS, None, known, body.name)
    if known in tx.snapshot.projects:
        networks.change_project(tx, known, name=name, description=body.description)
    else:
        networks.add_project(tx, id=known, name=name, description=body.description)


def network(tx: Transaction, who: Caller, object_id: UUID, body: NetworkCreate) -> None:
    """A network; its subnets are declared by themselves. Raises Invalid."""
    if body.subnets:
        raise Invalid("subnets are mirrored by themselves", field="object.subnets")
    owner = references.project(tx.snapshot, who, body.project).id
    known = NetworkId(object_id)
    limits = _limits(tx, owner, body.qos_policy)
    new = replace(body.to_model(owner, limits), name=name_for(tx, Kind.NETWORKS, owner, known, body.name))
    if known not in tx.snapshot.networks:
        networks.add_network(tx, replace(new, id=known))
        return
    _same(tx.snapshot.networks[known].project_id, owner, "project")
    networks.change_network(
        tx,
        known,
        name=new.name,
        description=new.description,
        labels=dict(new.labels),
        mtu=new.mtu,
        default_ingress=new.default_ingress,
        default_egress=new.default_egress,
        physical=new.physical,
        qos_policy_id=limits,
    )


def subnet(tx: Transaction, who: Caller, object_id: UUID, body: SubnetCreate) -> None:
    """A subnet of a network that is there. Raises NotFound, Conflict when its prefix would change."""
    on = references.referred(tx, who, Network, body.network, body.project, field="network")
    known = SubnetId(object_id)
    new = body.to_model()
    wanted = new.name or f"{on.name[:200]}-v{new.cidr.version}"
    name = name_for(tx, Kind.SUBNETS, on.project_id, known, wanted)
    before = tx.snapshot.subnets.get(known)
    if before is None:
        networks.add_subnet(tx, on.id, replace(new, id=known, name=name))
        return
    _same(before.network_id, on.id, "network")
    _same(before.cidr, new.cidr, "cidr")
    networks.change_subnet(
        tx,
        known,
        name=name,
        gateway=before.gateway if new.gateway is None else new.gateway,
        pools=new.pools,
        dns_servers=new.dns_servers,
        dhcp=new.dhcp,
    )


def port(tx: Transaction, who: Caller, object_id: UUID, body: MirroredPort) -> None:
    """A port with just these addresses, bound where the source says. Raises NotFound, AddressInUse."""
    on = references.referred(tx, who, Network, body.network, body.project, field="network")
    known = PortId(object_id)
    wanted = body.name or f"port-{known.hex[:8]}"
    name = name_for(tx, Kind.PORTS, on.project_id, known, wanted)
    limits = _limits(tx, on.project_id, body.qos_policy)
    new = replace(
        body.to_model(on.project_id, on.id, limits, None),
        id=known,
        name=name,
        quarantined=body.quarantined,
        exactly=True,
    )
    before = tx.snapshot.ports.get(known)
    if before is None:
        ports.add_port(tx, new)
        return
    _same(before.network_id, on.id, "network")
    changes: dict[str, object] = {
        "name": name,
        "kind": body.kind,
        "port_security": body.port_security,
        "quarantined": body.quarantined,
        "qos_policy_id": limits,
        "physical": new.physical,
    }
    if before.declared != body.labels:  # else those that its workload has added stay
        changes["labels"] = dict(body.labels)
    ports.change_port(tx, known, **changes)
    ports.change_addresses(tx, known, new.addresses)
    if body.mac is not None:
        ports.change_mac(tx, known, body.mac)
    host = None if body.host is None else HostName(body.host)
    if before.host != host:
        ports.bind(tx, known, None)
        ports.bind(tx, known, host)


def router(tx: Transaction, who: Caller, object_id: UUID, body: RouterCreate) -> None:
    """A router, what it joins, and its way out under just this address. Raises as `declare_router` does."""
    owner = references.project(tx.snapshot, who, body.project).id
    known = RouterId(object_id)
    before = tx.snapshot.routers.get(known)
    if before is not None:
        _same(before.project_id, owner, "project")
    gateway = None
    if body.gateway is not None:
        if body.gateway.address is None:
            raise Invalid(
                "a mirrored gateway has the address that it has in its source", field="object.gateway"
            )
        outside = references.external(tx, owner, body.gateway.network, field="gateway")
        gateway = Gateway(network_id=outside.id, address=body.gateway.address)
    joined = [references.owned(tx, Network, owner, one, field="networks").id for one in body.networks]
    gateways.declare_router(
        tx,
        Router(
            id=known,
            project_id=owner,
            name=name_for(tx, Kind.ROUTERS, owner, known, body.name),
            description=body.description,
            networks=frozenset(joined),
            routes=tuple(route.to_model() for route in body.routes),
            gateway=gateway,
        ),
    )


def floating_ip(tx: Transaction, who: Caller, object_id: UUID, body: FloatingIPCreate) -> None:
    """A floating IP with just this address. Raises as `add_floating_ip` does."""
    if body.address is None:
        raise Invalid("a mirrored floating IP has the address of its source", field="object.address")
    owner = references.project(tx.snapshot, who, body.project).id
    known = FloatingIPId(object_id)
    on = references.external(tx, owner, body.network, field="network")
    to = None if body.port is None else references.owned(tx, Port, owner, body.port, field="port").id
    name = name_for(tx, Kind.FLOATING_IPS, owner, known, body.name or str(body.address))
    before = tx.snapshot.floating_ips.get(known)
    if before is None:
        floating_ips.add_floating_ip(tx, replace(body.to_model(owner, on.id, to), id=known, name=name))
        return
    _same(before.project_id, owner, "project")
    _same((before.network_id, before.address), (on.id, body.address), "address")
    floating_ips.change_floating_ip(tx, known, name=name, description=body.description, port_id=to)


def group(tx: Transaction, who: Caller, object_id: UUID, body: GroupCreate) -> None:
    """A group by its selector. Raises Invalid."""
    if body.members:
        raise Invalid("a mirrored group has its ports by their labels", field="object.members")
    owner = references.project(tx.snapshot, who, body.project).id
    known = GroupId(object_id)
    name = name_for(tx, Kind.GROUPS, owner, known, body.name)
    selector = None if body.selector is None else Selector(body.selector)
    if known not in tx.snapshot.groups:
        policies.add_group(
            tx, id=known, project_id=owner, name=name, description=body.description, selector=selector
        )
        return
    _same(tx.snapshot.groups[known].project_id, owner, "project")
    policies.change_group(tx, known, name=name, description=body.description, selector=selector)


def address_group(tx: Transaction, who: Caller, object_id: UUID, body: AddressGroupCreate) -> None:
    """An address group."""
    owner = references.project(tx.snapshot, who, body.project).id
    known = AddressGroupId(object_id)
    name = name_for(tx, Kind.ADDRESS_GROUPS, owner, known, body.name)
    cidrs = tuple(body.cidrs)
    if known not in tx.snapshot.address_groups:
        policies.add_address_group(
            tx, id=known, project_id=owner, name=name, description=body.description, cidrs=cidrs
        )
        return
    _same(tx.snapshot.address_groups[known].project_id, owner, "project")
    policies.change_address_group(tx, known, name=name, description=body.description, cidrs=cidrs)


def policy(tx: Transaction, who: Caller, object_id: UUID, body: PolicyCreate) -> None:
    """A policy whose rules bring their ids along. Raises NotFound, Invalid."""
    owner = references.project(tx.snapshot, who, body.project).id
    known = PolicyId(object_id)
    before = tx.snapshot.policies.get(known)
    if before is not None:
        _same(before.project_id, owner, "project")
    if any(rule.id is None for rule in body.rules):
        raise Invalid("a mirrored rule has the id that it has in its source", field="object.rules")
    new = NewPolicy(
        project_id=owner,
        name=name_for(tx, Kind.POLICIES, owner, known, body.name),
        description=body.description,
        tier=body.tier,
        order=body.order,
        mode=body.mode,
        rules=rules_of(tx, owner, body.rules),
        **target_of(tx, owner, body),
    )
    policies.put_policy(tx, known, new)


def qos_policy(tx: Transaction, who: Caller, object_id: UUID, body: QosPolicyCreate) -> None:
    """A QoS policy; networks and ports name it. Raises Invalid."""
    owner = references.project(tx.snapshot, who, body.project).id
    known = QosPolicyId(object_id)
    name = name_for(tx, Kind.QOS_POLICIES, owner, known, body.name)
    new = replace(body.to_model(owner), id=known, name=name)
    if known not in tx.snapshot.qos_policies:
        policies.add_qos_policy(tx, new)
        return
    _same(tx.snapshot.qos_policies[known].project_id, owner, "project")
    changes = {"egress": new.egress, "ingress": new.ingress, "dscp": new.dscp}
    policies.change_qos_policy(tx, known, name=name, description=new.description, **changes)


def _limits(tx: Transaction, owner: ProjectId, reference: str | None) -> QosPolicyId | None:
    if reference is None:
        return None
    return references.owned(tx, QosPolicy, owner, reference, field="qos_policy").id


def _remove_router(tx: Transaction, object_id: UUID) -> None:
    """A router that is gone in its source joins nothing any more, though nobody may have said so before."""
    routers.change_router(tx, RouterId(object_id), networks=frozenset(), routes=())
    routers.remove_router(tx, RouterId(object_id))


REMOVE: Mapping[Kind, Callable[[Transaction, UUID], None]] = {
    Kind.PROJECTS: lambda tx, one: networks.remove_project(tx, ProjectId(one)),
    Kind.NETWORKS: lambda tx, one: networks.remove_network(tx, NetworkId(one)),
    Kind.SUBNETS: lambda tx, one: networks.remove_subnet(tx, SubnetId(one)),
    Kind.ROUTERS: _remove_router,
    Kind.PORTS: lambda tx, one: ports.remove_port(tx, PortId(one)),
    Kind.FLOATING_IPS: lambda tx, one: floating_ips.remove_floating_ip(tx, FloatingIPId(one)),
    Kind.GROUPS: lambda tx, one: policies.remove_group(tx, GroupId(one)),
    Kind.ADDRESS_GROUPS: lambda tx, one: policies.remove_address_group(tx, AddressGroupId(one)),
    Kind.QOS_POLICIES: lambda tx, one: policies.remove_qos_policy(tx, QosPolicyId(one)),
    Kind.POLICIES: lambda tx, one: policies.remove_policy(tx, PolicyId(one)),
}
"""The kinds that can be mirrored, and how one is removed: refused while something else needs it."""


def _same(before: object, after: object, field: str) -> None:
    if before != after:
        raise Conflict(f"{field} of a mirrored object cannot change from {before} to {after}", field=field)
