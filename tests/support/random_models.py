"""Small models from a seed: every part of policy, in combinations that nobody would think of."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from tests.support.builders import (
    Anything,
    a_group,
    a_network,
    a_peer,
    a_policy,
    a_port,
    a_project,
    a_router,
    a_rule,
    a_snapshot,
    a_subnet,
    an_address_group,
    an_id,
)

from weft.model.ids import NetworkId, PolicyId
from weft.model.network import Default
from weft.model.policy import Action, Direction, Mode, Peer, Policy, Rule, Tier
from weft.model.port import Port
from weft.model.rank import arrange
from weft.model.snapshot import Snapshot

APPS = ["web", "db", "ops"]
GROUPS = {
    "web": "app=web",
    "db": "app=db",
    "live": "env=live",
    "not-ops": "!(app=ops)",
    "live-web": "app=web && env=live",
    "nobody": "app=nobody",
    "by-hand": None,
}
NETWORKS = {
    "blue": ("10.0.0.0/24", "fd00::/64"),
    "green": ("10.0.0.0/25", "fd01::/64"),
    "red": ("10.1.0.0/24", "fd02::/64"),
}
"""Blue and green have addresses of each other; blue and red may be joined by a router."""

_MODES = [*[Mode.ENFORCED] * 8, Mode.DRAFT, Mode.AUDIT]
ZONES = ["inner", "outer"]
PREFIXES = ["10.0.0.0/29", "10.0.0.4/30", "10.0.0.0/8", "0.0.0.0/0", "192.0.2.0/24", "fd00::/125", "::/0"]
SERVICES = [
    *("any", "any", "tcp", "tcp/80", "tcp/80,443", "tcp/1000-2000", "tcp/0-65535", "udp", "udp/53"),
    *("udp/67", "udp/60-70", "sctp/7", "icmp", "icmp/8", "icmp/8.0", "icmpv6", "icmpv6/128", "icmpv6/135"),
]


def random_model(seed: int, *, most_ports: int = 6, most_rules: int = 4, plain: bool = False) -> Snapshot:
    """The model of `seed`. `plain` leaves out what a machine of flesh and wire cannot show in a moment:
    ports without anti-spoofing, stateless rules, several networks.
    """
    chance = Random(seed)
    networks = ["blue"] if plain else list(NETWORKS)
    zones = Random(f"zones {seed}")  # of its own, so that all else of a model stays as it was
    telling = Random(f"metadata {seed}")
    objects: list[Anything] = [a_project()]
    for name in networks:
        zone = zones.choice([None, *ZONES])
        told = telling.random() < 0.3
        objects.append(
            a_network(name, ingress=_default(chance), egress=_default(chance), zone=zone, metadata=told)
        )
        objects += [a_subnet(c, network=name, dhcp=chance.random() < 0.5) for c in NETWORKS[name]]
    if len(networks) > 1 and chance.random() < 0.6:
        objects.append(a_router("hub", ["blue", "red"]))
    ports = [_port(chance, n, networks, plain=plain) for n in range(chance.randint(2, most_ports))]
    ports = ports if plain else _twins(Random(f"twins {seed}"), ports)
    objects += ports
    for name, selector in GROUPS.items():
        picked = [port.name for port in ports if chance.random() < 0.3]
        objects.append(a_group(name, selector, members=picked if selector is None else ()))
    objects.append(an_address_group("prefixes", chance.sample(PREFIXES, chance.randint(0, 3))))
    objects += _policies(chance, networks, most_rules, plain=plain)
    return a_snapshot(*objects)


def _default(chance: Random) -> Default:
    return chance.choice(list(Default))


def _port(chance: Random, number: int, networks: list[str], *, plain: bool) -> Port:
    network = chance.choice(networks)
    v4, v6 = NETWORKS[network]
    base4, base6 = v4.rpartition(".")[0], v6.removesuffix("/64")
    offered = {f"{base4}.{number + 2}": v4, f"{base6}{number + 2:x}": v6, f"{base4}.{number + 20}": v4}
    weights = (1.0, 1.0, 0.0) if plain else (0.9, 0.6, 0.1)
    kept = [pair for pair, weight in zip(offered.items(), weights, strict=True) if chance.random() < weight]
    publishes = Random(f"published {number} {kept}")  # of its own, as in _rules
    offers = ["8080:80", "8443:443", "5353:53/udp", "8081:1500"]
    return a_port(
        f"p{number}",
        dict(kept),
        published=() if plain else publishes.sample(offers, publishes.choice([0, 0, 1, 2])),
        network=network,
        labels={"app": chance.choice(APPS), "env": chance.choice(["live", "test"])},
        secure=plain or chance.random() < 0.9,
        quarantined=chance.random() < 0.08,
    )


def _twins(chance: Random, ports: list[Port]) -> list[Port]:
    """Some have the MAC of one on another network, and so the same link-local address."""
    found = list(ports)
    for place, port in enumerate(ports):
        one = chance.choice(found)
        taken = {other.mac for other in found if other.network_id == port.network_id}
        if chance.random() < 0.15 and one.mac not in taken:
            found[place] = replace(port, mac=one.mac)
    return found


def _policies(chance: Random, networks: list[str], most_rules: int, *, plain: bool) -> list[Policy]:
    """Some policies in each tier, ranked together as the store does it."""
    found: list[Policy] = []
    for tier in Tier:
        made = [
            a_policy(
                f"{tier}-{number}",
                *_rules(chance, f"{tier}-{number}", networks, chance.randint(0, most_rules), plain=plain),
                target=chance.choice([None, *GROUPS]),
                tier=tier,
                order=chance.choice([1, 1000, 1000]),
            )
            for number in range(chance.randint(0, 3))
        ]
        modes = Random(f"modes {tier} {[policy.rules for policy in made]}")  # of its own, as in _rules
        made = [_retargeted(replace(policy, mode=modes.choice(_MODES)), networks) for policy in made]
        found += _ranked(sorted(made, key=lambda policy: (policy.order, policy.id)), tier)
    chance.shuffle(found)
    return found


def _retargeted(policy: Policy, networks: Sequence[str]) -> Policy:
    """Some that were for the whole project are for a network or a zone of it."""
    chance = Random(f"target {policy}")  # of its own, as in _rules
    match chance.choice(["all", "network", "zone", "zone"]) if policy.target is None else "group":
        case "network":
            network = NetworkId(an_id("network", chance.choice(networks)))
            return replace(policy, target_network=network, target_zone=None)
        case "zone":
            return replace(policy, target_network=None, target_zone=chance.choice([*ZONES, "no-such"]))
        case _:
            return replace(policy, target_network=None, target_zone=None)


def _ranked(policies: list[Policy], tier: Tier) -> list[Policy]:
    ranks = iter(arrange([0 for policy in policies for _ in policy.rules], tier))
    return [
        replace(policy, rules=tuple(replace(rule, rank=next(ranks)) for rule in policy.rules))
        for policy in policies
    ]


def _rules(chance: Random, prefix: str, networks: list[str], number: int, *, plain: bool) -> list[Rule]:
    """Some are like the one before, but for their service: the compiler may make one ACL of both."""
    found: list[Rule] = []
    for n in range(number):
        rule = _rule(chance, f"{prefix}-{n}", networks, plain=plain)
        # Of its own, and without what rules got later, so that all else of a model stays as it was.
        alike = Random(f"alike {rule}".replace(", expires=None", ""))
        if found and alike.random() < 0.3:
            rule = replace(found[-1], id=rule.id, service=rule.service)
        found.append(rule)
    return found


def _rule(chance: Random, name: str, networks: list[str], *, plain: bool) -> Rule:
    rule = a_rule(
        name,
        chance.choice(list(Direction)),
        chance.choice([Action.ALLOW, Action.ALLOW, Action.DROP, Action.REJECT]),
        peer=_peer(chance, networks),
        service=chance.choice(SERVICES),
        stateful=plain or chance.random() < 0.8,
    )
    zone = Random(f"zone {rule}").choice([None, None, None, *ZONES, "no-such"])
    return rule if rule.peer.network_id is None or zone is None else replace(rule, peer=a_peer(zone=zone))


def _peer(chance: Random, networks: list[str]) -> Peer:
    kind = chance.choice(["any", "group", "group", "network", "prefixes", "cidr"])
    if kind == "group":
        return a_peer(group=chance.choice(list(GROUPS)))
    if kind == "network":
        return a_peer(network=chance.choice(networks))
    if kind == "prefixes":
        return a_peer(address_group="prefixes")
    return a_peer() if kind == "any" else a_peer(cidr=chance.choice(PREFIXES))


def changed_model(seed: int, model: Snapshot, *, rules_only: bool = False) -> Snapshot:
    """`model` after one to three changes; what they do not touch are the same objects, as in the store."""
    chance = Random(f"change {seed}")
    kinds = [_change_rules, _change_rules, _change_policies]
    if not rules_only:
        kinds += [
            _change_labels,
            _change_ports,
            _change_group,
            _change_prefixes,
            _change_default,
            _change_router,
            _change_zone,
            _change_metadata,
        ]
    for change in chance.choices(kinds, k=chance.randint(1, 3)):
        model = change(chance, model)
    return model


def _change_rules(chance: Random, model: Snapshot) -> Snapshot:
    """Insert, remove, replace or move one rule of one policy."""
    if not model.policies:
        return model
    policy = chance.choice(list(model.policies.values()))
    rules = list(policy.rules)
    made = _rule(chance, f"made-{chance.random()}", _names(model), plain=False)
    place = chance.randint(0, len(rules))
    what = chance.choice(["insert", "remove", "replace", "move"])
    if what != "insert" and rules:
        taken = rules.pop(min(place, len(rules) - 1))
        made = taken if what == "move" else made
        place = chance.randint(0, len(rules))
    if what != "remove":
        rules.insert(place, made)
    return replace(
        model, policies=_reranked({**model.policies, policy.id: replace(policy, rules=tuple(rules))})
    )


def _change_policies(chance: Random, model: Snapshot) -> Snapshot:
    """Remove a policy, or change where it stands and whom it is for."""
    if not model.policies:
        return model
    policy = chance.choice(list(model.policies.values()))
    left = {key: each for key, each in model.policies.items() if each is not policy}
    if chance.random() < 0.3:
        return replace(model, policies=left)
    target = chance.choice([None, *model.groups])
    aimed = _retargeted(replace(policy, target=target, target_network=None, target_zone=None), _names(model))
    after = chance.choice([replace(policy, order=chance.randint(0, 2000)), aimed])
    mode = Random(f"mode {after}").choice([None, None, *Mode])  # of its own, as in _rules
    after = after if mode is None else replace(policy, mode=mode)
    return replace(model, policies=_reranked({**left, policy.id: after}))


def _change_labels(chance: Random, model: Snapshot) -> Snapshot:
    port = chance.choice(list(model.ports.values()))
    after = chance.choice(
        [replace(port, labels={**port.labels, "app": chance.choice(APPS)}), replace(port, quarantined=True)]
    )
    return replace(model, ports={**model.ports, port.id: after})


def _change_ports(chance: Random, model: Snapshot) -> Snapshot:
    """Remove a port, or make one."""
    ports = dict(model.ports)
    if chance.random() < 0.4:
        gone = chance.choice(list(ports))
        del ports[gone]
        groups = {k: replace(g, members=g.members - {gone}) for k, g in model.groups.items()}
        return replace(model, ports=ports, groups=groups)
    made = _port(chance, 10 + chance.randint(0, 5), _names(model), plain=False)
    return replace(model, ports={**ports, made.id: made})


def _change_group(chance: Random, model: Snapshot) -> Snapshot:
    group = chance.choice(list(model.groups.values()))
    members = frozenset(port for port in model.ports if chance.random() < 0.3)
    return replace(model, groups={**model.groups, group.id: replace(group, members=members)})


def _change_prefixes(chance: Random, model: Snapshot) -> Snapshot:
    after = an_address_group("prefixes", chance.sample(PREFIXES, chance.randint(0, 3)))
    return replace(model, address_groups={after.id: after})


def _change_default(chance: Random, model: Snapshot) -> Snapshot:
    network = chance.choice(list(model.networks.values()))
    after = replace(network, default_ingress=_default(chance), default_egress=_default(chance))
    return replace(model, networks={**model.networks, network.id: after})


def _change_router(chance: Random, model: Snapshot) -> Snapshot:
    made = a_router("hub", chance.choice([["blue", "red"], ["green", "red"], ["red"]]))
    return replace(model, routers=chance.choice([{}, {made.id: made}]))


def _change_zone(chance: Random, model: Snapshot) -> Snapshot:
    network = chance.choice(list(model.networks.values()))
    after = replace(network, zone=chance.choice([None, *ZONES]))
    return replace(model, networks={**model.networks, network.id: after})


def _change_metadata(chance: Random, model: Snapshot) -> Snapshot:
    network = chance.choice(list(model.networks.values()))
    after = replace(network, metadata=not network.metadata)
    return replace(model, networks={**model.networks, network.id: after})


def _names(model: Snapshot) -> list[str]:
    return [network.name for network in model.networks.values()]


def _reranked(policies: Mapping[PolicyId, Policy]) -> dict[PolicyId, Policy]:
    """`policies` ranked in the order of evaluation; those whose rules keep theirs are the same objects."""
    found: dict[PolicyId, Policy] = {}
    for tier in Tier:
        mine = sorted((p for p in policies.values() if p.tier is tier), key=lambda p: (p.order, p.id))
        for old, new in zip(mine, _ranked(mine, tier), strict=True):
            found[old.id] = old if old == new else new
    return found
