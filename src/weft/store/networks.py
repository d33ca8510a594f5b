"""Projects, networks and subnets: the rules that need the rest of the model."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from weft.model.errors import Invalid, SubnetOverlap
from weft.model.guest import check_beside_service
from weft.model.ids import NetworkId, ProjectId, QosPolicyId, SubnetId
from weft.model.network import (
    Address,
    AddressRange,
    Default,
    Network,
    Physical,
    Prefix,
    Project,
    Subnet,
    check_usable,
)
from weft.store.change import Kind
from weft.store.doors import check_door_subnet, check_only_door
from weft.store.floating_ips import floating_on
from weft.store.gateways import ways_out
from weft.store.holders import check_free
from weft.store.kinds import NOUNS, kind_of
from weft.store.lookup import (
    check_name,
    free_name,
    refuse_in_use,
    require,
    require_within,
    revised,
)
from weft.store.routers import check_domain, check_room
from weft.store.transaction import Transaction
from weft.store.vlans import check_external

_NETWORK_CHANGES = (
    "name",
    "description",
    "labels",
    "mtu",
    "default_ingress",
    "default_egress",
    "qos_policy_id",
    "physical",
    "zone",
    "log_drops",
    "metadata",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubnet:
    """A subnet as asked for. Without `name`: the network's and `-v4`; without `gateway`: first."""

    cidr: Prefix
    name: str | None = None
    gateway: Address | None = None
    pools: tuple[AddressRange, ...] = ()
    dns_servers: tuple[Address, ...] = ()
    dhcp: bool = True
    id: SubnetId | None = None
    """An id that somebody else chose; so for all that is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNetwork:
    """A network as asked for, with the subnets to make in the same revision."""

    project_id: ProjectId
    name: str
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    mtu: int | None = None
    default_ingress: Default = Default.SAME_NETWORK
    default_egress: Default = Default.ALLOW
    qos_policy_id: QosPolicyId | None = None
    physical: Physical | None = None
    zone: str | None = None
    log_drops: bool = True
    metadata: bool = False
    subnets: tuple[NewSubnet, ...] = ()
    id: NetworkId | None = None


def add_project(
    tx: Transaction,
    *,
    name: str,
    description: str = "",
    id: ProjectId | None = None,  # noqa: A002
) -> Project:
    """A new, empty project. Raises NameTaken, Invalid."""
    check_name(tx, Kind.PROJECTS, None, name)
    project = Project(id=id or ProjectId(tx.new_id()), name=name, description=description)
    tx.put(project)
    return project


def change_project(tx: Transaction, project_id: ProjectId, **changes: object) -> Project:
    """Change `name` or `description`. Raises NotFound, NameTaken, Invalid."""
    project = require(tx.snapshot.projects, project_id, "project")
    after = revised(project, changes, ("name", "description"))
    if after.name != project.name:
        check_name(tx, Kind.PROJECTS, None, after.name)
    tx.put(after)
    return after


def remove_project(tx: Transaction, project_id: ProjectId) -> None:
    """Remove an empty project. Raises NotFound, StillInUse with what is in it."""
    project = require(tx.snapshot.projects, project_id, "project")
    if tx.index.contents[project_id]:
        found = tx.snapshot
        kinds = (
            found.networks,
            found.routers,
            found.ports,
            found.floating_ips,
            found.groups,
            found.address_groups,
            found.policies,
            found.qos_policies,
            found.attach_rules,
            found.invariants,
        )
        users = [
            f"{NOUNS[kind_of(item)]} {item.name}"
            for items in kinds
            for item in items.values()
            if item.project_id == project_id
        ]
        refuse_in_use(f"project {project.name}", users, "remove them first")
    for host in tx.snapshot.hosts.values():
        if project_id in host.projects:
            tx.put(replace(host, projects=host.projects - {project_id}))
    tx.remove(project)


def add_network(tx: Transaction, new: NewNetwork) -> Network:
    """A new network and its subnets. Raises NotFound, NameTaken, SubnetOverlap, QuotaExceeded."""
    require(tx.snapshot.projects, new.project_id, "project", field="project")
    check_name(tx, Kind.NETWORKS, new.project_id, new.name)
    check_room(tx, 1)
    require_within(
        tx.snapshot.qos_policies,
        new.qos_policy_id,
        "QoS policy",
        new.project_id,
        field="qos_policy_id",
    )
    network = Network(
        id=new.id or NetworkId(tx.new_id()),
        project_id=new.project_id,
        name=new.name,
        description=new.description,
        labels=dict(new.labels),
        mtu=new.mtu,
        default_ingress=new.default_ingress,
        default_egress=new.default_egress,
        qos_policy_id=new.qos_policy_id,
        physical=new.physical,
        zone=new.zone,
        log_drops=new.log_drops,
        metadata=new.metadata,
    )
    check_only_door(tx, network)
    check_external(tx, network)
    tx.put(network)
    for subnet in new.subnets:
        add_subnet(tx, network.id, subnet)
    return network


def change_network(tx: Transaction, network_id: NetworkId, **changes: object) -> Network:
    """Change any field but `id` and `project_id`. Raises NotFound, NameTaken, Invalid."""
    network = require(tx.snapshot.networks, network_id, "network")
    after = revised(network, changes, _NETWORK_CHANGES)
    if after.name != network.name:
        check_name(tx, Kind.NETWORKS, network.project_id, after.name)
    require_within(
        tx.snapshot.qos_policies,
        after.qos_policy_id,
        "QoS policy",
        network.project_id,
        field="qos_policy_id",
    )
    if after.physical is None:
        users = [*ways_out(tx, network_id), *floating_on(tx, network_id)]
        refuse_in_use(f"network {network.name}", users, "clear or delete these first")
    check_only_door(tx, after)
    check_external(tx, after)
    tx.put(after)
    return after


def remove_network(tx: Transaction, network_id: NetworkId) -> None:
    """Remove a network and its subnets. Raises NotFound, StillInUse with its ports and rules."""
    network = require(tx.snapshot.networks, network_id, "network")
    users = [f"port {tx.snapshot.ports[port].name}" for port in tx.index.ports[network_id]]
    users += [
        f"policy {policy.name}"
        for policy in tx.snapshot.policies.values()
        if network_id in (policy.target_network, *(rule.peer.network_id for rule in policy.rules))
    ]
    users += [
        f"attach rule {rule.name}"
        for rule in tx.snapshot.attach_rules.values()
        if rule.network_id == network_id
    ]
    users += [
        f"invariant {one.name}"
        for one in tx.snapshot.invariants.values()
        if network_id in (one.source.network_id, one.destination.network_id)
    ]
    if network_id in tx.index.routers:
        users.append(f"router {tx.snapshot.routers[tx.index.routers[network_id]].name}")
    users += ways_out(tx, network_id)
    users += floating_on(tx, network_id)
    refuse_in_use(f"network {network.name}", users, "remove these first")
    for subnet in list(tx.index.subnets[network_id].values()):
        tx.remove(subnet)
    tx.remove(network)


def add_subnet(tx: Transaction, network_id: NetworkId, new: NewSubnet) -> Subnet:
    """A new subnet on a network. Raises NotFound, NameTaken, SubnetOverlap, Invalid."""
    network = require(tx.snapshot.networks, network_id, "network", field="network")
    check_usable(new.cidr)
    check_door_subnet(tx, network, new.cidr)
    check_beside_service(new.cidr)
    for other in tx.index.subnets[network_id].values():
        if other.cidr.version == new.cidr.version and other.cidr.overlaps(new.cidr):
            raise SubnetOverlap(
                f"subnet {new.cidr} overlaps {other.cidr} ({other.name}) on network "
                f"{network.name}; choose a prefix outside it",
                field="cidr",
            )
    wanted = new.name
    if wanted is None:
        wanted = free_name(tx, Kind.SUBNETS, network.project_id, f"{network.name[:200]}-v{new.cidr.version}")
    check_name(tx, Kind.SUBNETS, network.project_id, wanted)
    gateway = new.gateway
    if gateway is None:
        gateway = type(new.cidr.network_address)(int(new.cidr.network_address) + 1)
    subnet = Subnet(
        id=new.id or SubnetId(tx.new_id()),
        project_id=network.project_id,
        network_id=network_id,
        name=wanted,
        cidr=new.cidr,
        gateway=gateway,
        pools=new.pools,
        dns_servers=new.dns_servers,
        dhcp=new.dhcp,
    )
    _check_gateway(subnet)
    check_domain(tx, network_id, subnet)
    tx.put(subnet)
    return subnet


def change_subnet(tx: Transaction, subnet_id: SubnetId, **changes: object) -> Subnet:
    """Change `name`, `gateway`, `pools`, `dns_servers` or `dhcp`. Raises NotFound, AddressInUse."""
    subnet = require(tx.snapshot.subnets, subnet_id, "subnet")
    after = revised(subnet, changes, ("name", "gateway", "pools", "dns_servers", "dhcp"))
    if after.name != subnet.name:
        check_name(tx, Kind.SUBNETS, subnet.project_id, after.name)
    if after.gateway != subnet.gateway:
        _check_gateway(after)
        check_free(tx, subnet.network_id, after.gateway)
    tx.put(after)
    return after


def remove_subnet(tx: Transaction, subnet_id: SubnetId) -> None:
    """Remove a subnet that no port has an address of. Raises NotFound, StillInUse."""
    subnet = require(tx.snapshot.subnets, subnet_id, "subnet")
    if tx.index.leases[subnet_id].taken:
        users = [
            f"port {port.name}"
            for port in (tx.snapshot.ports[i] for i in tx.index.ports[subnet.network_id])
            if any(fixed.subnet_id == subnet_id for fixed in port.fixed_ips)
        ]
        refuse_in_use(f"subnet {subnet.name}", users, "remove these ports first")
    routes = [
        f"route {route.destination} of router {router.name}"
        for router in tx.snapshot.routers.values()
        if subnet.network_id in router.networks
        for route in router.routes
        if route.next_hop in subnet.cidr
    ]
    refuse_in_use(f"subnet {subnet.name}", routes, "remove these routes first")
    out = ways_out(tx, subnet.network_id, subnet.cidr)
    out += floating_on(tx, subnet.network_id, subnet.cidr)
    refuse_in_use(f"subnet {subnet.name}", out, "clear or delete these first")
    tx.remove(subnet)


def _check_gateway(subnet: Subnet) -> None:
    reserved = [subnet.cidr.network_address]
    if subnet.cidr.version == 4:
        reserved.append(subnet.cidr.broadcast_address)
    if subnet.gateway in reserved:
        raise Invalid(
            f"gateway {subnet.gateway} is the first or last address of {subnet.cidr}, "
            "which no station can have",
            field="gateway",
        )
