"""OVN match expressions (ovn-sb(5), Logical_Flow). Only forms that OVN 23.03 parses, and whole ones.

A match that does not parse is accepted by the Northbound database and then silently missing on every host.
"""

from collections.abc import Iterator

from weft.compiler import names
from weft.compiler.domains import Domains, Members
from weft.model.ids import NetworkId
from weft.model.policy import Direction, Peer, PortRange, Protocol, Rule, Service

OVN_DIRECTION = {Direction.INGRESS: "to-lport", Direction.EGRESS: "from-lport"}


def at(members: Members, direction: Direction) -> str:
    """Packets to (ingress) or from (egress) the port group.

    The other end is never matched by its port: a to-lport ACL that names `inport` holds on one host only.
    """
    side = "outport" if direction is Direction.INGRESS else "inport"
    return f"{side} == @{members.name}"


def rule_matches(
    domains: Domains, members: Members, network: NetworkId, rule: Rule
) -> Iterator[tuple[int, str]]:
    """The match of `rule` for each IP version it can concern on `network`: (4 or 6, match)."""
    for version in (4, 6):
        if not members.has(version):
            continue
        peer = _peer(domains, network, rule.peer, version, rule.direction)
        service = _service(rule.service, version)
        if peer is not None and service is not None:
            yield (
                version,
                " && ".join(p for p in (at(members, rule.direction), f"ip{version}", peer, service) if p),
            )


def _peer(domains: Domains, network: NetworkId, peer: Peer, version: int, direction: Direction) -> str | None:
    """The part of the match that is about the peer; "" for any, None when it cannot match anyone."""
    field = f"ip{version}.{'src' if direction is Direction.INGRESS else 'dst'}"
    if peer.cidr is not None:
        return f"{field} == {peer.cidr}" if peer.cidr.version == version else None
    if peer.address_group_id is not None:
        group = domains.snapshot.address_groups[peer.address_group_id]
        known = any(cidr.version == version for cidr in group.cidrs)
        return f"{field} == ${names.address_set(group.id, version)}" if known else None
    if peer.group_id is not None:
        return _members(domains.groups[peer.group_id].get(network), field, version)
    if peer.network_id is not None:
        # Another network is another routing domain while there are no routers: nothing arrives from it.
        return _members(domains.everyone.get(network), field, version) if peer.network_id == network else None
    return ""


def _members(members: Members | None, field: str, version: int) -> str | None:
    if members is None or not members.has(version):
        return None
    return f"{field} == ${members.name}_ip{version}"


def _service(service: Service, version: int) -> str | None:
    """The part that is about the service; "" for any, None when IP `version` has no such protocol."""
    protocol = service.protocol
    if protocol is None:
        return ""
    if protocol in (Protocol.ICMP, Protocol.ICMPV6):
        if (protocol is Protocol.ICMPV6) != (version == 6):
            return None
        name = "icmp6" if version == 6 else "icmp4"
        parts = [name]
        if service.icmp_type is not None:
            parts.append(f"{name}.type == {service.icmp_type}")
        if service.icmp_code is not None:
            parts.append(f"{name}.code == {service.icmp_code}")
        return " && ".join(parts)
    if not service.ports:
        return str(protocol)
    ranges = [_range(f"{protocol}.dst", ports) for ports in sorted(service.ports)]
    return ranges[0] if len(ranges) == 1 else f"({' || '.join(ranges)})"


def _range(field: str, ports: PortRange) -> str:
    if ports.first == ports.last:
        return f"{field} == {ports.first}"
    return f"({field} >= {ports.first} && {field} <= {ports.last})"
