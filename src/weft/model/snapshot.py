"""The whole model at one revision: immutable, and indexed where readers ask."""

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar, cast

from weft.model.attach_rule import AttachRule
from weft.model.floating_ip import FloatingIP
from weft.model.host import Host
from weft.model.ids import (
    AddressGroupId,
    AttachRuleId,
    DomainId,
    FloatingIPId,
    GroupId,
    HostName,
    InvariantId,
    NetworkId,
    PolicyId,
    PortId,
    ProjectId,
    QosPolicyId,
    Revision,
    RouterId,
    RuleId,
    SubnetId,
)
from weft.model.invariant import Invariant
from weft.model.network import Network, Project, Subnet
from weft.model.policy import AddressGroup, Group, Policy, QosPolicy
from weft.model.port import Port
from weft.model.router import Router

K = TypeVar("K")
V = TypeVar("V")


def _nothing() -> Mapping[K, V]:
    return MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything that is declared, as of `revision`. Two snapshots with equal contents are equal."""

    revision: Revision = field(default_factory=lambda: Revision(0))
    projects: Mapping[ProjectId, Project] = field(default_factory=_nothing)
    networks: Mapping[NetworkId, Network] = field(default_factory=_nothing)
    subnets: Mapping[SubnetId, Subnet] = field(default_factory=_nothing)
    routers: Mapping[RouterId, Router] = field(default_factory=_nothing)
    ports: Mapping[PortId, Port] = field(default_factory=_nothing)
    floating_ips: Mapping[FloatingIPId, FloatingIP] = field(default_factory=_nothing)
    groups: Mapping[GroupId, Group] = field(default_factory=_nothing)
    address_groups: Mapping[AddressGroupId, AddressGroup] = field(default_factory=_nothing)
    policies: Mapping[PolicyId, Policy] = field(default_factory=_nothing)
    qos_policies: Mapping[QosPolicyId, QosPolicy] = field(default_factory=_nothing)
    attach_rules: Mapping[AttachRuleId, AttachRule] = field(default_factory=_nothing)
    invariants: Mapping[InvariantId, Invariant] = field(default_factory=_nothing)
    hosts: Mapping[HostName, Host] = field(default_factory=_nothing)

    @cached_property
    def subnets_of(self) -> Mapping[NetworkId, tuple[Subnet, ...]]:
        """The subnets of each network that has any, by CIDR."""
        found: defaultdict[NetworkId, list[Subnet]] = defaultdict(list)
        for subnet in self.subnets.values():
            found[subnet.network_id].append(subnet)
        return {
            network: tuple(sorted(subnets, key=lambda s: (s.cidr.version, s.cidr)))
            for network, subnets in found.items()
        }

    @cached_property
    def router_of(self) -> Mapping[NetworkId, Router]:
        """The router of each network that has one."""
        return {network: router for router in self.routers.values() for network in router.networks}

    @cached_property
    def routers_out(self) -> Mapping[NetworkId, tuple[Router, ...]]:
        """The routers whose gateway is on each network, where any is."""
        found: defaultdict[NetworkId, list[Router]] = defaultdict(list)
        for router in self.routers.values():
            if router.gateway is not None:
                found[router.gateway.network_id].append(router)
        return {network: tuple(routers) for network, routers in found.items()}

    @cached_property
    def floating_of(self) -> Mapping[PortId, FloatingIP]:
        """The floating IP of each port that has one."""
        return {f.port_id: f for f in self.floating_ips.values() if f.port_id is not None}

    @cached_property
    def floating_by(self) -> Mapping[RouterId, tuple[FloatingIP, ...]]:
        """The floating IPs that lead to ports by each router, where any do."""
        found: defaultdict[RouterId, list[FloatingIP]] = defaultdict(list)
        for port_id, floating in self.floating_of.items():
            port = self.ports.get(port_id)
            router = None if port is None else self.router_of.get(port.network_id)
            gateway = None if router is None else router.gateway
            if router is not None and gateway is not None and gateway.network_id == floating.network_id:
                found[router.id].append(floating)
        return {router: tuple(floating) for router, floating in found.items()}

    def versions_out(self, router: Router) -> frozenset[int]:
        """The IP versions in which a router's gateway leads to everywhere.

        A host leaves by its own addresses, of both; an external network by one address of IPv4.
        """
        if router.gateway is None:
            return frozenset()
        return frozenset({4, 6}) if self.networks[router.gateway.network_id].by_host else frozenset({4})

    def hosts_on(self, network: NetworkId) -> Set[HostName]:
        """The hosts that are connected to where an external network goes on."""
        physical = self.networks[network].physical
        return frozenset(
            host.name
            for host in self.hosts.values()
            if physical is not None and physical.name in host.physical_networks
        )

    def domain_of(self, where: DomainId) -> DomainId:
        """The routing domain that a network is in; a router is its own."""
        router = self.router_of.get(cast("NetworkId", where))
        return where if router is None else router.id

    def networks_in(self, domain: DomainId) -> Set[NetworkId]:
        """The networks of a routing domain."""
        router = self.routers.get(cast("RouterId", domain))
        return frozenset({cast("NetworkId", domain)}) if router is None else router.networks

    @cached_property
    def ports_of(self) -> Mapping[NetworkId, tuple[Port, ...]]:
        """The ports of each network that has any."""
        found: defaultdict[NetworkId, list[Port]] = defaultdict(list)
        for port in self.ports.values():
            found[port.network_id].append(port)
        return {network: tuple(ports) for network, ports in found.items()}

    @cached_property
    def ports_on(self) -> Mapping[HostName, tuple[Port, ...]]:
        """The ports that are bound to each host, where any is."""
        found: defaultdict[HostName, list[Port]] = defaultdict(list)
        for port in self.ports.values():
            if port.host is not None:
                found[port.host].append(port)
        return {host: tuple(ports) for host, ports in found.items()}

    @cached_property
    def plugged_hosts(self) -> frozenset[HostName]:
        """The hosts that any port is bound to."""
        return frozenset(self.ports_on)

    @cached_property
    def policy_of(self) -> Mapping[RuleId, Policy]:
        """The policy of each rule."""
        return {rule.id: policy for policy in self.policies.values() for rule in policy.rules}

    @cached_property
    def expires_next(self) -> datetime | None:
        """When the first rule expires; None when none ever does."""
        found = (rule.expires for policy in self.policies.values() for rule in policy.rules)
        return min((at for at in found if at is not None), default=None)

    @property
    def rule_ids(self) -> Set[RuleId]:
        """The rules of all policies."""
        return self.policy_of.keys()

    @cached_property
    def members_of(self) -> Mapping[GroupId, frozenset[PortId]]:
        """The ports of each group: selector and hand-picked, within the group's project.

        A quarantined port has no labels that anyone vouches for, so no selector takes it in.
        """
        by_project: defaultdict[ProjectId, list[Port]] = defaultdict(list)
        for port in self.ports.values():
            by_project[port.project_id].append(port)
        return {
            group.id: frozenset(port.id for port in by_project[group.project_id] if belongs(port, group))
            for group in self.groups.values()
        }


def belongs(port: Port, group: Group) -> bool:
    """Whether `port`, which is of the group's project, is one of the group's ports."""
    if port.id in group.members:
        return True
    selector = group.selector
    return selector is not None and not port.quarantined and selector.matches(port.labels)


def is_for(snapshot: Snapshot, policy: Policy, port: Port) -> bool:
    """Whether `port` is a target of `policy`; nobody is of one whose group is not there."""
    if policy.project_id != port.project_id:
        return False
    if policy.target is not None:
        group = snapshot.groups.get(policy.target)
        return group is not None and belongs(port, group)
    if policy.target_network is not None:
        return port.network_id == policy.target_network
    return policy.target_zone in (None, snapshot.networks[port.network_id].zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Which objects may differ between two snapshots. More than do differ is correct, and slower."""

    projects: Set[ProjectId] = frozenset()
    networks: Set[NetworkId] = frozenset()
    subnets: Set[SubnetId] = frozenset()
    routers: Set[RouterId] = frozenset()
    ports: Set[PortId] = frozenset()
    floating_ips: Set[FloatingIPId] = frozenset()
    groups: Set[GroupId] = frozenset()
    address_groups: Set[AddressGroupId] = frozenset()
    policies: Set[PolicyId] = frozenset()
    qos_policies: Set[QosPolicyId] = frozenset()
    attach_rules: Set[AttachRuleId] = frozenset()
    invariants: Set[InvariantId] = frozenset()
    hosts: Set[HostName] = frozenset()

    @classmethod
    def everything(cls, snapshot: Snapshot) -> "Touched":
        """All that `snapshot` differs in from an empty one."""
        return cls(**{field.name: getattr(snapshot, field.name).keys() for field in fields(cls)})
