"""OVN match expressions (ovn-sb(5), Logical_Flow). Only forms that OVN 23.03 parses, and whole ones.

A match that does not parse is accepted by the Northbound database and then silently missing on every host.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from weft.compiler import names
from weft.compiler.domains import Domains, Members, Standing, Zone
from weft.model.ids import DomainId, NetworkId
from weft.model.network import Prefix
from weft.model.policy import Direction, Peer, PortRange, Protocol, Rule, Service

OVN_DIRECTION = {Direction.INGRESS: "to-lport", Direction.EGRESS: "from-lport"}
REVERSE = {Direction.INGRESS: Direction.EGRESS, Direction.EGRESS: Direction.INGRESS}


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """What a rule is about in one IP version; `back` are the answers, seen from the same target."""

    version: int
    match: str
    back: str


def at(members: Members, direction: Direction) -> str:
    """Packets to (ingress) or from (egress) the port group.

    The other end is never matched by its port: a to-lport ACL that names `inport` holds on one host only.
    """
    side = "outport" if direction is Direction.INGRESS else "inport"
    return f"{side} == @{members.name}"


def rule_matches(domains: Domains, target: Members, where: DomainId, rule: Rule) -> Iterator[RuleMatch]:
    """`rule` in each IP version that it can concern: those of its target there and of its peer."""
    domain = domains.snapshot.domain_of(where)
    for version in sorted(target.speaks):
        peer = far_end(domains, domain, rule.peer, version)
        if peer is None or not exists_in(rule.service, version):
            continue
        there, back = (
            _all_of(
                at(target, direction),
                f"ip{version}",
                peer.text and f"ip{version}.{_far_side(direction)} == {peer.text}",
                _service(rule.service, answers=direction is not rule.direction),
            )
            for direction in (rule.direction, REVERSE[rule.direction])
        )
        yield RuleMatch(version, there, back)


def _all_of(*parts: str) -> str:
    return " && ".join(part for part in parts if part)


def _far_side(direction: Direction) -> str:
    return "src" if direction is Direction.INGRESS else "dst"


@dataclass(frozen=True, slots=True)
class FarEnd:
    """What the address of a peer must equal ("" for any address), and how many prefixes that is."""

    text: str
    size: int


_ANYWHERE = FarEnd("", 1)


def far_end(domains: Domains, domain: DomainId, peer: Peer, version: int) -> FarEnd | None:
    """The other side of a rule for targets in `domain`; None when no peer is there in IP `version`."""
    if peer.cidr is not None:
        return _one_of([peer.cidr], version)
    if peer.address_group_id is not None:
        group = domains.snapshot.address_groups[peer.address_group_id]
        size = sum(cidr.version == version for cidr in group.cidrs)
        return FarEnd(f"${names.address_set(group.id, version)}", size) if size else None
    owner = peer.group_id if peer.zone is None else Zone(peer.zone)
    if owner is not None:
        return _addresses(domains.at(owner, domain), version)
    if peer.network_id is not None:
        if domains.snapshot.domain_of(peer.network_id) == domain:
            return _addresses(domains.at(Standing.EVERYONE, peer.network_id), version)
        return _one_of(_foreign_prefixes(domains, domain, peer.network_id), version)
    return _ANYWHERE


def _addresses(members: Members | None, version: int) -> FarEnd | None:
    if members is None or version not in members.versions:
        return None
    return FarEnd(f"${members.name}_ip{version}", members.ip4 if version == 4 else members.ip6)


def _one_of(prefixes: list[Prefix], version: int) -> FarEnd | None:
    found = [str(prefix) for prefix in prefixes if prefix.version == version]
    if not found:
        return None
    return FarEnd(f"{{{', '.join(found)}}}" if len(found) > 1 else found[0], len(found))


def _foreign_prefixes(domains: Domains, domain: DomainId, peer: NetworkId) -> list[Prefix]:
    """Those of a network in another routing domain that `domain` does not use, too.

    Where the two overlap, the address means a port of `domain`, never the stranger with the same one.
    """
    snapshot = domains.snapshot
    own = [
        _span(s.cidr)
        for network in snapshot.networks_in(domain)
        for s in snapshot.subnets_of.get(network, ())
    ]
    return [s.cidr for s in snapshot.subnets_of.get(peer, ()) if not _overlaps(_span(s.cidr), own)]


_Span = tuple[int, int, int]


def _span(prefix: Prefix) -> _Span:
    """IP version, first and last address."""
    return prefix.version, int(prefix.network_address), int(prefix.broadcast_address)


def _overlaps(span: _Span, others: list[_Span]) -> bool:
    version, first, last = span
    return any(version == v and first <= end and start <= last for v, start, end in others)


def exists_in(service: Service, version: int) -> bool:
    """Whether IP `version` has the service's protocol."""
    return service.protocol is not (Protocol.ICMP if version == 6 else Protocol.ICMPV6)


def _service(service: Service, *, answers: bool) -> str:
    """The part that is about the service; "" for any. `answers` come from its ports."""
    protocol = service.protocol
    if protocol is None:
        return ""
    if protocol in (Protocol.ICMP, Protocol.ICMPV6):
        return _icmp("icmp4" if protocol is Protocol.ICMP else "icmp6", service, answers=answers)
    if not service.ports:
        return str(protocol)
    field = f"{protocol}.{'src' if answers else 'dst'}"
    parts = [*_single(field, service.ports), *_ranges(field, service.ports)]
    return parts[0] if len(parts) == 1 else f"({' || '.join(parts)})"


def _icmp(name: str, service: Service, *, answers: bool) -> str:
    """An answer has another type than the question, so there the type is left open."""
    if answers or service.icmp_type is None:
        return name
    kind = f"{name}.type == {service.icmp_type}"
    return kind if service.icmp_code is None else f"{kind} && {name}.code == {service.icmp_code}"


def _single(field: str, ports: Iterable[PortRange]) -> Iterator[str]:
    """Those that are one port, in one comparison."""
    found = sorted({each.first for each in ports if each.first == each.last})
    if found:
        yield f"{field} == {found[0]}" if len(found) == 1 else f"{field} == {{{', '.join(map(str, found))}}}"


def _ranges(field: str, ports: Iterable[PortRange]) -> Iterator[str]:
    """Those that are several, in two each."""
    for each in sorted(set(ports)):
        if each.first != each.last:
            yield f"({field} >= {each.first} && {field} <= {each.last})"
