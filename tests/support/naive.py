"""Policy read a third time, as naively as its definition is written: loops, and no thought of speed."""

from collections.abc import Iterator
from ipaddress import IPv6Address

from weft.model.ids import NetworkId
from weft.model.network import Address, Default
from weft.model.policy import Action, Direction, Mode, Policy, Protocol, Rule, Tier
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.verifier.packet import Header


def arrives(
    model: Snapshot, sender: Port, source: Address, receiver: Port, target: Address, header: Header
) -> bool:
    """Whether a packet from one port's own address arrives at the other's."""
    if receiver not in _domain(model, sender) or sender.id == receiver.id:
        return False
    if sender.network_id != receiver.network_id and (source.is_link_local or target.is_link_local):
        return False
    if source.version != header.version or target.version != header.version:
        return False
    return passes(model, sender, Direction.EGRESS, target, header) and passes(
        model, receiver, Direction.INGRESS, source, header
    )


def passes(model: Snapshot, port: Port, direction: Direction, far: Address, header: Header) -> bool:
    """What is decided at `port` about a packet to or from the address `far`."""
    if _is_system(model, port, direction, header):
        return True
    if port.quarantined:
        return False
    for rule in _rules_of(model, port):
        if _matches(model, port, rule, direction, far, header):
            return rule.action is Action.ALLOW
    if direction is Direction.INGRESS and _is_published(port, header):
        return True
    network = model.networks[port.network_id]
    default = network.default_ingress if direction is Direction.INGRESS else network.default_egress
    if default is Default.SAME_NETWORK:
        return any(far in _known_by(p) for p in _neighbours(model, port))
    return default is Default.ALLOW


def _is_published(port: Port, header: Header) -> bool:
    asked = (header.protocol, header.value)
    return header.version == 4 and any((one.protocol, one.port) == asked for one in port.published)


def _is_system(model: Snapshot, port: Port, direction: Direction, header: Header) -> bool:
    flow = (header.version, header.source_port, header.value)
    if header.protocol is Protocol.ICMPV6:
        kinds = (133, 135, 136) if direction is Direction.EGRESS else (135, 136)
        return header.value // 256 in kinds
    if header.protocol is not Protocol.UDP:
        return False
    if direction is Direction.EGRESS:
        return flow in ((4, 68, 67), (6, 546, 547))
    served = any(
        s.dhcp and s.cidr.version == header.version and s.network_id == port.network_id
        for s in model.subnets.values()
    )
    return not served and flow in ((4, 67, 68), (6, 547, 546))


def _known_by(port: Port) -> set[Address]:
    """Its addresses, and where it speaks IPv6 what its MAC makes of fe80:: (RFC 4291, appendix A)."""
    found: set[Address] = {fixed.address for fixed in port.fixed_ips}
    if any(address.version == 6 for address in found):
        first, *rest = port.mac.split(":")
        digits = "".join([f"{int(first, 16) ^ 2:02x}", *rest[:2], "fffe", *rest[2:]])
        found.add(IPv6Address((0xFE80 << 112) + int(digits, 16)))
    return found


def _neighbours(model: Snapshot, port: Port) -> list[Port]:
    return [other for other in model.ports.values() if other.network_id == port.network_id]


def _networks(model: Snapshot, port: Port) -> set[NetworkId]:
    """The networks that the port's packets get to."""
    joined = [set(r.networks) for r in model.routers.values() if port.network_id in r.networks]
    return joined[0] if joined else {port.network_id}


def _domain(model: Snapshot, port: Port) -> list[Port]:
    networks = _networks(model, port)
    return [other for other in model.ports.values() if other.network_id in networks]


def _rules_of(model: Snapshot, port: Port) -> Iterator[Rule]:
    for tier in ("admin", "project", "baseline"):
        policies = [p for p in model.policies.values() if p.tier is Tier(tier) and p.mode is Mode.ENFORCED]
        for policy in sorted(policies, key=lambda p: (p.order, str(p.id))):
            if _targets(model, policy, port):
                yield from policy.rules


def _targets(model: Snapshot, policy: Policy, port: Port) -> bool:
    if policy.project_id != port.project_id:
        return False
    network = model.networks[port.network_id]
    return (
        (policy.target is None or port.id in model.members_of[policy.target])
        and (policy.target_network is None or policy.target_network == network.id)
        and (policy.target_zone is None or policy.target_zone == network.zone)
    )


def _matches(
    model: Snapshot, port: Port, rule: Rule, direction: Direction, far: Address, header: Header
) -> bool:
    if not _is_peer(model, port, rule, far):
        return False
    if direction is rule.direction:
        return _is_service(rule, header.protocol, header.value)
    if rule.stateful or rule.action is not Action.ALLOW:
        return False
    if rule.service.protocol in (Protocol.ICMP, Protocol.ICMPV6):
        return header.protocol is rule.service.protocol
    return _is_service(rule, header.protocol, header.source_port)


def _is_peer(model: Snapshot, port: Port, rule: Rule, far: Address) -> bool:
    peer = rule.peer
    if peer.group_id is not None:
        members = [model.ports[member] for member in model.members_of[peer.group_id]]
        near = [member for member in members if member in _domain(model, port)]
        return any(far in _known_by(member) for member in near)
    if peer.zone is not None:
        there = [
            other for other in _domain(model, port) if model.networks[other.network_id].zone == peer.zone
        ]
        return any(far in _known_by(other) for other in there)
    if peer.network_id in _networks(model, port):
        there = [other for other in model.ports.values() if other.network_id == peer.network_id]
        return any(far in _known_by(other) for other in there)
    if peer.network_id is not None:
        own = [s.cidr for s in model.subnets.values() if s.network_id in _networks(model, port)]
        prefixes = [s.cidr for s in model.subnets.values() if s.network_id == peer.network_id]
        return any(
            far in cidr and not any(cidr.version == mine.version and cidr.overlaps(mine) for mine in own)
            for cidr in prefixes
        )
    if peer.address_group_id is not None:
        return any(far in cidr for cidr in model.address_groups[peer.address_group_id].cidrs)
    return peer.cidr is None or far in peer.cidr


def _is_service(rule: Rule, protocol: Protocol | None, number: int) -> bool:
    service = rule.service
    if service.protocol is None:
        return True
    if service.protocol is not protocol:
        return False
    if service.icmp_type is not None and service.icmp_type != number // 256:
        return False
    if service.icmp_code is not None and service.icmp_code != number % 256:
        return False
    return not service.ports or any(ports.first <= number <= ports.last for ports in service.ports)
