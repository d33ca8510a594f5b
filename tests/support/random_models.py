"""Small models from a seed: every part of policy, in combinations that nobody would think of."""

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
)

from weft.model.network import Default
from weft.model.policy import Action, Direction, Peer, Policy, Rule, Tier
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
    objects: list[Anything] = [a_project()]
    for name in networks:
        objects.append(a_network(name, ingress=_default(chance), egress=_default(chance)))
        objects += [a_subnet(c, network=name, dhcp=chance.random() < 0.5) for c in NETWORKS[name]]
    if len(networks) > 1 and chance.random() < 0.6:
        objects.append(a_router("hub", ["blue", "red"]))
    ports = [_port(chance, n, networks, plain=plain) for n in range(chance.randint(2, most_ports))]
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
    return a_port(
        f"p{number}",
        dict(kept),
        network=network,
        labels={"app": chance.choice(APPS), "env": chance.choice(["live", "test"])},
        secure=plain or chance.random() < 0.9,
        quarantined=chance.random() < 0.08,
    )


def _policies(chance: Random, networks: list[str], most_rules: int, *, plain: bool) -> list[Policy]:
    """Some policies in each tier, ranked together as the store does it."""
    found: list[Policy] = []
    for tier in Tier:
        made = [
            a_policy(
                f"{tier}-{number}",
                *(
                    _rule(chance, f"{tier}-{number}-{n}", networks, plain=plain)
                    for n in range(chance.randint(0, most_rules))
                ),
                target=chance.choice([None, *GROUPS]),
                tier=tier,
                order=chance.choice([1, 1000, 1000]),
            )
            for number in range(chance.randint(0, 3))
        ]
        found += _ranked(sorted(made, key=lambda policy: (policy.order, policy.id)), tier)
    chance.shuffle(found)
    return found


def _ranked(policies: list[Policy], tier: Tier) -> list[Policy]:
    ranks = iter(arrange([0 for policy in policies for _ in policy.rules], tier))
    return [
        replace(policy, rules=tuple(replace(rule, rank=next(ranks)) for rule in policy.rules))
        for policy in policies
    ]


def _rule(chance: Random, name: str, networks: list[str], *, plain: bool) -> Rule:
    return a_rule(
        name,
        chance.choice(list(Direction)),
        chance.choice([Action.ALLOW, Action.ALLOW, Action.DROP, Action.REJECT]),
        peer=_peer(chance, networks),
        service=chance.choice(SERVICES),
        stateful=plain or chance.random() < 0.8,
    )


def _peer(chance: Random, networks: list[str]) -> Peer:
    kind = chance.choice(["any", "group", "group", "network", "prefixes", "cidr"])
    if kind == "group":
        return a_peer(group=chance.choice(list(GROUPS)))
    if kind == "network":
        return a_peer(network=chance.choice(networks))
    if kind == "prefixes":
        return a_peer(address_group="prefixes")
    return a_peer() if kind == "any" else a_peer(cidr=chance.choice(PREFIXES))
