"""Model objects with everything filled in; ids follow from names, so a test reads the same every time."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, ip_address, ip_network
from typing import TypeVar
from uuid import NAMESPACE_DNS, UUID, uuid5

from weft.model.floating_ip import FloatingIP
from weft.model.host import Host
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
    RuleId,
    SubnetId,
)
from weft.model.network import Default, Network, Physical, Project, Subnet
from weft.model.policy import (
    Action,
    AddressGroup,
    Direction,
    Group,
    Mode,
    Peer,
    Policy,
    PortRange,
    Protocol,
    QosPolicy,
    RateLimit,
    Rule,
    Service,
    Tier,
)
from weft.model.port import FixedIP, Port, PortKind, Trunk, mac_for
from weft.model.publication import Publication
from weft.model.rank import arrange
from weft.model.router import Gateway, Router, StaticRoute
from weft.model.selector import Selector
from weft.model.snapshot import Snapshot

Anything = (
    Project | Network | Subnet | Router | Port | FloatingIP | Group | AddressGroup | Policy | QosPolicy | Host
)
_T = TypeVar("_T", Project, Network, Subnet, Router, Port, FloatingIP, Group, AddressGroup, Policy, QosPolicy)


def an_id(kind: str, name: str) -> UUID:
    """The id that the object of that kind and name has in every test."""
    return uuid5(NAMESPACE_DNS, f"{kind}.{name}.weft.test")


def a_project(name: str = "default") -> Project:
    return Project(id=ProjectId(an_id("project", name)), name=name)


def a_host(name: str = "h1", *, project: str = "default") -> Host:
    return Host(name=HostName(name), projects=frozenset({ProjectId(an_id("project", project))}))


def a_network(
    name: str = "net",
    *,
    project: str = "default",
    ingress: Default = Default.SAME_NETWORK,
    egress: Default = Default.ALLOW,
    mtu: int | None = None,
    qos: str | None = None,
    physical: str | None = None,
    vlan: int | None = None,
    zone: str | None = None,
    metadata: bool = False,
) -> Network:
    return Network(
        id=NetworkId(an_id("network", name)),
        project_id=ProjectId(an_id("project", project)),
        name=name,
        mtu=mtu,
        default_ingress=ingress,
        default_egress=egress,
        qos_policy_id=QosPolicyId(an_id("qos", qos)) if qos else None,
        physical=Physical(name=physical, vlan=vlan) if physical else None,
        zone=zone,
        metadata=metadata,
    )


def a_subnet(
    cidr: str = "10.0.0.0/24",
    *,
    network: str = "net",
    project: str = "default",
    dns: Iterable[str] = (),
    dhcp: bool = True,
) -> Subnet:
    """Named by its network and prefix; the gateway is its first address."""
    prefix = ip_network(cidr)
    return Subnet(
        id=SubnetId(an_id("subnet", f"{network}-{cidr}")),
        project_id=ProjectId(an_id("project", project)),
        network_id=NetworkId(an_id("network", network)),
        name=f"{network}-{cidr}",
        cidr=prefix,
        gateway=prefix.network_address + 1,
        dns_servers=tuple(ip_address(server) for server in dns),
        dhcp=dhcp,
    )


def a_router(
    name: str,
    networks: Iterable[str],
    *,
    routes: Mapping[str, str] | None = None,
    project: str = "default",
    gateway: Mapping[str, str] | None = None,
) -> Router:
    """`routes` are next hops by destination, `gateway` is an address by network."""
    return Router(
        id=RouterId(an_id("router", name)),
        project_id=ProjectId(an_id("project", project)),
        name=name,
        networks=frozenset(NetworkId(an_id("network", network)) for network in networks),
        routes=tuple(
            StaticRoute(destination=ip_network(prefix), next_hop=ip_address(hop))
            for prefix, hop in (routes or {}).items()
        ),
        gateway=next(
            (
                Gateway(network_id=NetworkId(an_id("network", network)), address=IPv4Address(address))
                for network, address in (gateway or {}).items()
            ),
            None,
        ),
    )


def a_port(
    name: str = "port",
    addresses: Mapping[str, str] | None = None,
    *,
    network: str = "net",
    project: str = "default",
    kind: PortKind = PortKind.CONTAINER,
    labels: Mapping[str, str] | None = None,
    host: str | None = None,
    secure: bool = True,
    quarantined: bool = False,
    qos: str | None = None,
    published: Iterable[str] = (),
    trunk: Mapping[str, int] | None = None,
) -> Port:
    """`addresses` maps each address to the prefix of its subnet; `published` is written as in 8080:80/tcp.

    `trunk` maps the name of the port that carries it to the VLAN.
    """
    identity = PortId(an_id("port", name))
    return Port(
        id=identity,
        project_id=ProjectId(an_id("project", project)),
        network_id=NetworkId(an_id("network", network)),
        name=name,
        kind=kind,
        mac=mac_for(identity),
        fixed_ips=tuple(
            FixedIP(SubnetId(an_id("subnet", f"{network}-{cidr}")), ip_address(address))
            for address, cidr in (addresses or {}).items()
        ),
        labels=dict(labels or {}),
        host=HostName(host) if host else None,
        port_security=secure,
        quarantined=quarantined,
        qos_policy_id=QosPolicyId(an_id("qos", qos)) if qos else None,
        published=tuple(Publication.parse(text) for text in published),
        trunk=next(
            (Trunk(port_id=PortId(an_id("port", by)), vlan=vlan) for by, vlan in (trunk or {}).items()), None
        ),
    )


def a_floating_ip(address: str, *, network: str, port: str | None = None) -> FloatingIP:
    """Called after its address."""
    return FloatingIP(
        id=FloatingIPId(an_id("floating-ip", address)),
        project_id=ProjectId(an_id("project", "default")),
        name=address,
        network_id=NetworkId(an_id("network", network)),
        address=IPv4Address(address),
        port_id=PortId(an_id("port", port)) if port else None,
    )


def a_group(
    name: str = "group",
    selector: str | None = None,
    *,
    members: Iterable[str] = (),
    project: str = "default",
) -> Group:
    return Group(
        id=GroupId(an_id("group", name)),
        project_id=ProjectId(an_id("project", project)),
        name=name,
        selector=Selector(selector) if selector else None,
        members=frozenset(PortId(an_id("port", member)) for member in members),
    )


def an_address_group(name: str, cidrs: Iterable[str], *, project: str = "default") -> AddressGroup:
    return AddressGroup(
        id=AddressGroupId(an_id("address-group", name)),
        project_id=ProjectId(an_id("project", project)),
        name=name,
        cidrs=tuple(ip_network(cidr) for cidr in cidrs),
    )


def a_peer(
    *,
    group: str | None = None,
    network: str | None = None,
    zone: str | None = None,
    address_group: str | None = None,
    cidr: str | None = None,
) -> Peer:
    return Peer(
        group_id=GroupId(an_id("group", group)) if group else None,
        network_id=NetworkId(an_id("network", network)) if network else None,
        zone=zone,
        address_group_id=AddressGroupId(an_id("address-group", address_group)) if address_group else None,
        cidr=ip_network(cidr) if cidr else None,
    )


def a_service(text: str = "any") -> Service:
    """`any`, `tcp`, `tcp/80`, `udp/53,8000-8080`, `icmp/8`, `icmp/3.1`."""
    protocol, _, detail = text.partition("/")
    if protocol == "any":
        return Service()
    if protocol.startswith("icmp"):
        kind, _, code = detail.partition(".")
        return Service(
            protocol=Protocol(protocol),
            icmp_type=int(kind) if kind else None,
            icmp_code=int(code) if code else None,
        )
    return Service(protocol=Protocol(protocol), ports=tuple(_range(p) for p in detail.split(",") if p))


def _range(text: str) -> PortRange:
    first, _, last = text.partition("-")
    return PortRange(int(first), int(last or first))


def a_rule(
    name: str,
    direction: Direction = Direction.INGRESS,
    action: Action = Action.DROP,
    *,
    peer: Peer | None = None,
    service: str = "any",
    stateful: bool = True,
    log: bool = False,
    count: bool = False,
    rank: int = 0,
) -> Rule:
    return Rule(
        id=RuleId(an_id("rule", name)),
        direction=direction,
        action=action,
        peer=peer or Peer(),
        service=a_service(service),
        stateful=stateful,
        log=log,
        count=count,
        rank=rank,
    )


def a_policy(
    name: str,
    *rules: Rule,
    target: str | None = None,
    tier: Tier = Tier.PROJECT,
    order: int = 1000,
    project: str = "default",
    mode: Mode = Mode.ENFORCED,
    network: str | None = None,
    zone: str | None = None,
) -> Policy:
    """Ranks are dealt as the store does, for a policy that is alone in its tier.

    `network` and `zone` are what it is for instead of a group, the `target`.
    """
    ranks = arrange([rule.rank for rule in rules], tier)
    return Policy(
        id=PolicyId(an_id("policy", name)),
        project_id=ProjectId(an_id("project", project)),
        name=name,
        tier=tier,
        order=order,
        target=GroupId(an_id("group", target)) if target else None,
        target_network=NetworkId(an_id("network", network)) if network else None,
        target_zone=zone,
        mode=mode,
        rules=tuple(replace(rule, rank=rank) for rule, rank in zip(rules, ranks, strict=True)),
    )


def a_qos_policy(
    name: str, *, egress: int | None = None, ingress: int | None = None, dscp: int | None = None
) -> QosPolicy:
    """Rates in kbit/s, each with a burst of a tenth of a second."""
    return QosPolicy(
        id=QosPolicyId(an_id("qos", name)),
        project_id=ProjectId(an_id("project", "default")),
        name=name,
        egress=RateLimit(rate_kbps=egress, burst_kb=egress // 10) if egress else None,
        ingress=RateLimit(rate_kbps=ingress, burst_kb=ingress // 10) if ingress else None,
        dscp=dscp,
    )


def a_snapshot(*objects: Anything) -> Snapshot:
    """All of `objects`, in the order given."""

    def those(kind: type[_T]) -> list[_T]:
        return [each for each in objects if isinstance(each, kind)]

    return Snapshot(
        projects={each.id: each for each in those(Project)},
        networks={each.id: each for each in those(Network)},
        subnets={each.id: each for each in those(Subnet)},
        routers={each.id: each for each in those(Router)},
        ports={each.id: each for each in those(Port)},
        floating_ips={each.id: each for each in those(FloatingIP)},
        groups={each.id: each for each in those(Group)},
        address_groups={each.id: each for each in those(AddressGroup)},
        policies={each.id: each for each in those(Policy)},
        qos_policies={each.id: each for each in those(QosPolicy)},
        hosts={each.name: each for each in objects if isinstance(each, Host)},
    )
