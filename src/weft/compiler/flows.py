"""How many flows policies cost on each host: predicted, before any host has them.

ovn-controller makes flows of an ACL on every network of the port group where this host has ports of it. What
a match lists (the group's ports here, the peer's addresses, the service's ports) is multiplied where one of
these lists has more than one item. Where several have, it makes a conjunctive match (ovs-fields(7),
`conj_id`): their sum, and one flow that joins them. Every ACL is two logical flows: for new connections and
for those that are known already. So is a stateless one: before connection tracking and after it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from weft.compiler import names
from weft.compiler.domains import Domains, Members
from weft.compiler.match import exists_in, far_end
from weft.model.ids import DomainId, HostName, NetworkId, PolicyId
from weft.model.policy import Action, PortRange, Rule, Service
from weft.model.snapshot import Snapshot

LOGICAL_FLOWS = 2

Forecast = Mapping[HostName, Mapping[PolicyId, int]]
"""By host, what each policy costs there. Hosts and policies without flows are left out."""


@dataclass(frozen=True, slots=True)
class Price:
    """Of ACLs on a network of a host: with one port of the target there; with several, and for each."""

    alone: int = 0
    several: int = 0
    each: int = 0

    def __add__(self, other: "Price") -> "Price":
        """What both cost together."""
        return Price(self.alone + other.alone, self.several + other.several, self.each + other.each)


@dataclass(frozen=True, slots=True)
class _Local:
    """How many ports of a target one host has on each network."""

    by_network: Mapping[NetworkId, int]

    def flows(self, price: Price) -> int:
        return sum(
            price.alone if here == 1 else price.several + price.each * here
            for here in self.by_network.values()
        )


def forecast(domains: Domains) -> Forecast:
    """What the rules of every policy cost. What networks allow by default is not counted."""
    prices: defaultdict[tuple[PolicyId, DomainId], Price] = defaultdict(Price)
    for policy, rule in domains.rules.values():
        for where in domains.places_of(policy):
            target = domains.target(policy, where)
            if target is not None:
                prices[policy.id, where] += _price(domains, target, where, rule)
    found: defaultdict[HostName, Counter[PolicyId]] = defaultdict(Counter)
    known: dict[str, Mapping[HostName, _Local]] = {}
    for (policy_id, where), price in prices.items():
        target = domains.target(domains.snapshot.policies[policy_id], where)
        if target is not None:
            if target.name not in known:
                known[target.name] = _hosts(domains.snapshot, target)
            for host, local in known[target.name].items():
                found[host][policy_id] += local.flows(price)
    return {host: dict(policies) for host, policies in found.items()}


def _hosts(snapshot: Snapshot, members: Members) -> Mapping[HostName, _Local]:
    """Where the members are."""
    counts: defaultdict[HostName, Counter[NetworkId]] = defaultdict(Counter)
    for key in members.ports:
        port = snapshot.ports[names.port_of(key)]
        if port.host is not None:
            counts[port.host][port.network_id] += 1
    return {host: _Local(networks) for host, networks in counts.items()}


def _price(domains: Domains, target: Members, where: DomainId, rule: Rule) -> Price:
    """Of the ACLs of one rule."""
    domain = domains.snapshot.domain_of(where)
    total = Price()
    for version in target.speaks:
        peer = far_end(domains, domain, rule.peer, version)
        if peer is not None and exists_in(rule.service, version):
            total += price(peer.size, services(rule.service))
    there_and_back = rule.action is Action.ALLOW and not rule.stateful
    return total + total if there_and_back else total


def price(peers: int, ports: int) -> Price:
    """Of an ACL whose match lists so many addresses, and so many ports of a service."""
    lists = [size for size in (peers, ports) if size > 1]
    alone = sum(lists) + 1 if len(lists) > 1 else peers * ports
    several = sum(lists) + 1 if lists else 0
    return Price(*(LOGICAL_FLOWS * flows for flows in (alone, several, 1)))


def services(service: Service) -> int:
    """How many matches of a field with a mask (ovs-fields(7)) OVN makes of the ports of `service`."""
    single = {ports.first for ports in service.ports if ports.first == ports.last}
    ranges = {ports for ports in service.ports if ports.first != ports.last}
    return len(single) + sum(map(_masked, ranges)) or 1


def _masked(ports: PortRange) -> int:
    """Of a range: what is from its first on, and what is up to its last, are aligned blocks; those that meet.

    More than the fewest blocks that make a range (`expr_simplify_relational` of OVN 23.03).
    """
    up, down = list(_from(ports.first)), list(_up_to(ports.last))
    return sum(one[0] <= other[1] and other[0] <= one[1] for one in up for other in down)


_ALL = (0, 65535)


def _from(first: int) -> Iterator[tuple[int, int]]:
    """The port itself, and for each bit that it lacks those that have it and are alike above."""
    if first == 0:
        yield _ALL
        return
    yield first, first
    for bit in (1 << place for place in range(16)):
        if not first & bit:
            yield _block(first | bit, bit)


def _up_to(last: int) -> Iterator[tuple[int, int]]:
    """The port itself, and for each bit that it has those that lack it and are alike above."""
    if last == _ALL[1]:
        yield _ALL
        return
    yield last, last
    for bit in (1 << place for place in range(16)):
        if last & bit:
            yield _block(last & ~bit, bit)


def _block(value: int, size: int) -> tuple[int, int]:
    begin = value & -size
    return begin, begin + size - 1
