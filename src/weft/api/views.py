"""Declared objects as the API shows them."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from weft.compiler.settings import CompilerSettings
from weft.model.ids import GroupId, PortId
from weft.model.network import Network, Project, Subnet
from weft.model.policy import Group, Peer, Policy, QosPolicy, Rule, Service
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.store.status import PortStatus

Json = dict[str, Any]


def project(item: Project) -> Json:
    """A project."""
    return {"id": str(item.id), "name": item.name, "description": item.description}


def group(item: Group, snapshot: Snapshot) -> Json:
    """A group with its members as of now."""
    return {
        "id": str(item.id),
        "project_id": str(item.project_id),
        "name": item.name,
        "description": item.description,
        "selector": item.selector.text if item.selector else None,
        "members": sorted(str(member) for member in snapshot.members_of[item.id]),
    }


def subnet(item: Subnet) -> Json:
    """A subnet."""
    return {
        "id": str(item.id),
        "project_id": str(item.project_id),
        "network_id": str(item.network_id),
        "name": item.name,
        "cidr": str(item.cidr),
        "gateway": str(item.gateway),
        "dhcp": item.dhcp,
        "pools": [{"first": str(p.first), "last": str(p.last)} for p in item.pools],
        "dns_servers": [str(a) for a in item.dns_servers],
    }


def network(item: Network, snapshot: Snapshot) -> Json:
    """A network, with its subnets."""
    return {
        "id": str(item.id),
        "project_id": str(item.project_id),
        "project": snapshot.projects[item.project_id].name,
        "name": item.name,
        "description": item.description,
        "labels": dict(item.labels),
        "mtu": item.mtu,
        "default_ingress": item.default_ingress,
        "default_egress": item.default_egress,
        "qos_policy_id": str(item.qos_policy_id) if item.qos_policy_id else None,
        "subnets": [subnet(s) for s in snapshot.subnets_of.get(item.id, ())],
    }


def effective_network(item: Network, snapshot: Snapshot, underlay_mtu: int) -> Json:
    """A network as a host's agent needs it: `mtu` is what workloads may send."""
    return network(item, snapshot) | {"mtu": CompilerSettings(underlay_mtu=underlay_mtu).mtu(item)}


def port(
    item: Port, snapshot: Snapshot, groups: Mapping[PortId, list[str]], statuses: Mapping[PortId, PortStatus]
) -> Json:
    """A port, with the groups it is in and its observed status."""
    status = statuses.get(item.id, PortStatus(state="down"))  # type: ignore[arg-type]  # a StrEnum's own text
    return {
        "id": str(item.id),
        "project_id": str(item.project_id),
        "project": snapshot.projects[item.project_id].name,
        "network_id": str(item.network_id),
        "network": snapshot.networks[item.network_id].name,
        "name": item.name,
        "kind": item.kind,
        "mac": item.mac,
        "labels": dict(item.labels),
        "host": item.host,
        "fixed_ips": [{"subnet_id": str(ip.subnet_id), "address": str(ip.address)} for ip in item.fixed_ips],
        "workload": asdict(item.workload) if item.workload else None,
        "port_security": item.port_security,
        "quarantined": item.quarantined,
        "qos_policy_id": str(item.qos_policy_id) if item.qos_policy_id else None,
        "groups": groups.get(item.id, []),
        "status": {
            "state": status.state,
            "reason": status.reason,
            "host": status.host,
            "since": status.since.isoformat() if status.since else None,
        },
    }


def groups_of(snapshot: Snapshot) -> dict[PortId, list[str]]:
    """The names of the groups of every port that is in one."""
    found: dict[PortId, list[str]] = {}
    named = sorted((group.name, group.id) for group in snapshot.groups.values())
    for name, identity in named:
        for member in snapshot.members_of[GroupId(identity)]:
            found.setdefault(member, []).append(name)
    return found


def policy(item: Policy) -> Json:
    """A policy with its rules in order."""
    return {
        "id": str(item.id),
        "project_id": str(item.project_id),
        "name": item.name,
        "description": item.description,
        "tier": item.tier,
        "order": item.order,
        "target": str(item.target) if item.target else None,
        "rules": [rule(r) for r in item.rules],
    }


def rule(item: Rule) -> Json:
    """A rule."""
    return {
        "id": str(item.id),
        "direction": item.direction,
        "action": item.action,
        "peer": dict(_peer(item.peer)),
        "service": _service(item.service),
        "stateful": item.stateful,
        "log": item.log,
        "description": item.description,
        "rank": item.rank,
    }


def _peer(item: Peer) -> Iterator[tuple[str, str]]:
    for name in ("group_id", "network_id", "address_group_id", "cidr"):
        value = getattr(item, name)
        if value is not None:
            yield name.removesuffix("_id"), str(value)


def _service(item: Service) -> Json:
    ports = [str(p.first) if p.first == p.last else f"{p.first}-{p.last}" for p in item.ports]
    return {
        "protocol": item.protocol,
        "ports": ports,
        "icmp_type": item.icmp_type,
        "icmp_code": item.icmp_code,
    }


def qos_policy(item: QosPolicy) -> Json:
    """A QoS policy."""
    return {
        "id": str(item.id),
        "project_id": str(item.project_id),
        "name": item.name,
        "description": item.description,
        "dscp": item.dscp,
        "egress": asdict(item.egress) if item.egress else None,
        "ingress": asdict(item.ingress) if item.ingress else None,
    }
