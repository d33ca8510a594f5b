"""What is compiled by itself, and what makes it necessary to compile it again: the wiring of the compiler.

A unit is a recipe and what it is applied to, such as `port_rows` and a port. Its rows are a function of the
domains, and an edge says which units read what is touched:

    touched           port   subnet  network  QoS policy   address group   policy    group
                       │        │       │          │             │            │         │
                       ├────────┼───────┼──────────┼─────────────┼────────────┼─────────┤
                       ▼        │       │          │             │            │         ▼
             published_acls     │       │          │             │            │         │
                  port_rows ◄───┼───────┼──────────┘             │            │      places, if what they
                       subnet_rows ◄────┤                        │            │      are for matches differs
                  network_acls ◄┴───────┴────────────────────────┼────────────┼─────────┤
                     rule_acls ◄────────(peers)──────────────────┼────────────┴─────────┘
                                            address_group_rows ◄─┘

A port that joins a group of a thousand changes no match: matches name the group, and only whether it has
members, and in which IP versions, can make them read differently. So a place is an input of its own, and a
change stops there unless it is one of those.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

from weft.compiler.acls import network_acls, rule_acls
from weft.compiler.dhcp import dhcp_options
from weft.compiler.domains import Domains, Owner, Place, RuleKey, Standing, Zone, owner_of, rejoined
from weft.compiler.door import door
from weft.compiler.groups import address_sets
from weft.compiler.merging import merged
from weft.compiler.metadata import service
from weft.compiler.outside import localnet
from weft.compiler.ports import switch_port
from weft.compiler.published import published_acls
from weft.compiler.qos import qos_rules
from weft.compiler.routers import router_rows
from weft.model.ids import (
    AddressGroupId,
    DomainId,
    FloatingIPId,
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
from weft.model.policy import Policy, Rule
from weft.model.snapshot import Snapshot, Touched
from weft.ovn.rows import Row

Recipe = Callable[..., Iterable[Row]]
"""From domains and what it is applied to, to rows: none where that does not exist (any more)."""


class Unit(NamedTuple):
    """Something that is compiled by itself."""

    recipe: Recipe
    of: tuple[Any, ...]

    def rows(self, domains: Domains) -> Iterable[Row]:
        """The unit's rows in `domains`."""
        return self.recipe(domains, *self.of)


def port_rows(domains: Domains, port_id: PortId) -> Iterator[Row]:
    """A port, and what limits it."""
    port = domains.snapshot.ports.get(port_id)
    if port is not None:
        yield switch_port(domains.snapshot, port)
        yield from qos_rules(domains.snapshot, port)


def subnet_rows(domains: Domains, subnet_id: SubnetId) -> Iterator[Row]:
    """The DHCP server of a subnet."""
    subnet = domains.snapshot.subnets.get(subnet_id)
    if subnet is not None and subnet.dhcp:
        yield dhcp_options(domains.snapshot, subnet, domains.settings)


def router_unit(domains: Domains, router_id: RouterId) -> Iterator[Row]:
    """A router, with its links to the switches of its networks."""
    router = domains.snapshot.routers.get(router_id)
    if router is not None:
        yield from router_rows(domains.snapshot, router, domains.settings)


def localnet_rows(domains: Domains, network_id: NetworkId) -> Iterator[Row]:
    """What is on a network besides workloads and routers.

    The way to the physical one on which it goes on, or to each host's own door; the guests' service.
    """
    network = domains.snapshot.networks.get(network_id)
    if network is not None:
        yield from localnet(network)
        yield from door(domains.snapshot, network)
        yield from service(network)


def address_group_rows(domains: Domains, group_id: AddressGroupId) -> Iterator[Row]:
    """The address sets of an address group."""
    group = domains.snapshot.address_groups.get(group_id)
    if group is not None:
        yield from address_sets(group)


def every_unit(domains: Domains) -> Iterator[Unit]:
    """All units that can have rows in `domains`."""
    declared = domains.snapshot
    for recipe, those in (
        (port_rows, declared.ports),
        (published_acls, declared.ports),
        (subnet_rows, declared.subnets),
        (router_unit, declared.routers),
        (address_group_rows, declared.address_groups),
        (network_acls, declared.networks),
        (localnet_rows, declared.networks),
    ):
        for key in those:
            yield Unit(recipe, (key,))
    for policy in declared.policies.values():
        for where in domains.places_of(policy):
            for rule in merged(policy):
                yield Unit(rule_acls, ((policy.id, rule.id), where))


def affected_units(old: Domains, new: Domains, touched: Touched) -> set[Unit]:
    """The units whose rows may differ when no more than what is `touched` differs between `old` and `new`."""
    places = {place for place in new.moved if _for_matches(old, place) != _for_matches(new, place)}
    found: set[Unit] = set()
    for edge in EDGES:
        if keys := places if edge.read == "places" else getattr(touched, edge.read):
            found.update(Unit(edge.recipe, of) for of in edge.which(old, new, keys))
    return found


def _for_matches(domains: Domains, place: Place) -> tuple[frozenset[int], frozenset[int]] | None:
    """What the matches that name a group depend on."""
    members = domains.at(*place)
    return None if members is None else (members.versions, members.speaks)


_Which = Callable[[Domains, Domains, Set[Any]], Iterable[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Edge:
    """When something of the kind `read` is touched, `recipe` is applied again: to `which` of its units."""

    read: str
    recipe: Recipe
    which: _Which


def _itself(old: Domains, new: Domains, keys: Set[Any]) -> Iterator[tuple[Any, ...]]:
    del old, new
    return ((key,) for key in keys)


def _ports_it_serves(old: Domains, new: Domains, keys: Set[SubnetId]) -> Iterator[tuple[PortId]]:
    """Those with an address of a subnet whose DHCP was switched on or off."""
    switched = {key for key in keys if _differs(old.snapshot.subnets, new.snapshot.subnets, key, "dhcp")}
    if switched:
        for port in new.snapshot.ports.values():
            if any(ip.subnet_id in switched for ip in port.fixed_ips):
                yield (port.id,)


def _ports_without_own_limit(old: Domains, new: Domains, keys: Set[NetworkId]) -> Iterator[tuple[PortId]]:
    """Those on a network that got another QoS policy."""
    before, after = old.snapshot.networks, new.snapshot.networks
    switched = {key for key in keys if _differs(before, after, key, "qos_policy_id")}
    if switched:
        for port in new.snapshot.ports.values():
            if port.network_id in switched and port.qos_policy_id is None:
                yield (port.id,)


def _ports_it_limits(old: Domains, new: Domains, keys: Set[QosPolicyId]) -> Iterator[tuple[PortId]]:
    del old
    networks = new.snapshot.networks
    for port in new.snapshot.ports.values():
        if (port.qos_policy_id or networks[port.network_id].qos_policy_id) in keys:
            yield (port.id,)


def _subnets_told_of_it(old: Domains, new: Domains, keys: Set[NetworkId]) -> Iterator[tuple[SubnetId]]:
    """Those of a network of which something else is told now."""
    before, after = old.snapshot.networks, new.snapshot.networks
    told = ("name", "mtu", "metadata")
    switched = {key for key in keys if any(_differs(before, after, key, field) for field in told)}
    if switched:
        for subnet in new.snapshot.subnets.values():
            if subnet.network_id in switched:
                yield (subnet.id,)


def _subnets_of_renamed(old: Domains, new: Domains, keys: Set[ProjectId]) -> Iterator[tuple[SubnetId]]:
    projects = (old.snapshot.projects, new.snapshot.projects)
    renamed = {key for key in keys if len({found[key].name for found in projects if key in found}) > 1}
    if renamed:
        for subnet in new.snapshot.subnets.values():
            if subnet.project_id in renamed:
                yield (subnet.id,)


def _networks_of_subnets(old: Domains, new: Domains, keys: Set[SubnetId]) -> Set[tuple[NetworkId]]:
    sides = (old.snapshot.subnets, new.snapshot.subnets)
    return {(subnets[key].network_id,) for subnets in sides for key in keys if key in subnets}


def _networks_of_places(old: Domains, new: Domains, places: Set[Place]) -> Iterator[tuple[DomainId]]:
    del old, new
    return ((network,) for owner, network in places if isinstance(owner, Standing))


def _networks_it_joins(old: Domains, new: Domains, keys: Set[RouterId]) -> Iterator[tuple[NetworkId]]:
    return ((network,) for network in rejoined(old.snapshot, new.snapshot, keys))


def _subnets_it_joins(old: Domains, new: Domains, keys: Set[RouterId]) -> Iterator[tuple[SubnetId]]:
    for network in rejoined(old.snapshot, new.snapshot, keys):
        for subnet in new.snapshot.subnets_of.get(network, ()):
            yield (subnet.id,)


def _routers_of_subnets(old: Domains, new: Domains, keys: Set[SubnetId]) -> Set[tuple[RouterId]]:
    return _routers_of_networks(old, new, {network for (network,) in _networks_of_subnets(old, new, keys)})


def _routers_of_networks(old: Domains, new: Domains, keys: Set[NetworkId]) -> Set[tuple[RouterId]]:
    sides = (old.snapshot.router_of, new.snapshot.router_of)
    return {(router_of[key].id,) for router_of in sides for key in keys if key in router_of}


def _routers_out_by_networks(old: Domains, new: Domains, keys: Set[NetworkId]) -> Set[tuple[RouterId]]:
    sides = (old.snapshot.routers_out, new.snapshot.routers_out)
    return {(router.id,) for routers_out in sides for key in keys for router in routers_out.get(key, ())}


def _routers_out_by_subnets(old: Domains, new: Domains, keys: Set[SubnetId]) -> Set[tuple[RouterId]]:
    networks = {network for (network,) in _networks_of_subnets(old, new, keys)}
    return _routers_out_by_networks(old, new, networks)


def _routers_by_floating_ips(old: Domains, new: Domains, keys: Set[FloatingIPId]) -> Set[tuple[RouterId]]:
    sides = (old.snapshot.floating_by, new.snapshot.floating_by)
    return {(router,) for by in sides for router, led in by.items() if any(one.id in keys for one in led)}


def _routers_to_floating_ports(old: Domains, new: Domains, keys: Set[PortId]) -> Set[tuple[RouterId]]:
    """Those that lead from a floating IP to a port that is new, gone, or on another host."""
    sides = (old.snapshot, new.snapshot)
    floating = {side.floating_of[key].id for side in sides for key in keys if key in side.floating_of}
    return _routers_by_floating_ips(old, new, floating) if floating else set()


def _routers_with_other_hosts(old: Domains, new: Domains, keys: Set[HostName]) -> Set[tuple[RouterId]]:
    """Those with a gateway, if a host was connected otherwise before."""
    sides = [{k: d.snapshot.hosts[k] for k in keys if k in d.snapshot.hosts} for d in (old, new)]
    before, after = ({k: h.physical_networks for k, h in s.items() if h.physical_networks} for s in sides)
    if before == after:
        return set()
    return {(router.id,) for router in new.snapshot.routers.values() if router.gateway is not None}


_RuleAt = tuple[RuleKey, DomainId]


def _rules_across_domains(old: Domains, new: Domains, keys: Set[SubnetId]) -> Iterator[_RuleAt]:
    """A peer on a network of another domain is its prefixes, less those that the target's domain uses too."""
    networks = {network for (network,) in _networks_of_subnets(old, new, keys)}
    domains = {new.snapshot.domain_of(network) for network in networks}
    for rule_key, (policy, rule) in new.rules.items():
        if rule.peer.network_id is not None:
            for where in new.places_of(policy):
                if new.snapshot.domain_of(where) in domains or rule.peer.network_id in networks:
                    yield rule_key, where


def _rules_in_its_domain(old: Domains, new: Domains, keys: Set[RouterId]) -> Iterator[_RuleAt]:
    """Those in a domain that is, or was, the router's, and those with a peer there. Routers change rarely."""
    networks = rejoined(old.snapshot, new.snapshot, keys)
    for domains in (old, new):
        affected = {*keys, *(domains.snapshot.domain_of(network) for network in networks)}
        for rule_key, (policy, rule) in domains.rules.items():
            for where in domains.places_of(policy):
                if domains.snapshot.domain_of(where) in affected or rule.peer.network_id in networks:
                    yield rule_key, where


def _rules_that_name(old: Domains, new: Domains, keys: Set[AddressGroupId]) -> Iterator[_RuleAt]:
    """Those whose peer is an address group that has got or lost an IP version."""
    sides = (old.snapshot.address_groups, new.snapshot.address_groups)
    versions = [{k: {c.version for c in groups[k].cidrs} for k in keys if k in groups} for groups in sides]
    switched = {key for key in keys if versions[0].get(key) != versions[1].get(key)}
    if switched:
        for rule_key, (policy, rule) in new.rules.items():
            if rule.peer.address_group_id in switched:
                for where in new.places_of(policy):
                    yield rule_key, where


def _rules_that_differ(old: Domains, new: Domains, keys: Set[PolicyId]) -> Iterator[_RuleAt]:
    """Those of the policies that are new, different or gone; all of a policy whose target differs."""
    for key in keys:
        sides = [(d, d.snapshot.policies[key]) for d in (old, new) if key in d.snapshot.policies]
        places = {where for domains, policy in sides for where in domains.places_of(policy)}
        for rule_id in _differing_rules([policy for _, policy in sides]):
            for where in places:
                yield (key, rule_id), where


def _differing_rules(sides: Sequence[Policy]) -> Set[RuleId]:
    rules = [{rule.id: rule for rule in merged(policy)} for policy in sides]
    either = {key for side in rules for key in side}
    if len({_placed(policy) for policy in sides}) > 1 or len(sides) < 2:
        return either
    before, after = rules
    return {
        key for key in either if before.get(key) is not after.get(key) and before.get(key) != after.get(key)
    }


def _placed(policy: Policy) -> Hashable:
    """What all rules of a policy depend on."""
    return policy.target, policy.target_network, policy.target_zone, policy.tier, policy.project_id


def _rules_about_places(old: Domains, new: Domains, places: Set[Place]) -> Iterator[_RuleAt]:
    """Those whose target is one of the places, or whose peer is one of those in the target's domain."""
    del old
    at: defaultdict[Owner, set[DomainId]] = defaultdict(set)
    for owner, where in places:
        at[owner].add(where)
    for rule_key, (policy, rule) in new.rules.items():
        for where in at.get(owner_of(policy), ()):
            yield rule_key, where
        if domains := _domains_of_peer(new.snapshot, rule, at):
            for where in new.places_of(policy):
                if new.snapshot.domain_of(where) in domains:
                    yield rule_key, where


def _domains_of_peer(snapshot: Snapshot, rule: Rule, at: Mapping[Owner, Set[DomainId]]) -> Set[DomainId]:
    """The domains in which the rule's peer is one of the places."""
    if rule.peer.group_id is not None:
        return at.get(rule.peer.group_id, frozenset())
    if rule.peer.zone is not None:
        return at.get(Zone(rule.peer.zone), frozenset())
    network = rule.peer.network_id
    if network is not None and network in at.get(Standing.EVERYONE, ()):
        return {snapshot.domain_of(network)}
    return frozenset()


def _differs(before: Mapping[Any, object], after: Mapping[Any, object], key: object, field: str) -> bool:
    """Whether `field` of an object is another one. What is new or gone has nothing that depends on it yet."""
    return key in before and key in after and getattr(before[key], field) != getattr(after[key], field)


EDGES = (
    Edge("ports", port_rows, _itself),
    Edge("ports", published_acls, _itself),
    Edge("subnets", port_rows, _ports_it_serves),
    Edge("networks", port_rows, _ports_without_own_limit),
    Edge("qos_policies", port_rows, _ports_it_limits),
    Edge("subnets", subnet_rows, _itself),
    Edge("networks", subnet_rows, _subnets_told_of_it),
    Edge("projects", subnet_rows, _subnets_of_renamed),
    Edge("routers", subnet_rows, _subnets_it_joins),
    Edge("routers", router_unit, _itself),
    Edge("subnets", router_unit, _routers_of_subnets),
    Edge("networks", router_unit, _routers_of_networks),
    Edge("networks", router_unit, _routers_out_by_networks),
    Edge("subnets", router_unit, _routers_out_by_subnets),
    Edge("hosts", router_unit, _routers_with_other_hosts),
    Edge("floating_ips", router_unit, _routers_by_floating_ips),
    Edge("ports", router_unit, _routers_to_floating_ports),
    Edge("networks", localnet_rows, _itself),
    Edge("subnets", localnet_rows, _networks_of_subnets),
    Edge("address_groups", address_group_rows, _itself),
    Edge("networks", network_acls, _itself),
    Edge("subnets", network_acls, _networks_of_subnets),
    Edge("places", network_acls, _networks_of_places),
    Edge("routers", network_acls, _networks_it_joins),
    Edge("policies", rule_acls, _rules_that_differ),
    Edge("address_groups", rule_acls, _rules_that_name),
    Edge("subnets", rule_acls, _rules_across_domains),
    Edge("places", rule_acls, _rules_about_places),
    Edge("routers", rule_acls, _rules_in_its_domain),
)
