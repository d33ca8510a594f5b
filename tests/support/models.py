"""Random small models, whose parts have the same names in every draw: two of them differ in some of these."""

from dataclasses import replace

from hypothesis import strategies as st
from tests.support.builders import (
    Anything,
    a_floating_ip,
    a_group,
    a_network,
    a_peer,
    a_policy,
    a_port,
    a_project,
    a_qos_policy,
    a_router,
    a_rule,
    a_subnet,
    an_address_group,
)

from weft.model.host import Host
from weft.model.ids import HostName
from weft.model.network import Default
from weft.model.policy import Action, Direction, Group, Peer, Rule, Tier
from weft.model.port import Port

LABELS = ["web", "db", "ops"]
NETWORKS = ["blue", "green"]
ZONES = ["inner", "no-such"]
PORTS = ["p0", "p1", "p2", "p3", "p4"]
SERVICES = ["any", "tcp", "tcp/80,8000-8080", "tcp/443", "udp/53", "icmp/8", "icmpv6"]
QOS = ["gold", "silver"]
V4, V6 = "10.0.0.0/24", "fd00::/64"
OWN = {"blue": "10.1.0.0/24", "green": "10.2.0.0/24"}

defaults = st.sampled_from(list(Default))
targets = st.sampled_from(
    [
        (None, None, None),
        *((name, None, None) for name in LABELS),
        *((None, name, None) for name in NETWORKS),
        *((None, None, name) for name in ZONES),
    ]
)
"""A group, a network or a zone, or none of them."""


@st.composite
def peers(draw: st.DrawFn) -> Peer:
    return draw(
        st.sampled_from(
            [
                a_peer(),
                *(a_peer(group=name) for name in LABELS),
                *(a_peer(network=name) for name in NETWORKS),
                *(a_peer(zone=name) for name in ZONES),
                a_peer(address_group="prefixes"),
                a_peer(cidr="192.0.2.0/24"),
                a_peer(cidr="2001:db8::/32"),
            ]
        )
    )


@st.composite
def rules(draw: st.DrawFn, name: str) -> Rule:
    return a_rule(
        name,
        draw(st.sampled_from(list(Direction))),
        draw(st.sampled_from(list(Action))),
        peer=draw(peers()),
        service=draw(st.sampled_from(SERVICES)),
        stateful=draw(st.booleans()),
        log=draw(st.booleans()),
        count=draw(st.booleans()),
    )


@st.composite
def rows_of_rules(draw: st.DrawFn, prefix: str) -> list[Rule]:
    """Up to three rules of a policy; some are like the one before, but for their service."""
    found: list[Rule] = []
    for number in range(draw(st.integers(0, 3))):
        rule = draw(rules(f"{prefix}-{number}"))
        alike = draw(st.booleans())
        if found and alike:
            rule = replace(found[-1], id=rule.id, service=rule.service, count=rule.count)
        found.append(rule)
    return found


@st.composite
def ports(draw: st.DrawFn, number: int, present: list[str]) -> Port:
    offered = {f"10.0.0.{number + 2}": V4, f"fd00::{number + 2}": V6}
    kept = draw(st.sets(st.sampled_from(sorted(offered))))
    return a_port(
        PORTS[number],
        {address: offered[address] for address in sorted(kept)},
        network=draw(st.sampled_from(present)),
        labels={"app": draw(st.sampled_from(LABELS))},
        secure=draw(st.booleans()),
        quarantined=draw(st.booleans()),
        qos=draw(st.sampled_from([None, "gold"])),
        host=draw(st.sampled_from([None, "h0", "h1"])),
    )


@st.composite
def outside(draw: st.DrawFn) -> list[Anything]:
    """The external network, whom it is for, and the floating IPs of it."""
    found: list[Anything] = [a_network("out", physical="physnet0"), a_subnet("203.0.113.0/24", network="out")]
    for name in ("h0", "h1"):
        connected = draw(st.sampled_from([frozenset[str](), frozenset({"physnet0"})]))
        found.append(Host(name=HostName(name), physical_networks=connected))
    led = draw(st.lists(st.sampled_from(PORTS), max_size=2, unique=True))
    return found + [
        a_floating_ip(f"203.0.113.{number + 10}", network="out", port=port) for number, port in enumerate(led)
    ]


@st.composite
def groups(draw: st.DrawFn, label: str) -> Group:
    selector = draw(st.sampled_from([f"app={label}", f"app={label}", f"app!={label}", "all()", None]))
    return a_group(label, selector, members=draw(st.sets(st.sampled_from(PORTS), max_size=2)))


@st.composite
def networks(draw: st.DrawFn, name: str) -> list[Anything]:
    """A network and its subnets, of which one is not like any of the other network."""
    found: list[Anything] = [
        a_network(
            name,
            ingress=draw(defaults),
            egress=draw(defaults),
            mtu=draw(st.sampled_from([None, 1400])),
            qos=draw(st.sampled_from([None, None, "silver"])),
            zone=draw(st.sampled_from([None, "inner", "outer"])),
        ),
        a_subnet(V4, network=name, dhcp=draw(st.booleans())),
        a_subnet(V6, network=name, dhcp=draw(st.booleans())),
    ]
    return found + [a_subnet(OWN[name], network=name)] * draw(st.booleans())


@st.composite
def models(draw: st.DrawFn) -> list[Anything]:
    """The objects of a small model; groups, sets and networks are often empty."""
    objects: list[Anything] = [a_project()]
    objects += [a_qos_policy(n, egress=draw(st.sampled_from([1000, 2000])), dscp=10) for n in QOS]
    present = draw(st.lists(st.sampled_from(NETWORKS), min_size=1, unique=True))
    for name in present:
        objects += draw(networks(name))
    joined = draw(st.sets(st.sampled_from(present)))
    objects += draw(outside())
    gateway = draw(st.sampled_from([None, {"out": "203.0.113.9"}])) if len(joined) < 2 else None
    router = a_router("r0", joined, routes={"10.99.0.0/16": "10.0.0.254"}, gateway=gateway)
    objects += [router] * draw(st.booleans())
    objects += [draw(ports(number, present)) for number in sorted(draw(st.sets(st.integers(0, 4))))]
    objects += [draw(groups(label)) for label in LABELS]
    objects.append(an_address_group("prefixes", draw(st.sets(st.sampled_from(["10.9.0.0/16", "fd09::/32"])))))
    for tier in Tier:
        made = draw(rows_of_rules(str(tier)))
        group, network, zone = draw(targets)
        objects.append(a_policy(tier, *made, tier=tier, target=group, network=network, zone=zone))
    return objects
