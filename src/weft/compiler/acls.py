"""Rules, and what stands above and below them, as ACLs.

    32700  system      ARP, the port's own DHCP, neighbour discovery: always work
    32600  quarantine  ports whose workload is not known yet: nothing else
    1001+  rules       by stored rank, higher first
      500  default     what the network allows when no rule matches
      400  default     all other IP is dropped
        1  floor       frames that are not IP and not ARP

`allow-related` is present in both directions on every switch, always: conntrack belongs to the switch, and
would vanish from it with the last such ACL, whatever the other rules mean to keep.
"""

from collections.abc import Iterable, Iterator

from weft.compiler.domains import Domains, Members
from weft.compiler.groups import acl_key
from weft.compiler.match import OVN_DIRECTION, at, rule_matches
from weft.model.ids import NetworkId
from weft.model.network import Default
from weft.model.policy import Action, Direction, Policy, Rule
from weft.ovn.rows import Acl, Key, Meter, MeterBand

SYSTEM, QUARANTINE, RULES, DEFAULT_ALLOW, DEFAULT_DROP, FLOOR = 32700, 32600, 1000, 500, 400, 1
LOG_METER = "weft_acl_log"
LOG_RATE = 100
"""Packets a second and host that may reach ovn-controller's log."""

_SYSTEM_OUT = "(arp || (udp.src == 68 && udp.dst == 67) || (udp.src == 546 && udp.dst == 547) || nd || nd_rs)"
_SYSTEM_IN = "(arp || (udp.src == 67 && udp.dst == 68) || (udp.src == 547 && udp.dst == 546) || nd || nd_ra)"
_BOTH = (Direction.EGRESS, Direction.INGRESS)


def system_acls(domains: Domains) -> Iterator[Acl]:
    """What every port may always do, and what a port in quarantine may not."""
    for members in domains.everyone.values():
        for direction, match in zip(_BOTH, (_SYSTEM_OUT, _SYSTEM_IN), strict=True):
            yield _acl(members, f"system-{direction}", direction, SYSTEM, match, "allow")
            yield _acl(members, f"floor-{direction}", direction, FLOOR, "", "drop")
    for members in domains.quarantined.values():
        for direction in _BOTH:
            yield _acl(members, f"quarantine-{direction}", direction, QUARANTINE, "", "drop")


def default_acls(domains: Domains) -> Iterator[Acl]:
    """What happens to IP that no rule matches, as the network says."""
    for network_id, members in domains.everyone.items():
        network = domains.snapshot.networks[network_id]
        for direction, default in zip(_BOTH, (network.default_egress, network.default_ingress), strict=True):
            for number, match in enumerate(_default_matches(members, direction, default)):
                what = f"default-{direction}-{number}"
                yield _acl(members, what, direction, DEFAULT_ALLOW, match, "allow-related")
            yield _acl(members, f"default-{direction}-drop", direction, DEFAULT_DROP, "ip", "drop")


def _default_matches(members: Members, direction: Direction, default: Default) -> list[str]:
    """What is let through. Under `drop` that is nothing that exists, so that conntrack stays switched on."""
    side = "src" if direction is Direction.INGRESS else "dst"
    match default:
        case Default.ALLOW:
            return ["ip"]
        case Default.SAME_NETWORK:
            found = [f"ip{v} && ip{v}.{side} == ${members.name}_ip{v}" for v in (4, 6) if members.has(v)]
            return found or ["ip4 && ip4.src == 0.0.0.0 && ip4.dst == 0.0.0.0"]
        case Default.DROP:
            return ["ip4 && ip4.src == 0.0.0.0 && ip4.dst == 0.0.0.0"]


def rule_acls(domains: Domains) -> Iterator[Acl]:
    """Every rule, on every network where its policy's target has members."""
    for policy in domains.snapshot.policies.values():
        for network, members in _targets(domains, policy).items():
            for rule in policy.rules:
                yield from _rule(domains, members, network, rule)


def _targets(domains: Domains, policy: Policy) -> dict[NetworkId, Members]:
    """The target's members by network; without a target, everyone in the policy's project."""
    if policy.target is not None:
        return domains.groups[policy.target]
    networks = domains.snapshot.networks
    return {n: m for n, m in domains.everyone.items() if networks[n].project_id == policy.project_id}


def _rule(domains: Domains, members: Members, network: NetworkId, rule: Rule) -> Iterator[Acl]:
    for version, match in rule_matches(domains, members, network, rule):
        yield Acl(
            key=acl_key(members, f"{rule.id}-ip{version}"),
            direction=OVN_DIRECTION[rule.direction],
            priority=RULES + rule.rank,
            match=match,
            action=_action(rule),
            log=rule.log,
            severity="info" if rule.log else None,
            meter=LOG_METER if rule.log else None,
            name=f"weft-{rule.id}" if rule.log else None,
        )
    if not rule.stateful and rule.action is Action.ALLOW:
        yield from _reverse(members, rule)


def _reverse(members: Members, rule: Rule) -> Iterator[Acl]:
    """The way back of a stateless rule: without it the replies would meet conntrack and be dropped."""
    back = Direction.EGRESS if rule.direction is Direction.INGRESS else Direction.INGRESS
    yield _acl(members, f"{rule.id}-reverse", back, RULES + rule.rank, "ip", "allow-stateless")


def _action(rule: Rule) -> str:
    if rule.action is Action.ALLOW:
        return "allow-related" if rule.stateful else "allow-stateless"
    return str(rule.action)


def _acl(members: Members, what: str, direction: Direction, priority: int, match: str, action: str) -> Acl:
    """An ACL on the port group of `members`; `match` is what it adds to the port group itself."""
    whole = f"{at(members, direction)} && {match}" if match else at(members, direction)
    return Acl(
        key=acl_key(members, what),
        direction=OVN_DIRECTION[direction],
        priority=priority,
        match=whole,
        action=action,
    )


def log_meter(acls: Iterable[Acl]) -> Iterator[Meter | MeterBand]:
    """The meter that keeps logging from drowning ovn-controller, when any ACL logs."""
    if any(acl.log for acl in acls):
        band = MeterBand(key=Key(f"band:{LOG_METER}"), action="drop", rate=LOG_RATE)
        yield band
        yield Meter(
            key=Key(f"meter:{LOG_METER}"),
            name=LOG_METER,
            unit="pktps",
            bands=frozenset({band.key}),
            fair=True,
        )
