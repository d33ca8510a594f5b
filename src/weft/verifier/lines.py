"""Policy as one list of lines in each direction, in the order of evaluation: the second reading itself.

    system      a port's own DHCP, neighbour discovery: always pass
    quarantine  ports whose workload is not known yet: nothing else
    rules       by tier, order of the policy, place in the policy
    published   what hosts answer for, of ports that publish it
    defaults    what the network allows where no rule matches
    end         what nobody allowed is dropped

The order is taken from what users declared, not from the stored ranks: should the two ever disagree, so do
the readings.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from weft.model.ids import GroupId, NetworkId, ProjectId
from weft.model.network import Default, Network, Prefix
from weft.model.policy import Action, Direction, Peer, Policy, Protocol, Rule, Service, Tier
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.verifier.packet import ICMP, Header

Range = tuple[int, int]

REVERSE = {Direction.INGRESS: Direction.EGRESS, Direction.EGRESS: Direction.INGRESS}


class Origin(StrEnum):
    """Where a line comes from. `answers` are those of what a stateless rule allows."""

    SYSTEM = "system"
    QUARANTINE = "quarantine"
    RULE = "rule"
    ANSWERS = "answers"
    PUBLISHED = "published"
    DEFAULT = "default"
    END = "end"


@dataclass(frozen=True, slots=True)
class Everyone:
    """Every station."""


@dataclass(frozen=True, slots=True)
class OfProject:
    """The ports of a project."""

    project: ProjectId


@dataclass(frozen=True, slots=True)
class OfGroup:
    """The members of a group in the same routing domain."""

    group: GroupId


@dataclass(frozen=True, slots=True)
class OfNetwork:
    """The ports of a network; from another routing domain, the addresses of its subnets."""

    network: NetworkId


@dataclass(frozen=True, slots=True)
class OfZone:
    """The ports on a project's networks of a zone; as peers, those in the same routing domain."""

    zone: str
    project: ProjectId


@dataclass(frozen=True, slots=True)
class Within:
    """The addresses inside any of the prefixes."""

    prefixes: tuple[Prefix, ...]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The ports whose workload is not known yet."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """The ports of which this transport port is published."""

    protocol: Protocol
    port: int


Who = Everyone | OfProject | OfGroup | OfNetwork | OfZone | Within | Quarantined | Publishing
"""A set of stations."""

EVERYONE = Everyone()


@dataclass(frozen=True, slots=True)
class Traffic:
    """Which headers a line is about. None and no ranges are any; ranges are of `Header.value`."""

    version: int | None = None
    protocol: Protocol | None = None
    values: tuple[Range, ...] = ()
    source_ports: tuple[Range, ...] = ()

    def covers(self, header: Header) -> bool:
        """Whether the packet is meant."""
        return (
            self.version in (None, header.version)
            and self.protocol in (None, header.protocol)
            and _among(header.value, self.values)
            and _among(header.source_port, self.source_ports)
        )


@dataclass(frozen=True, slots=True)
class Line:
    """`target`'s traffic in `direction` with `peer`: the first line that matches decides.

    `place` is the index of the rule in its policy.
    """

    origin: Origin
    direction: Direction
    target: Who
    peer: Who
    traffic: Traffic
    action: Action
    stateful: bool = True
    policy: Policy | None = None
    rule: Rule | None = None
    place: int = 0

    @property
    def allows(self) -> bool:
        """Whether what the line decides passes."""
        return self.action is Action.ALLOW


def lines(snapshot: Snapshot) -> Iterator[Line]:
    """All lines of both directions, in the order of evaluation within each."""
    for network in snapshot.networks.values():
        yield from system_lines(snapshot, network)
    yield from quarantine_lines()
    for policy in in_order(snapshot):
        yield from policy_lines(snapshot, policy)
    yield from published_lines(published(snapshot))
    for network in snapshot.networks.values():
        yield from default_lines(network)
    yield from end_lines()


def in_order(snapshot: Snapshot) -> list[Policy]:
    """The policies as they are evaluated."""
    tiers = {tier: number for number, tier in enumerate(Tier)}
    return sorted(snapshot.policies.values(), key=lambda p: (tiers[p.tier], p.order, p.id))


def system_lines(snapshot: Snapshot, network: Network) -> Iterator[Line]:
    """What a port of `network` may always send and get.

    Answers of a DHCP server among the workloads are let in only where Weft itself does not answer.
    """
    here = OfNetwork(network.id)
    found = [(Direction.EGRESS, traffic) for traffic in (_dhcp(4), _dhcp(6), _icmpv6(135, 136), _icmpv6(133))]
    served = {s.cidr.version for s in snapshot.subnets_of.get(network.id, ()) if s.dhcp}
    found += [(Direction.INGRESS, _dhcp(version, answer=True)) for version in (4, 6) if version not in served]
    found.append((Direction.INGRESS, _icmpv6(135, 136)))
    for direction, traffic in found:
        yield Line(Origin.SYSTEM, direction, here, EVERYONE, traffic, Action.ALLOW)


def quarantine_lines() -> Iterator[Line]:
    """Ports whose workload is not known yet."""
    for direction in Direction:
        yield Line(Origin.QUARANTINE, direction, Quarantined(), EVERYONE, Traffic(), Action.DROP)


def policy_lines(snapshot: Snapshot, policy: Policy) -> Iterator[Line]:
    """The rules of `policy`; after one that is stateless, the answers of what it allows.

    None of a policy that is not in force: all that is judged by rules comes from here.
    """
    if not policy.in_force:
        return
    target = target_of(policy)
    for place, rule in enumerate(policy.rules):
        said = Line(
            Origin.RULE,
            rule.direction,
            target,
            _peer(snapshot, policy.project_id, rule.peer),
            traffic_of(rule.service),
            rule.action,
            stateful=rule.stateful or rule.action is not Action.ALLOW,
            policy=policy,
            rule=rule,
            place=place,
        )
        yield said
        if not said.stateful:
            answers = _answers(rule.service)
            yield replace(said, origin=Origin.ANSWERS, direction=REVERSE[rule.direction], traffic=answers)


def published(snapshot: Snapshot) -> frozenset[Publishing]:
    """All that any port publishes."""
    return frozenset(who for port in snapshot.ports.values() if port.published for who in publishing(port))


def publishing(port: Port) -> Iterator[Publishing]:
    """What `port` publishes."""
    return (Publishing(one.protocol, one.port) for one in port.published)


def published_lines(found: Iterable[Publishing]) -> Iterator[Line]:
    """Whoever publishes a port is reached there over IPv4, where no rule says otherwise."""
    for who in sorted(found, key=lambda who: (who.protocol, who.port)):
        traffic = Traffic(4, who.protocol, ((who.port, who.port),))
        yield Line(Origin.PUBLISHED, Direction.INGRESS, who, EVERYONE, traffic, Action.ALLOW)


def default_lines(network: Network) -> Iterator[Line]:
    """What `network` allows where no rule matches."""
    here = OfNetwork(network.id)
    for direction, default in (
        (Direction.EGRESS, network.default_egress),
        (Direction.INGRESS, network.default_ingress),
    ):
        if default is not Default.DROP:
            peer = EVERYONE if default is Default.ALLOW else here
            yield Line(Origin.DEFAULT, direction, here, peer, Traffic(), Action.ALLOW)


def end_lines() -> Iterator[Line]:
    """What nobody allowed."""
    for direction in Direction:
        yield Line(Origin.END, direction, EVERYONE, EVERYONE, Traffic(), Action.DROP)


def traffic_of(service: Service) -> Traffic:
    """The headers that `service` is about."""
    if service.protocol in ICMP:
        version = 4 if service.protocol is Protocol.ICMP else 6
        return Traffic(version, service.protocol, _icmp_values(service.icmp_type, service.icmp_code))
    values = tuple(sorted((ports.first, ports.last) for ports in service.ports))
    return Traffic(None, service.protocol, values)


def _answers(service: Service) -> Traffic:
    """Answers come from the service's ports. Of ICMP any type may answer any other."""
    there = traffic_of(service)
    if service.protocol in ICMP:
        return Traffic(there.version, there.protocol)
    return Traffic(None, there.protocol, source_ports=there.values)


def _icmp_values(kind: int | None, code: int | None) -> tuple[Range, ...]:
    if kind is None:
        return ()
    return ((kind << 8, kind << 8 | 0xFF),) if code is None else ((kind << 8 | code,) * 2,)


def _icmpv6(*kinds: int) -> Traffic:
    return Traffic(6, Protocol.ICMPV6, tuple((kind << 8, kind << 8 | 0xFF) for kind in kinds))


def _dhcp(version: int, *, answer: bool = False) -> Traffic:
    """From 68 to 67, over IPv6 from 546 to 547 (RFC 2131, section 4.1; RFC 8415, section 7.2)."""
    client, server = (68, 67) if version == 4 else (546, 547)
    source, target = (server, client) if answer else (client, server)
    return Traffic(version, Protocol.UDP, ((target, target),), ((source, source),))


def target_of(policy: Policy) -> Who:
    """Whom the rules of `policy` are for."""
    if policy.target is not None:
        return OfGroup(policy.target)
    if policy.target_network is not None:
        return OfNetwork(policy.target_network)
    if policy.target_zone is not None:
        return OfZone(policy.target_zone, policy.project_id)
    return OfProject(policy.project_id)


def _peer(snapshot: Snapshot, project: ProjectId, peer: Peer) -> Who:
    if peer.group_id is not None:
        return OfGroup(peer.group_id)
    if peer.network_id is not None:
        return OfNetwork(peer.network_id)
    if peer.zone is not None:
        return OfZone(peer.zone, project)
    if peer.address_group_id is not None:
        return Within(snapshot.address_groups[peer.address_group_id].cidrs)
    return EVERYONE if peer.cidr is None else Within((peer.cidr,))


def _among(number: int, ranges: tuple[Range, ...]) -> bool:
    return not ranges or any(first <= number <= last for first, last in ranges)
