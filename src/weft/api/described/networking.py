"""QoS policies, networks with their subnets, routers and ports of a description, declared."""

from collections.abc import Sequence

from weft.api import ways_out
from weft.api.auth import require_admin
from weft.api.described.scope import Scope, differing
from weft.api.schemas.description import (
    NetworkDescribed,
    PortDescribed,
    ProjectDescribed,
    QosPolicyDescribed,
    RouterDescribed,
    SubnetDescribed,
)
from weft.model.errors import Conflict, Invalid
from weft.model.ids import HostName
from weft.model.network import Network
from weft.model.policy import QosPolicy
from weft.model.port import Port, Trunk
from weft.model.router import Router
from weft.store import gateways, networks, policies, ports, routers
from weft.store.networks import NewNetwork, NewSubnet
from weft.store.policies import NewQosPolicy
from weft.store.ports import NewPort
from weft.store.routers import NewRouter


def declare_networking(scope: Scope, project: ProjectDescribed) -> None:
    """All of it, in an order in which each part finds what it refers to."""
    for number, qos in enumerate(project.qos_policies):
        with scope.at("qos_policies", number):
            _qos_policy(scope, qos)
    for number, network in enumerate(project.networks):
        with scope.at("networks", number):
            made = _network(scope, network)
        for place, subnet in enumerate(network.subnets):
            with scope.at("networks", number, "subnets", place):
                _subnet(scope, made, subnet)
    _routers(scope, project.routers)
    for number, port in sorted(enumerate(project.ports), key=lambda one: one[1].trunk is not None):
        with scope.at("ports", number):
            _port(scope, port)


def _qos_policy(scope: Scope, asked: QosPolicyDescribed) -> None:
    egress = None if asked.egress is None else asked.egress.to_model()
    ingress = None if asked.ingress is None else asked.ingress.to_model()
    wanted: dict[str, object] = {
        "description": asked.description,
        "egress": egress,
        "ingress": ingress,
        "dscp": asked.dscp,
    }
    known = scope.known(QosPolicy, asked.name)
    if known is None:
        new = NewQosPolicy(
            project_id=scope.project,
            name=asked.name,
            description=asked.description,
            egress=egress,
            ingress=ingress,
            dscp=asked.dscp,
        )
        policies.add_qos_policy(scope.tx, new)
    elif changes := differing(known, wanted):
        policies.change_qos_policy(scope.tx, known.id, **changes)


def _network(scope: Scope, asked: NetworkDescribed) -> Network:
    physical = None if asked.physical_network is None else asked.physical_network.to_model()
    if physical is not None:
        require_admin(scope.who)
    known = scope.known(Network, asked.name)
    if known is None:
        new = NewNetwork(
            project_id=scope.project,
            name=asked.name,
            description=asked.description,
            labels=asked.labels,
            mtu=asked.mtu,
            default_ingress=asked.default_ingress,
            default_egress=asked.default_egress,
            qos_policy_id=scope.qos(asked.qos_policy),
            physical=physical,
            zone=asked.zone,
            log_drops=asked.log_drops,
            metadata=asked.metadata,
        )
        return networks.add_network(scope.tx, new)
    wanted: dict[str, object] = {
        "description": asked.description,
        "labels": dict(asked.labels),
        "mtu": asked.mtu,
        "default_ingress": asked.default_ingress,
        "default_egress": asked.default_egress,
        "qos_policy_id": scope.qos(asked.qos_policy),
        "physical": physical,
        "zone": asked.zone,
        "log_drops": asked.log_drops,
        "metadata": asked.metadata,
    }
    changes = differing(known, wanted)
    return networks.change_network(scope.tx, known.id, **changes) if changes else known


def _subnet(scope: Scope, network: Network, asked: SubnetDescribed) -> None:
    pools = tuple(pool.to_model() for pool in asked.pools)
    dns_servers = tuple(asked.dns_servers)
    known = next((s for s in scope.tx.index.subnets[network.id].values() if s.cidr == asked.cidr), None)
    if known is None:
        new = NewSubnet(
            cidr=asked.cidr,
            name=asked.name,
            gateway=asked.gateway,
            pools=pools,
            dns_servers=dns_servers,
            dhcp=asked.dhcp,
        )
        networks.add_subnet(scope.tx, network.id, new)
        return
    wanted: dict[str, object] = {"pools": pools, "dns_servers": dns_servers, "dhcp": asked.dhcp}
    wanted |= {} if asked.name is None else {"name": asked.name}
    wanted |= {} if asked.gateway is None else {"gateway": asked.gateway}
    if changes := differing(known, wanted):
        networks.change_subnet(scope.tx, known.id, **changes)


def _routers(scope: Scope, asked: Sequence[RouterDescribed]) -> None:
    """First every router lets go of what it shall not have, so that another can take it."""
    for number, one in enumerate(asked):
        known = scope.known(Router, one.name)
        with scope.at("routers", number):
            wanted = frozenset(scope.named(Network, name, "networks").id for name in one.networks)
            if known is not None and not known.networks <= wanted:
                routes = tuple(route.to_model() for route in one.routes)
                kept = known.networks & wanted
                fewer = {"networks": kept, "routes": routes if kept == wanted else ()}
                routers.change_router(scope.tx, known.id, **fewer)
    for number, one in enumerate(asked):
        with scope.at("routers", number):
            _router(scope, one)


def _router(scope: Scope, asked: RouterDescribed) -> None:
    joined = frozenset(scope.named(Network, name, "networks").id for name in asked.networks)
    routes = tuple(route.to_model() for route in asked.routes)
    known = scope.known(Router, asked.name)
    if known is None:
        new = NewRouter(
            project_id=scope.project,
            name=asked.name,
            description=asked.description,
            networks=joined,
            routes=routes,
        )
        _gateway(scope, routers.add_router(scope.tx, new), asked)
        return
    wanted: dict[str, object] = {"description": asked.description, "networks": joined, "routes": routes}
    if changes := differing(known, wanted):
        routers.change_router(scope.tx, known.id, **changes)
    _gateway(scope, known, asked)


def _gateway(scope: Scope, router: Router, asked: RouterDescribed) -> None:
    if asked.gateway is None:
        gateways.clear_gateway(scope.tx, router.id)
        return
    with scope.at("gateway"):
        ways_out.lead_out(scope.tx, scope.who, router, asked.gateway)


def _port(scope: Scope, asked: PortDescribed) -> None:
    if not asked.port_security or asked.physical_network is not None:
        require_admin(scope.who)
    physical = None if asked.physical_network is None else asked.physical_network.to_model()
    host = _host(asked)
    network = scope.named(Network, asked.network, "network")
    known = scope.known(Port, asked.name)
    if known is None:
        new = NewPort(
            project_id=scope.project,
            network_id=network.id,
            name=asked.name,
            kind=asked.kind,
            mac=asked.mac,
            addresses=tuple(asked.addresses),
            labels=asked.labels,
            port_security=asked.port_security,
            qos_policy_id=scope.qos(asked.qos_policy),
            physical=physical,
            host=host,
            trunk=_trunk(scope, asked),
        )
        ports.add_port(scope.tx, new)
        return
    _check_fixed(known, network, asked, _trunk(scope, asked))
    wanted: dict[str, object] = {
        "kind": asked.kind,
        "port_security": asked.port_security,
        "qos_policy_id": scope.qos(asked.qos_policy),
        "physical": physical,
    }
    changes = differing(known, wanted)
    moves = physical is not None and host != known.host
    if moves:
        ports.bind(scope.tx, known.id, None)
    if known.declared != asked.labels:
        changes["labels"] = dict(asked.labels)
    if changes:
        ports.change_port(scope.tx, known.id, **changes)
    if moves:
        ports.bind(scope.tx, known.id, host)


def _host(asked: PortDescribed) -> HostName | None:
    """Where a bare-metal machine is. Raises Invalid for other ports."""
    if asked.host is not None and asked.physical_network is None:
        raise Invalid(
            "a description says the host of bare-metal machines alone, with their physical network; "
            "workloads bring theirs",
            field="host",
        )
    return None if asked.host is None else HostName(asked.host)


def _trunk(scope: Scope, asked: PortDescribed) -> Trunk | None:
    if asked.trunk is None:
        return None
    return Trunk(port_id=scope.named(Port, asked.trunk.port, "trunk.port").id, vlan=asked.trunk.vlan)


def _check_fixed(known: Port, network: Network, asked: PortDescribed, trunk: Trunk | None) -> None:
    """What a port was given it keeps: another network, MAC, address or trunk is another port."""
    if known.declared is None:
        raise Conflict(
            f"port {known.name} was made for a workload and goes with it, so it cannot be described; "
            "give the described port another name",
            field="name",
        )
    held = {fixed.address for fixed in known.fixed_ips}
    differs = {
        "network": known.network_id != network.id,
        "mac": asked.mac is not None and asked.mac.lower().replace("-", ":") != known.mac,
        "trunk": known.trunk != trunk,
        "addresses": bool(asked.addresses) and set(asked.addresses) != held,
    }
    for field, found in differs.items():
        if found:
            raise Invalid(
                f"port {known.name} keeps its {field}; leave the field out, or give the port another name",
                field=field,
            )
