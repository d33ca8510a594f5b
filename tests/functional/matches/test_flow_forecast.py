"""The flows that were predicted are the flows that ovn-controller makes."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from tests.functional.matches.chassis import Chassis
from tests.functional.matches.conftest import Ovn
from tests.support.builders import (
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

from weft.compiler import CompilerSettings
from weft.compiler.domains import Domains
from weft.compiler.flows import forecast
from weft.model.ids import HostName
from weft.model.policy import Action, Direction, Policy
from weft.model.rank import arrange
from weft.model.snapshot import Snapshot

WEB, DB = "10.1.0.0/24", "10.2.0.0/24"
V6 = "fd01::/64"
PEERS = 12
IN, OUT = Direction.INGRESS, Direction.EGRESS

RULES = [
    ("one port, one service", "lone", a_rule("r0", peer=a_peer(group="peer"), service="tcp/80", count=True)),
    ("one port, services", "lone", a_rule("r1", peer=a_peer(group="peer"), service="tcp/80,443,8080")),
    ("one port, a range", "lone", a_rule("r2", peer=a_peer(group="peer"), service="tcp/8000-8080")),
    ("one port, any", "lone", a_rule("r3", action=Action.DROP, service="udp")),
    ("one port, a prefix", "lone", a_rule("r4", OUT, Action.REJECT, peer=a_peer(cidr="192.0.2.0/24"))),
    ("one port, prefixes", "lone", a_rule("r5", OUT, peer=a_peer(address_group="set"), service="udp/53")),
    ("one port, one peer", "lone", a_rule("r6", peer=a_peer(group="lone"), service="tcp/1000-1999")),
    ("two here, peers", "pair", a_rule("r7", peer=a_peer(group="peer"), service="tcp/81")),
    ("two here, peers and services", "pair", a_rule("r8", peer=a_peer(group="peer"), service="tcp/1,2,3")),
    ("two here, any", "pair", a_rule("r9", peer=a_peer(), service="icmp/8")),
    ("two on two networks", "split", a_rule("r10", peer=a_peer(zone="dmz"), service="tcp/82")),
    ("two on two networks, any", "split", a_rule("r11", OUT, Action.DROP, service="sctp/7")),
    ("everybody", None, a_rule("r12", peer=a_peer(network="db"), service="tcp/83")),
    ("from zero on", "lone", a_rule("r14", peer=a_peer(group="peer"), service="tcp/0-1023")),
    ("to the end", "lone", a_rule("r15", peer=a_peer(group="peer"), service="udp/60000-65535")),
    ("stateless", "lone", a_rule("r16", peer=a_peer(group="peer"), service="udp/7", stateful=False)),
    ("a range and others", "pair", a_rule("r17", OUT, peer=a_peer(group="peer"), service="tcp/9,20-29")),
    ("logged", "lone", a_rule("r18", action=Action.DROP, peer=a_peer(group="peer"), log=True)),
    ("nobody here", "peer", a_rule("r13", peer=a_peer(group="pair"), service="tcp/84")),
]


def policies() -> Iterator[Policy]:
    """One for each rule, so that each is told apart."""
    ranks = arrange([0] * len(RULES), a_policy("p").tier)
    for (name, target, rule), rank in zip(RULES, ranks, strict=True):
        yield a_policy(name, replace(rule, rank=rank), target=target, order=len(RULES))


def model() -> Snapshot:
    return a_snapshot(
        a_project(),
        *(a_network("web"), a_subnet(WEB, network="web"), a_subnet(V6, network="web")),
        *(a_network("db", zone="dmz"), a_subnet(DB, network="db")),
        a_router("r", ["web", "db"]),
        a_port("lone", {"10.1.0.5": WEB, "fd01::5": V6}, network="web", labels={"me": "lone"}, host="h1"),
        a_port("pair-1", {"10.1.0.6": WEB}, network="web", labels={"me": "pair"}, host="h1"),
        a_port("pair-2", {"10.1.0.7": WEB}, network="web", labels={"me": "pair"}, host="h1"),
        a_port("split-1", {"10.1.0.8": WEB}, network="web", labels={"me": "split"}, host="h1"),
        a_port("split-2", {"10.2.0.8": DB}, network="db", labels={"me": "split"}, host="h1"),
        *(
            a_port(f"peer-{n}", {f"10.2.0.{20 + n}": DB}, network="db", labels={"me": "peer"})
            for n in range(PEERS)
        ),
        *(a_group(name, f"me={name}") for name in ("lone", "pair", "split", "peer")),
        an_address_group("set", ["192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32"]),
        *policies(),
    )


@pytest.fixture(scope="module")
def chassis(
    new_ovn: Callable[[Snapshot], Ovn], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chassis]:
    ovn = new_ovn(model())
    started = Chassis(ovn, "h1", tmp_path_factory.mktemp("h1"))
    try:
        started.start()
        started.plug([str(port.id) for port in model().ports.values() if port.host is not None])
        yield started
    finally:
        started.stop()


def test_every_policy_costs_the_flows_that_were_predicted(chassis: Chassis) -> None:
    snapshot = model()
    predicted = forecast(Domains.of(snapshot, CompilerSettings()))[HostName("h1")]
    flows = chassis.flows()
    made = {p.name: flows[p.rules[0].rank] for p in snapshot.policies.values() if flows[p.rules[0].rank]}

    said = {snapshot.policies[key].name: count for key, count in predicted.items()}

    assert said == made
    assert said["one port, one service"] == 2 * PEERS
    assert "nobody here" not in said
