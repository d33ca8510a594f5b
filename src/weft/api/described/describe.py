"""The model as a description: just what `declare` takes, in an order that does not depend on chance."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from uuid import UUID

from weft.api.schemas.base import Body
from weft.api.schemas.description import (
    AddressGroupDescribed,
    AttachRuleDescribed,
    Description,
    EndDescribed,
    FloatingIPDescribed,
    GroupDescribed,
    InvariantDescribed,
    NetworkDescribed,
    PolicyDescribed,
    PortDescribed,
    ProjectDescribed,
    QosPolicyDescribed,
    RouterDescribed,
    RuleDescribed,
    ServiceDescribed,
    SubnetDescribed,
)
from weft.api.schemas.network import PhysicalIn, Pool
from weft.api.schemas.policy import PeerIn
from weft.api.schemas.port import TrunkIn
from weft.api.schemas.qos_policy import RateLimitIn
from weft.api.schemas.router import GatewayIn, RouteIn
from weft.model.attach_rule import AttachRule
from weft.model.floating_ip import FloatingIP
from weft.model.ids import NetworkId, ProjectId
from weft.model.invariant import Invariant
from weft.model.network import HOST, Network, Physical, Project, Subnet
from weft.model.policy import (
    AddressGroup,
    Group,
    Peer,
    Policy,
    PortRange,
    QosPolicy,
    RateLimit,
    Rule,
    Service,
)
from weft.model.port import Port
from weft.model.router import Router
from weft.model.snapshot import Snapshot
from weft.store import Declared
from weft.store.kinds import project_of

NOBODY = UUID(int=0)

T = TypeVar("T")
D = TypeVar("D")


def describe(snapshot: Snapshot, projects: Iterable[Project]) -> Description:
    """All that `projects` declare; ports that were made for workloads are not declared."""
    ordered = sorted(projects, key=lambda project: project.name)
    return Description(projects=[_Describing(snapshot, project).project() for project in ordered])


def describe_object(snapshot: Snapshot, item: Declared) -> Body | None:
    """One object as a description tells it; None for what descriptions do not know."""
    owner = project_of(item)
    project = Project(id=ProjectId(NOBODY), name="") if owner is None else snapshot.projects[owner]
    return _Describing(snapshot, project).object(item)


class _Describing:
    """One project, told in names."""

    def __init__(self, snapshot: Snapshot, project: Project) -> None:
        self._snapshot = snapshot
        self._project = project

    def project(self) -> ProjectDescribed:
        found = self._snapshot
        return ProjectDescribed(
            name=self._project.name,
            description=self._project.description,
            qos_policies=self._each(found.qos_policies.values(), _qos_policy),
            networks=self._each(found.networks.values(), self._network),
            routers=self._each(found.routers.values(), self._router),
            ports=[self._port(p) for p in self._mine(found.ports.values()) if p.declared is not None],
            floating_ips=self._each(found.floating_ips.values(), self._floating_ip),
            groups=self._each(found.groups.values(), self._group),
            address_groups=self._each(found.address_groups.values(), _address_group),
            policies=self._each(found.policies.values(), self._policy),
            attach_rules=self._each(found.attach_rules.values(), self._attach_rule),
            invariants=self._each(found.invariants.values(), self._invariant),
        )

    def object(self, item: Declared) -> Body | None:
        tellers: dict[type[Declared], Callable[[Any], Body]] = {
            Project: lambda project: ProjectDescribed(name=project.name, description=project.description),
            QosPolicy: _qos_policy,
            Network: lambda network: self._network(network).model_copy(update={"subnets": []}),
            Subnet: _subnet,
            Router: self._router,
            Port: self._port,
            FloatingIP: lambda floating: self._floating_ip(floating, attached=True),
            Group: self._group,
            AddressGroup: _address_group,
            Policy: self._policy,
            AttachRule: self._attach_rule,
            Invariant: self._invariant,
        }
        teller = tellers.get(type(item))
        return None if teller is None else teller(item)

    def _router(self, router: Router) -> RouterDescribed:
        return RouterDescribed(
            name=router.name,
            description=router.description,
            networks=sorted(self._snapshot.networks[network].name for network in router.networks),
            routes=[RouteIn(destination=r.destination, next_hop=r.next_hop) for r in router.routes],
            gateway=self._gateway(router),
        )

    def _gateway(self, router: Router) -> GatewayIn | None:
        if router.gateway is None:
            return None
        called = self._external(router.gateway.network_id, router.project_id)
        return GatewayIn(network=called, address=router.gateway.address)

    def _external(self, network_id: NetworkId, owner: ProjectId) -> str:
        """By its name, or by its id where it is of another project; `host` is known to all."""
        network = self._snapshot.networks[network_id]
        if network.project_id == owner:
            return network.name
        return HOST if network.by_host else str(network.id)

    def _floating_ip(self, floating: FloatingIP, *, attached: bool = False) -> FloatingIPDescribed:
        """`attached` names a port that nobody declared, too."""
        port = None if floating.port_id is None else self._snapshot.ports[floating.port_id]
        return FloatingIPDescribed(
            name=floating.name,
            network=self._external(floating.network_id, floating.project_id),
            address=floating.address,
            description=floating.description,
            port=port.name if port is not None and (attached or port.declared is not None) else None,
        )

    def _group(self, group: Group) -> GroupDescribed:
        held = self._snapshot.ports
        return GroupDescribed(
            name=group.name,
            description=group.description,
            selector=None if group.selector is None else group.selector.text,
            members=sorted(held[p].name for p in group.members if held[p].declared is not None),
        )

    def _attach_rule(self, rule: AttachRule) -> AttachRuleDescribed:
        return AttachRuleDescribed(
            name=rule.name,
            description=rule.description,
            selector=rule.selector.text,
            network=self._snapshot.networks[rule.network_id].name,
            order=rule.order,
        )

    def _invariant(self, one: Invariant) -> InvariantDescribed:
        return InvariantDescribed(
            name=one.name,
            description=one.description,
            promise=one.promise,
            source=self._end(one.source),
            destination=self._end(one.destination),
            service=_service(one.service),
        )

    def _mine(self, items: Iterable[T]) -> list[T]:
        mine: list[Any] = [item for item in items if getattr(item, "project_id", None) == self._project.id]
        return sorted(mine, key=lambda item: item.name)

    def _each(self, items: Iterable[T], told: Callable[[T], D]) -> list[D]:
        return [told(item) for item in self._mine(items)]

    def _network(self, network: Network) -> NetworkDescribed:
        return NetworkDescribed(
            name=network.name,
            description=network.description,
            labels=dict(network.labels),
            mtu=network.mtu,
            default_ingress=network.default_ingress,
            default_egress=network.default_egress,
            qos_policy=self._qos(network),
            physical_network=_physical(network.physical),
            zone=network.zone,
            log_drops=network.log_drops,
            metadata=network.metadata,
            subnets=[_subnet(subnet) for subnet in self._snapshot.subnets_of.get(network.id, ())],
        )

    def _qos(self, item: Network | Port) -> str | None:
        key = item.qos_policy_id
        return None if key is None else self._snapshot.qos_policies[key].name

    def _port(self, port: Port) -> PortDescribed:
        return PortDescribed(
            name=port.name,
            network=self._snapshot.networks[port.network_id].name,
            kind=port.kind,
            mac=port.mac,
            addresses=[fixed.address for fixed in port.fixed_ips],
            labels=dict(port.declared or {}),
            port_security=port.port_security,
            qos_policy=self._qos(port),
            physical_network=_physical(port.physical),
            host=None if port.physical is None else port.host,
            trunk=self._trunk(port),
        )

    def _trunk(self, port: Port) -> TrunkIn | None:
        if port.trunk is None:
            return None
        return TrunkIn(port=self._snapshot.ports[port.trunk.port_id].name, vlan=port.trunk.vlan)

    def _policy(self, policy: Policy) -> PolicyDescribed:
        return PolicyDescribed(
            name=policy.name,
            description=policy.description,
            tier=policy.tier,
            order=policy.order,
            target=None if policy.target is None else self._snapshot.groups[policy.target].name,
            target_network=None
            if policy.target_network is None
            else self._snapshot.networks[policy.target_network].name,
            target_zone=policy.target_zone,
            mode=policy.mode,
            rules=[self._rule(rule) for rule in policy.rules],
        )

    def _rule(self, rule: Rule) -> RuleDescribed:
        return RuleDescribed(
            direction=rule.direction,
            action=rule.action,
            peer=self._peer(rule.peer),
            service=_service(rule.service),
            stateful=rule.stateful,
            log=rule.log,
            count=rule.count,
            description=rule.description,
            expires=rule.expires,
        )

    def _peer(self, peer: Peer) -> PeerIn:
        found, prefixes = self._snapshot, peer.address_group_id
        return PeerIn(
            group=None if peer.group_id is None else found.groups[peer.group_id].name,
            network=None if peer.network_id is None else found.networks[peer.network_id].name,
            zone=peer.zone,
            address_group=None if prefixes is None else found.address_groups[prefixes].name,
            cidr=peer.cidr,
        )

    def _end(self, end: Peer) -> EndDescribed:
        told = self._peer(end)
        return EndDescribed(group=told.group, network=told.network, zone=told.zone)


def _subnet(subnet: Subnet) -> SubnetDescribed:
    return SubnetDescribed(
        cidr=subnet.cidr,
        name=subnet.name,
        gateway=subnet.gateway,
        pools=[Pool(first=pool.first, last=pool.last) for pool in subnet.pools],
        dns_servers=list(subnet.dns_servers),
        dhcp=subnet.dhcp,
    )


def _qos_policy(policy: QosPolicy) -> QosPolicyDescribed:
    return QosPolicyDescribed(
        name=policy.name,
        description=policy.description,
        egress=_limit(policy.egress),
        ingress=_limit(policy.ingress),
        dscp=policy.dscp,
    )


def _address_group(group: AddressGroup) -> AddressGroupDescribed:
    return AddressGroupDescribed(name=group.name, description=group.description, cidrs=list(group.cidrs))


def _limit(limit: RateLimit | None) -> RateLimitIn | None:
    return None if limit is None else RateLimitIn(rate_kbps=limit.rate_kbps, burst_kb=limit.burst_kb)


def _service(service: Service) -> ServiceDescribed:
    return ServiceDescribed(
        protocol=service.protocol,
        ports=[_range(ports) for ports in service.ports],
        icmp_type=service.icmp_type,
        icmp_code=service.icmp_code,
    )


def _physical(physical: Physical | None) -> PhysicalIn | None:
    return None if physical is None else PhysicalIn(name=physical.name, vlan=physical.vlan)


def _range(ports: PortRange) -> str:
    return str(ports.first) if ports.first == ports.last else f"{ports.first}-{ports.last}"
