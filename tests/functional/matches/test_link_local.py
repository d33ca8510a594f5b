"""A link-local address is known as its port's, on its own link, and no router carries it to another."""

from collections.abc import Callable

import pytest
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
    an_id,
)

from weft.api.tracing import entry, microflow
from weft.compiler.addresses import link_local
from weft.compiler.routers import router_mac
from weft.model.ids import RouterId
from weft.model.network import Default
from weft.model.policy import Action, Direction, Protocol
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.verifier.packet import Header, echo, transport
from weft.verifier.station import Station
from weft.verifier.verdict import Judge, Obstacle

IN, OUT = Direction.INGRESS, Direction.EGRESS
BLUE, RED, ALONE = "fd01::/64", "fd02::/64", "fd03::/64"


def endpoint(name: str, address: str, network: str, cidr: str, role: str) -> Port:
    return a_port(name, {address: cidr}, network=network, labels={"role": role})


SERVER = endpoint("server", "fd01::10", "blue", BLUE, "server")
BAD = endpoint("bad", "fd01::11", "blue", BLUE, "bad")
GOOD = endpoint("good", "fd01::12", "blue", BLUE, "good")
FAR = endpoint("far", "fd02::10", "red", RED, "server")
VAULT, HERE = (endpoint(f"alone-{n}", f"fd03::1{n}", "alone", ALONE, "vault") for n in (0, 1))

MODEL = a_snapshot(
    a_project(),
    *(a_network("blue", ingress=Default.ALLOW, zone="dmz"), a_subnet(BLUE, network="blue")),
    *(a_network("red", ingress=Default.ALLOW), a_subnet(RED, network="red")),
    *(a_network("alone", ingress=Default.ALLOW), a_subnet(ALONE, network="alone")),
    a_router("hub", ["blue", "red"]),
    *(SERVER, BAD, GOOD, FAR, VAULT, HERE),
    *(a_group(role, f"role={role}") for role in ("server", "bad")),
    a_policy(
        "server",
        a_rule("r1", IN, Action.DROP, peer=a_peer(group="bad"), service="tcp/22"),
        a_rule("r2", IN, Action.DROP, peer=a_peer(network="blue"), service="tcp/23"),
        a_rule("r3", IN, Action.DROP, peer=a_peer(zone="dmz"), service="tcp/24"),
        a_rule("r4", OUT, Action.DROP, peer=a_peer(group="bad"), service="tcp/25"),
        target="server",
    ),
)
JUDGE = Judge(MODEL)


@pytest.fixture(scope="module")
def ovn(new_ovn: Callable[[Snapshot], Ovn]) -> Ovn:
    return new_ovn(MODEL)


def local(port: Port) -> Station:
    return Station(link_local(port.mac), port)


def given(port: Port) -> Station:
    return Station(port.fixed_ips[0].address, port)


def arrives(ovn: Ovn, here: Station, there: Station, header: Header) -> bool:
    """What OVN says, after it has been heard that the verifier says the same."""
    assert here.port is not None
    assert there.port is not None
    packet = microflow(MODEL, here, there, header)
    said = ovn.trace(entry(here.port), packet, "--minimal", "--ct=new", "--ct=new")
    found = f'output("{there.port.id}")' in said
    assert found == JUDGE.verdict(here, there, header).passes, said
    return found


def tcp(port: int) -> Header:
    return transport(6, Protocol.TCP, port)


@pytest.mark.parametrize("far", [local, given], ids=["to its own", "to the one given"])
@pytest.mark.parametrize(
    ("port", "passes"),
    [
        pytest.param(22, False, id="dropped by group"),
        pytest.param(23, False, id="dropped by network"),
        pytest.param(24, False, id="dropped by zone"),
        pytest.param(80, True, id="not dropped"),
    ],
)
def test_a_rule_that_drops_by_name_drops_what_comes_from_a_link_local_address(
    ovn: Ovn, port: int, far: Callable[[Port], Station], *, passes: bool
) -> None:
    assert arrives(ovn, local(BAD), far(SERVER), tcp(port)) is passes


def test_who_is_not_in_the_group_is_not_meant(ovn: Ovn) -> None:
    assert arrives(ovn, local(GOOD), local(SERVER), tcp(22))


def test_a_rule_that_drops_by_name_drops_what_goes_to_a_link_local_address(ovn: Ovn) -> None:
    assert not arrives(ovn, local(SERVER), local(BAD), tcp(25))
    assert not arrives(ovn, given(SERVER), local(BAD), tcp(25))
    assert arrives(ovn, given(SERVER), local(GOOD), tcp(25))


@pytest.mark.parametrize(
    ("here", "there"),
    [
        pytest.param(local(GOOD), given(FAR), id="from one"),
        pytest.param(given(GOOD), local(FAR), id="to one"),
        pytest.param(local(GOOD), local(FAR), id="both"),
    ],
)
def test_no_router_carries_a_link_local_address_to_another_network(
    ovn: Ovn, here: Station, there: Station
) -> None:
    assert JUDGE.verdict(here, there, tcp(80)).obstacle is Obstacle.NO_ROUTE
    assert not arrives(ovn, here, there, tcp(80))
    assert arrives(ovn, given(GOOD), given(FAR), tcp(80)), "the way itself is open"


def test_a_network_without_a_router_knows_its_own(ovn: Ovn) -> None:
    assert arrives(ovn, local(HERE), local(VAULT), echo(6))


def test_the_router_itself_answers_at_its_link_local_address(ovn: Ovn) -> None:
    router = router_mac(RouterId(an_id("router", "hub")), GOOD.network_id)
    asked = (
        f'inport == "{GOOD.id}" && eth.src == {GOOD.mac} && eth.dst == {router} && ip.ttl == 64 && '
        f"ip6.src == {link_local(GOOD.mac)} && ip6.dst == {link_local(router)} && icmp6.type == 128"
    )
    assert f'output("{GOOD.id}")' in ovn.trace(entry(GOOD), asked, "--minimal")
