"""Each edge of the compiler's wiring is needed: without it, some change leaves a row behind."""

from dataclasses import replace
from ipaddress import ip_address
from itertools import pairwise

import pytest
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
    a_snapshot,
    a_subnet,
    an_address_group,
)
from tests.support.changes import touched_between

from weft.compiler import Compilation, CompilerSettings, compile_model, units
from weft.compiler.units import EDGES, Edge
from weft.model.host import Host
from weft.model.ids import HostName
from weft.model.network import Default
from weft.model.policy import Policy

SETTINGS = CompilerSettings()
V4 = "10.0.0.0/24"

Steps = list[list[Anything]]


def about(**peer: str) -> Policy:
    return a_policy("p", a_rule("r", peer=a_peer(**peer)))


PORT = a_port("one", {"10.0.0.5": V4})
NET: list[Anything] = [a_network(), a_subnet(V4)]
PEERS_SUBNET = a_subnet("10.7.0.0/24", network="other")
OTHER = a_network("other")
PEER_PORT: list[Anything] = [a_port("peer", {"10.7.0.5": "10.7.0.0/24"}, network="other")]
ROUTER = a_router("r", ["net"])
OUTSIDE = a_subnet("203.0.113.0/24", network="out")
INTERNET: list[Anything] = [a_network("out", physical="physnet1", vlan=100), OUTSIDE]
LED_OUT = a_router("r", ["net"], gateway={"out": "203.0.113.9"})
FLOATING = a_floating_ip("203.0.113.10", network="out", port="one")
JOINED = a_router("r", ["net", "other"])
PLUGGED = Host(name=HostName("h"), physical_networks=frozenset({"physnet1"}))

CHANGES: dict[str, Steps] = {
    "a port comes, changes and goes": [NET, [*NET, PORT], [*NET, a_port("one", host="h")], NET],
    "a network gets another name": [
        [replace(a_network(), name=name), a_subnet(V4), PORT, ROUTER] for name in ("net", "other")
    ],
    "a project gets another name": [
        [replace(a_project(), name=name), *NET, PORT, ROUTER] for name in ("default", "shop")
    ],
    "a router joins two networks, of which one is new": [
        [*NET, a_router("r", ["net", "other"])],
        [*NET, a_router("r", ["net", "other"]), OTHER, PEERS_SUBNET],
    ],
    "a port is published": [
        [*NET, a_port("one", {"10.0.0.5": V4}, published=these)] for these in ((), ("8080:80",), ())
    ],
    "a subnet stops to serve DHCP": [[*NET, PORT], [a_network(), a_subnet(V4, dhcp=False), PORT]],
    "a network gets a limit": [
        [*NET, PORT, a_qos_policy("gold", egress=9)],
        [a_network(qos="gold"), a_subnet(V4), PORT, a_qos_policy("gold", egress=9)],
    ],
    "a limit changes": [
        [a_network(qos="gold"), a_subnet(V4), PORT, a_qos_policy("gold", egress=rate)] for rate in (8, 9)
    ],
    "a subnet comes and goes": [[a_network()], NET, [a_network()]],
    "a network gets another MTU": [NET, [a_network(mtu=1400), a_subnet(V4)]],
    "an address group gets another prefix": [
        [an_address_group("set", ["10.9.0.0/16"])],
        [an_address_group("set", ["10.8.0.0/16"])],
    ],
    "a network gets another default": [
        [*NET, PORT],
        [a_network(ingress=Default.DROP), a_subnet(V4), PORT],
    ],
    "a subnet of a network with ports goes": [[*NET, a_port()], [a_network(), a_port()]],
    "the first port of a network comes": [NET, [*NET, PORT]],
    "a network with ports gets a zone, another and none": [
        [a_network(zone=zone), a_subnet(V4), PORT, about(zone="dmz")] for zone in (None, "dmz", "lan", None)
    ],
    "the first port of a zone comes, in a network of its own": [
        [*NET, PORT, a_network("other", zone="dmz"), PEERS_SUBNET, *more, JOINED, about(zone="dmz")]
        for more in ([], PEER_PORT, [])
    ],
    "a rule changes": [[*NET, PORT, a_policy("p", a_rule("r", log=log))] for log in (True, False)],
    "an address group gets its first prefix": [
        [*NET, PORT, an_address_group("set", cidrs), about(address_group="set")]
        for cidrs in (list[str](), ["10.9.0.0/16"])
    ],
    "the peer network gets a subnet": [
        [*NET, PORT, OTHER, *more, about(network="other")]
        for more in ([], [a_subnet("10.7.0.0/24", network="other")])
    ],
    "a router comes, gets a route and goes": [
        [*NET, PORT],
        [*NET, PORT, ROUTER],
        [*NET, PORT, a_router("r", ["net"], routes={"10.9.0.0/16": "10.0.0.9"})],
        [*NET, PORT],
    ],
    "a network without ports gets a router": [NET, [*NET, ROUTER]],
    "a network on a router gets another subnet": [
        [*NET, ROUTER],
        [*NET, a_subnet("10.1.0.0/24"), ROUTER],
    ],
    "a network on a router gets another MTU": [
        [a_network(mtu=mtu), a_subnet("fd00::/64"), ROUTER] for mtu in (None, 1400)
    ],
    "a router finds a way out and loses it": [
        [*NET, *INTERNET, ROUTER, PLUGGED],
        [*NET, *INTERNET, LED_OUT, PLUGGED],
        [*NET, *INTERNET, ROUTER, PLUGGED],
    ],
    "an external network goes on elsewhere": [
        [*NET, a_network("out", physical=name), OUTSIDE, LED_OUT, PLUGGED]
        for name in ("physnet1", "physnet2")
    ],
    "the subnet of a way out gets another gateway": [
        [*NET, INTERNET[0], replace(OUTSIDE, gateway=ip_address(hop)), LED_OUT, PLUGGED]
        for hop in ("203.0.113.1", "203.0.113.2")
    ],
    "the hosts' door gets another address": [
        [a_network("out", physical="host"), replace(OUTSIDE, gateway=ip_address(door))]
        for door in ("203.0.113.1", "203.0.113.2")
    ],
    "a host is connected to a physical network": [
        [*NET, *INTERNET, LED_OUT, replace(PLUGGED, physical_networks=frozenset(to))]
        for to in (list[str](), ["physnet1"])
    ],
    "a floating IP leads to a port, and nowhere": [
        [*NET, *INTERNET, LED_OUT, PORT, PLUGGED, replace(FLOATING, port_id=to)]
        for to in (None, PORT.id, None)
    ],
    "a port with a floating IP moves to a host that is connected": [
        [*NET, *INTERNET, LED_OUT, replace(PORT, host=on), PLUGGED, FLOATING] for on in (None, PLUGGED.name)
    ],
    "a peer's network joins the router of the rule's": [
        [*NET, PORT, OTHER, PEERS_SUBNET, *PEER_PORT, a_router("r", joined), about(network="other")]
        for joined in (["net"], ["net", "other"])
    ],
    "the group that a rule is about gets its first port": [
        [*NET, PORT, a_group("web", members=members), about(group="web")]
        for members in (list[str](), ["one"])
    ],
}
"""What happens, and the models before, between and after."""


def is_followed(steps: Steps) -> bool:
    """Whether the rows are right after each step."""
    snapshots = [a_snapshot(*objects) for objects in steps]
    compilation = Compilation(snapshots[0], SETTINGS)
    for old, new in pairwise(snapshots):
        compilation.advance(new, touched_between(old, new))
        if compilation.rows != compile_model(new, SETTINGS):
            return False
    return True


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_reaches_every_row_that_depends_on_it(change: str) -> None:
    assert is_followed(CHANGES[change])


def _name(edge: Edge) -> str:
    return f"{edge.read}-{edge.recipe.__name__}"


@pytest.mark.parametrize("edge", EDGES, ids=_name)
def test_without_the_edge_a_row_is_left_behind(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "EDGES", [other for other in EDGES if other is not edge])

    followed = {change for change, steps in CHANGES.items() if _survives(steps)}

    assert followed < CHANGES.keys()


def _survives(steps: Steps) -> bool:
    try:
        return is_followed(steps)
    except ValueError:
        return False
