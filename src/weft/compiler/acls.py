"""Rules, and what stands above and below them, as ACLs.

    32700  system      ARP, the port's own DHCP, neighbour discovery: always work
    32600  quarantine  ports whose workload is not known yet: nothing else
    32500  metadata    what a guest asks of itself when it boots, where the network has that
    1000+  rules       by stored rank, higher first (`weft.model.rank`)
      600  published   what the host answers for, when no rule matches
      500  default     what the network allows when no rule matches
      400  default     all other IP is dropped
        1  floor       frames that are not IP and not ARP

`allow-related` is present in both directions on every switch, always: conntrack belongs to the switch, and
would vanish from it with the last such ACL, whatever the other rules mean to keep.
"""

from collections.abc import Iterator
from dataclasses import replace

from weft.compiler import names
from weft.compiler.addresses import link_local
from weft.compiler.domains import Domains, Members, RuleKey, Standing
from weft.compiler.match import OVN_DIRECTION, REVERSE, at, rule_matches
from weft.compiler.metadata import ASKING
from weft.compiler.routers import router_mac
from weft.model.ids import DomainId, NetworkId
from weft.model.network import Default
from weft.model.policy import Action, Direction, Policy, Rule
from weft.model.rank import BANDS
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Acl

SYSTEM, QUARANTINE, METADATA = 32_700, 32_600, 32_500
PUBLISHED, DEFAULT_ALLOW, DEFAULT_DROP, FLOOR = 600, 500, 400, 1

_DHCP_REQUEST = ("(ip4 && udp.src == 68 && udp.dst == 67)", "(ip6 && udp.src == 546 && udp.dst == 547)")
_DHCP_REPLY = {
    4: "(ip4 && udp.src == 67 && udp.dst == 68)",
    6: "(ip6 && udp.src == 547 && udp.dst == 546)",
}
_NOTHING = "ip4 && ip4.src == 0.0.0.0 && ip4.dst == 0.0.0.0"
"""No packet has these addresses; an ACL that allows it only keeps conntrack switched on."""


def network_acls(domains: Domains, network: NetworkId) -> Iterator[Acl]:
    """All that holds on `network` without any policy: the system's, quarantine, the defaults, the floor."""
    everyone = domains.at(Standing.EVERYONE, network)
    if everyone is None:
        return
    for direction in Direction:
        system = _system(domains.snapshot, network, direction)
        yield _band(everyone, f"system-{direction}", direction, SYSTEM, (system, "allow"))
        yield from _defaults(domains, network, everyone, direction)
        yield _band(everyone, f"floor-{direction}", direction, FLOOR, ("", "drop"))
    if domains.snapshot.networks[network].metadata:
        asking = (ASKING, "allow-related")
        yield _band(everyone, "metadata-egress", Direction.EGRESS, METADATA, asking)
    if unknown := domains.at(Standing.QUARANTINED, network):
        for direction in Direction:
            drop = _band(unknown, f"quarantine-{direction}", direction, QUARANTINE, ("", "drop"))
            told = domains.settings.log_drops
            yield _logging_band(domains, network, names.Band.QUARANTINE, drop) if told else drop


def rule_acls(domains: Domains, rule_key: RuleKey, where: DomainId) -> Iterator[Acl]:
    """One rule in a domain (without a target: on a network) where its policy's target has members."""
    if rule_key not in domains.rules:
        return
    policy, rule = domains.rules[rule_key]
    target = domains.target(policy, where)
    if target is None:
        return
    if rule.rank not in BANDS[policy.tier]:
        raise ValueError(f"rule {rule.id} has rank {rule.rank}, which tier {policy.tier} does not have")
    logs = rule.log or (domains.settings.log_drops and rule.action is not Action.ALLOW)
    for acl in _acls_of(domains, rule, target, where):
        yield _logging(acl, names.rule_log_name(rule.id), _meter(policy, rule)) if logs else acl


def _acls_of(domains: Domains, rule: Rule, target: Members, where: DomainId) -> Iterator[Acl]:
    stateless = rule.action is Action.ALLOW and not rule.stateful
    for found in rule_matches(domains, target, where, rule):
        yield _rule_acl(target, rule, rule.direction, f"ip{found.version}", found.match)
        if stateless:
            # Conntrack never saw the flow, so nobody but this ACL knows that its answers are welcome.
            yield _rule_acl(target, rule, REVERSE[rule.direction], f"back-ip{found.version}", found.back)


def _meter(policy: Policy, rule: Rule) -> str:
    return names.log_meter(policy.project_id, asked=rule.log)


def _logging(acl: Acl, name: str, meter: str) -> Acl:
    """`acl`, of which ovn-controller tells under `name` as far as `meter` lets it."""
    return replace(acl, log=True, severity="info", meter=meter, name=name)


def _logging_band(domains: Domains, network: NetworkId, band: names.Band, acl: Acl) -> Acl:
    """`acl`, of which ovn-controller tells as what `network` drops by itself."""
    direction = next(each for each, word in OVN_DIRECTION.items() if word == acl.direction)
    meter = names.log_meter(domains.snapshot.networks[network].project_id, asked=False)
    return _logging(acl, names.band_log_name(network, band, direction), meter)


def _system(snapshot: Snapshot, network: NetworkId, direction: Direction) -> str:
    """What a port may always send and get.

    OVN lets the answers of its own DHCP server through by itself; here only those of a server among the
    workloads are let in, on a network where Weft does not answer: elsewhere such a server is an impostor.
    Router advertisements are those of the network's own router, if it has one; others are ordinary packets,
    for rules and defaults to judge.
    """
    if direction is Direction.EGRESS:
        return f"(arp || {' || '.join(_DHCP_REQUEST)} || nd || nd_rs)"
    served = {subnet.cidr.version for subnet in snapshot.subnets_of.get(network, ()) if subnet.dhcp}
    replies = [reply for version, reply in _DHCP_REPLY.items() if version not in served]
    return f"({' || '.join(['arp', *replies, 'nd', *_announcements(snapshot, network)])})"


def _announcements(snapshot: Snapshot, network: NetworkId) -> Iterator[str]:
    """The match of what the router says of itself: it speaks from its link-local address (RFC 4861, 4.2)."""
    router = snapshot.router_of.get(network)
    if router is not None:
        yield f"(nd_ra && ip6.src == {link_local(router_mac(router.id, network))})"


def _defaults(domains: Domains, network: NetworkId, everyone: Members, direction: Direction) -> Iterator[Acl]:
    """What happens to IP that no rule matches."""
    declared = domains.snapshot.networks[network]
    default = declared.default_ingress if direction is Direction.INGRESS else declared.default_egress
    for what, match in _default_matches(everyone, direction, default):
        allow = (match, "allow-related")
        yield _band(everyone, f"default-{direction}-{what}", direction, DEFAULT_ALLOW, allow)
    drop = _band(everyone, f"default-{direction}-drop", direction, DEFAULT_DROP, ("ip", "drop"))
    told = domains.settings.log_drops and declared.log_drops
    yield _logging_band(domains, network, names.Band.DEFAULT, drop) if told else drop


def _default_matches(everyone: Members, direction: Direction, default: Default) -> list[tuple[str, str]]:
    """The name and the match of each allowance."""
    if default is Default.ALLOW:
        return [("allow", "ip")]
    side = "src" if direction is Direction.INGRESS else "dst"
    same = [
        (f"same-ip{v}", f"ip{v} && ip{v}.{side} == ${everyone.name}_ip{v}") for v in sorted(everyone.versions)
    ]
    return same if same and default is Default.SAME_NETWORK else [("nothing", _NOTHING)]


def _rule_acl(target: Members, rule: Rule, direction: Direction, what: str, match: str) -> Acl:
    return Acl(
        key=names.acl_key(target.name, f"{rule.id}-{what}"),
        direction=OVN_DIRECTION[direction],
        priority=rule.rank,
        match=match,
        action=_action(rule),
    )


def _action(rule: Rule) -> str:
    if rule.action is Action.ALLOW:
        return "allow-related" if rule.stateful else "allow-stateless"
    return str(rule.action)


def _band(members: Members, what: str, direction: Direction, priority: int, verdict: tuple[str, str]) -> Acl:
    """An ACL of the system; `verdict` is what is matched besides the port group, and the action."""
    match, action = verdict
    whole = f"{at(members, direction)} && {match}" if match else at(members, direction)
    return Acl(
        key=names.acl_key(members.name, what),
        direction=OVN_DIRECTION[direction],
        priority=priority,
        match=whole,
        action=action,
    )
