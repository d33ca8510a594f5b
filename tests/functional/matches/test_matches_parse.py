"""Every match that the compiler emits means to OVN's own parser what it means to us."""

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
    a_qos_policy,
    a_router,
    a_rule,
    a_snapshot,
    a_subnet,
    an_address_group,
    an_id,
)

from weft.compiler import names
from weft.compiler.routers import router_mac
from weft.model.door import door_id
from weft.model.ids import RouterId
from weft.model.network import Default
from weft.model.policy import Action, Direction, Tier
from weft.model.port import Port
from weft.model.router import gateway_mac
from weft.model.snapshot import Snapshot

V4, V6 = "10.0.0.0/24", "fd00::/64"
IN, OUT = Direction.INGRESS, Direction.EGRESS
ALLOW, DROP, REJECT = Action.ALLOW, Action.DROP, Action.REJECT


def member(number: int, role: str, *, secure: bool = True, quarantined: bool = False) -> Port:
    return a_port(
        f"{role}{number}",
        {f"10.0.0.{number}": V4, f"fd00::{number}": V6},
        labels={"app": role},
        qos="gold" if role == "web" else None,
        secure=secure,
        quarantined=quarantined,
    )


WEB, APP, DB = member(10, "web"), member(11, "app"), member(12, "db")
LOCKED, OPEN, STATELESS = member(13, "locked"), member(14, "open", secure=False), member(15, "stateless")
NEW = member(16, "new", quarantined=True)
BARE = a_port("bare")
NEAR = a_port("n1", {"10.9.0.5": "10.9.0.0/24"}, network="near")
FAR = a_port("n2", {"10.9.0.6": "10.9.0.0/24"}, network="near", secure=False)
GUARDED = a_port("guarded", {"10.9.0.7": "10.9.0.0/24"}, network="near", labels={"app": "guarded"})
ROUTED = a_port("routed-1", {"10.8.0.5": "10.8.0.0/24", "fd08::5": "fd08::/64"}, network="routed")
SHOP = a_port(
    "front",
    {"10.6.0.5": "10.6.0.0/24"},
    network="strict-front",
    published=["8080:80", "8443:443", "5353:53/udp"],
)
VISITOR = a_port("visitor", {"10.6.0.6": "10.6.0.0/24"}, network="strict-front")
DOORS = a_network("doors", physical="host")

MODEL = a_snapshot(
    a_project(),
    a_network(),
    a_subnet(V4, dns=["10.0.0.1"]),
    a_subnet(V6, dns=["fd00::1"]),
    *(WEB, APP, DB, LOCKED, OPEN, STATELESS, NEW, BARE),
    a_network("strict", ingress=Default.DROP, egress=Default.DROP),
    a_network("near", egress=Default.SAME_NETWORK),
    a_network("free", ingress=Default.ALLOW),
    a_subnet("10.9.0.0/24", network="near"),
    a_port("s1", network="strict"),
    a_network("strict-front", ingress=Default.DROP),
    a_subnet("10.6.0.0/24", network="strict-front"),
    *(SHOP, VISITOR),
    DOORS,
    a_subnet("100.64.0.0/17", network="doors"),
    a_router("way", ["strict-front"], gateway={"doors": "100.64.0.2"}),
    *(NEAR, FAR),
    a_port("f1", network="free"),
    a_network("routed", zone="dmz-1"),
    a_subnet("10.8.0.0/24", network="routed"),
    a_subnet("fd08::/64", network="routed"),
    *(GUARDED, ROUTED),
    a_router("shop", ["routed", "near"], routes={"10.77.0.0/16": "10.9.0.254"}),
    a_group("web", "app=web"),
    a_group("guarded", "app=guarded"),
    a_group("app", "app=app"),
    a_group("db", "app=db"),
    a_group("locked", "app=locked"),
    a_group("stateless", "app=stateless"),
    a_group("nobody", "app=nobody"),
    an_address_group("outside", ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "192.0.2.7/32", "2001:db8::/32"]),
    a_qos_policy("gold", egress=10_000, ingress=20_000, dscp=46),
    a_policy(
        "db",
        a_rule("db-1", IN, ALLOW, peer=a_peer(group="app"), service="tcp/5432,5433"),
        a_rule("db-1b", IN, ALLOW, peer=a_peer(group="app"), service="tcp/8000-8080"),
        a_rule("db-2", IN, ALLOW, peer=a_peer(group="nobody"), log=True),
        a_rule("db-3", IN, REJECT, peer=a_peer(group="web"), service="tcp/5432"),
        a_rule("db-4", IN, DROP, log=True),
        target="db",
    ),
    a_policy(
        "locked",
        a_rule("locked-1", IN, ALLOW, peer=a_peer(network="net"), service="icmp/8.0"),
        a_rule("locked-2", IN, ALLOW, peer=a_peer(network="net"), service="icmpv6/128"),
        a_rule("locked-3", IN, ALLOW, peer=a_peer(network="near"), service="sctp/7"),
        a_rule("locked-4", IN, ALLOW, peer=a_peer(cidr="0.0.0.0/0"), service="udp/53"),
        a_rule("locked-5", IN, ALLOW, peer=a_peer(cidr="::/0"), service="udp/53"),
        a_rule("locked-6", OUT, ALLOW, peer=a_peer(cidr="10.0.0.12/32"), service="tcp/5432"),
        a_rule("locked-7", OUT, DROP, peer=a_peer(address_group="outside"), service="icmp"),
        a_rule("locked-8", OUT, REJECT, service="tcp"),
        a_rule("locked-9", IN, DROP),
        target="locked",
        tier=Tier.ADMIN,
    ),
    a_policy(
        "guarded",
        a_rule("guarded-1", IN, ALLOW, peer=a_peer(zone="dmz-1"), service="tcp/99"),
        a_rule("guarded-2", IN, ALLOW, peer=a_peer(zone="nowhere"), service="tcp/100"),
        target="guarded",
    ),
    a_policy(
        "stateless",
        a_rule("sl-1", IN, ALLOW, peer=a_peer(group="app"), service="tcp/80", stateful=False, log=True),
        a_rule("sl-1a", IN, ALLOW, peer=a_peer(group="app"), service="tcp/90", stateful=False),
        a_rule("sl-1b", IN, ALLOW, peer=a_peer(group="app"), service="tcp/91-99", stateful=False),
        a_rule("sl-2", IN, DROP),
        a_rule("sl-3", OUT, DROP),
        target="stateless",
        tier=Tier.BASELINE,
    ),
)


@pytest.fixture(scope="module")
def ovn(new_ovn: Callable[[Snapshot], Ovn]) -> Ovn:
    return new_ovn(MODEL)


def packet(source: Port, target: Port, rest: str, version: int = 4) -> str:
    """From one port's own addresses to the other's; `rest` is the service."""
    index = 0 if version == 4 else 1
    return (
        f'inport == "{source.id}" && eth.src == {source.mac} && eth.dst == {target.mac} && '
        f"ip{version}.src == {source.fixed_ips[index].address} && "
        f"ip{version}.dst == {target.fixed_ips[index].address} && ip.ttl == 64 && {rest}"
    )


def reaches(ovn: Ovn, source: Port, target: Port, rest: str, version: int = 4) -> bool:
    said = ovn.trace(names.switch_name(source.network_id), packet(source, target, rest, version), "--minimal")
    return f'output("{target.id}")' in said


TCP, UDP = "tcp.src == 40000 && tcp.dst == {}", "udp.src == 40000 && udp.dst == {}"


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(
    ("source", "target", "rest", "expected"),
    [
        pytest.param(APP, WEB, TCP.format(80), True, id="same network by default"),
        pytest.param(APP, DB, TCP.format(5432), True, id="group peer, one port"),
        pytest.param(APP, DB, TCP.format(5433), True, id="group peer, one port of a set"),
        pytest.param(APP, DB, TCP.format(8040), True, id="group peer, inside of a range"),
        pytest.param(APP, DB, TCP.format(8081), False, id="group peer, beyond the range"),
        pytest.param(WEB, DB, TCP.format(5432), False, id="rejected peer"),
        pytest.param(OPEN, DB, UDP.format(1), False, id="dropped by a rule"),
        pytest.param(WEB, LOCKED, UDP.format(53), True, id="any prefix"),
        pytest.param(WEB, LOCKED, TCP.format(53), False, id="another protocol"),
        pytest.param(LOCKED, WEB, TCP.format(80), False, id="egress reject"),
        pytest.param(LOCKED, WEB, UDP.format(80), True, id="egress default"),
        pytest.param(APP, STATELESS, TCP.format(80), True, id="stateless there"),
        pytest.param(APP, STATELESS, TCP.format(81), False, id="stateless, another port"),
        pytest.param(STATELESS, APP, "tcp.src == 80 && tcp.dst == 40000", True, id="stateless back"),
        pytest.param(STATELESS, APP, "tcp.src == 95 && tcp.dst == 40000", True, id="two stateless back"),
        pytest.param(STATELESS, APP, TCP.format(80), False, id="stateless, no new connections back"),
        pytest.param(STATELESS, WEB, "tcp.src == 80 && tcp.dst == 40000", False, id="stateless, not to all"),
        pytest.param(NEW, WEB, TCP.format(80), False, id="out of quarantine"),
        pytest.param(WEB, NEW, TCP.format(80), False, id="into quarantine"),
    ],
)
def test_a_packet_reaches_whom_policy_lets_it(
    ovn: Ovn, source: Port, target: Port, rest: str, version: int, *, expected: bool
) -> None:
    assert reaches(ovn, source, target, rest, version) is expected


def test_a_network_peer_is_matched_by_icmp_type(ovn: Ovn) -> None:
    assert reaches(ovn, WEB, LOCKED, "icmp4.type == 8 && icmp4.code == 0")
    assert not reaches(ovn, WEB, LOCKED, "icmp4.type == 13 && icmp4.code == 0")
    assert reaches(ovn, WEB, LOCKED, "icmp6.type == 128 && icmp6.code == 0", 6)


def test_a_zone_peer_is_the_ports_of_its_networks_behind_the_router(ovn: Ovn) -> None:
    router = router_mac(RouterId(an_id("router", "shop")), ROUTED.network_id)
    from_zone = (
        f'inport == "{ROUTED.id}" && eth.src == {ROUTED.mac} && eth.dst == {router} && '
        f"ip4.src == 10.8.0.5 && ip4.dst == 10.9.0.7 && ip.ttl == 64 && tcp.src == 40000 && tcp.dst == {{}}"
    )
    switch = names.switch_name(ROUTED.network_id)
    there = f'output("{GUARDED.id}")'
    assert there in ovn.trace(switch, from_zone.format(99), "--minimal", "--ct=new", "--ct=new")
    assert there not in ovn.trace(switch, from_zone.format(100), "--minimal", "--ct=new", "--ct=new")


def test_a_prefix_peer_is_one_address(ovn: Ovn) -> None:
    assert not reaches(ovn, LOCKED, DB, TCP.format(5432)), "the database's own rules drop it"
    egress = ovn.trace(names.switch_name(DB.network_id), packet(LOCKED, DB, TCP.format(5432)))
    assert "egress" in egress
    assert not reaches(ovn, LOCKED, WEB, "icmp4.type == 8 && icmp4.code == 0"), "the address group covers it"


def test_egress_to_the_same_network_goes_nowhere_else(ovn: Ovn) -> None:
    port = NEAR
    away = (
        f'inport == "{port.id}" && eth.src == {port.mac} && eth.dst == {FAR.mac} && '
        "ip4.src == 10.9.0.5 && ip4.dst == {} && ip.ttl == 64 && udp.src == 1 && udp.dst == 2"
    )
    switch = names.switch_name(port.network_id)
    assert f'output("{FAR.id}")' in ovn.trace(switch, away.format("10.9.0.6"), "--minimal")
    assert "output" not in ovn.trace(switch, away.format("192.0.2.1"), "--minimal")


def test_what_is_published_is_let_in_and_nothing_else_is(ovn: Ovn) -> None:
    assert reaches(ovn, VISITOR, SHOP, TCP.format(80))
    assert reaches(ovn, VISITOR, SHOP, TCP.format(443))
    assert reaches(ovn, VISITOR, SHOP, UDP.format(53))
    assert not reaches(ovn, VISITOR, SHOP, TCP.format(8080)), "the host's port is no port of the workload"
    assert not reaches(ovn, VISITOR, SHOP, UDP.format(80))


def test_what_leaves_by_the_hosts_goes_to_the_door_as_it_is(ovn: Ovn) -> None:
    router = MODEL.router_of[VISITOR.network_id]
    out = (
        f'inport == "{VISITOR.id}" && eth.src == {VISITOR.mac} && '
        f"eth.dst == {router_mac(router.id, VISITOR.network_id)} && "
        "ip4.src == 10.6.0.6 && ip4.dst == 192.0.2.1 && ip.ttl == 64 && udp.src == 1 && udp.dst == 2"
    )
    said = ovn.trace(names.switch_name(VISITOR.network_id), out, "--minimal")
    assert f'output("{door_id(DOORS.id)}")' in said
    assert f"eth.src = {gateway_mac(router.id, DOORS.id)}" in said
    assert "nat" not in said


def test_a_reject_answers_the_sender(ovn: Ovn) -> None:
    said = ovn.trace(names.switch_name(DB.network_id), packet(WEB, DB, TCP.format(5432)))
    assert "reject" in said or "tcp_reset" in said


def test_a_raw_frame_stops_at_the_floor(ovn: Ovn) -> None:
    frame = f'inport == "{APP.id}" && eth.src == {APP.mac} && eth.dst == {WEB.mac} && eth.type == 0x88b5'
    assert "output" not in ovn.trace(names.switch_name(APP.network_id), frame, "--minimal")


def test_spoofed_addresses_go_nowhere(ovn: Ovn) -> None:
    forged = packet(APP, WEB, TCP.format(80)).replace("10.0.0.11", "10.0.0.12")
    assert "output" not in ovn.trace(names.switch_name(APP.network_id), forged, "--minimal")


def test_a_port_without_addresses_cannot_borrow_one(ovn: Ovn) -> None:
    for ip, address, target in (("ip4", "10.0.0.11", "10.0.0.10"), ("ip6", "fd00::11", "fd00::10")):
        forged = (
            f'inport == "{BARE.id}" && eth.src == {BARE.mac} && eth.dst == {WEB.mac} && '
            f"{ip}.src == {address} && {ip}.dst == {target}"
        )
        assert "output" not in ovn.trace(names.switch_name(BARE.network_id), forged, "--minimal")


@pytest.mark.parametrize("port", [WEB, LOCKED, NEW], ids=lambda port: port.name)
def test_dhcp_always_answers(ovn: Ovn, port: Port) -> None:
    asked = (
        f'inport == "{port.id}" && eth.src == {port.mac} && eth.dst == ff:ff:ff:ff:ff:ff && '
        "ip4.src == 0.0.0.0 && ip4.dst == 255.255.255.255 && udp.src == 68 && udp.dst == 67 && ip.ttl == 64"
    )
    said = ovn.trace(names.switch_name(port.network_id), asked)
    assert "put_dhcp_opts(" in said
    assert f"offerip = {port.fixed_ips[0].address}" in said
    assert "netmask = 255.255.255.0" in said
    assert "router =" not in said
    assert f'output to "{port.id}"' in said


@pytest.mark.parametrize("port", [WEB, LOCKED, NEW], ids=lambda port: port.name)
def test_dhcpv6_always_answers(ovn: Ovn, port: Port) -> None:
    asked = (
        f'inport == "{port.id}" && eth.src == {port.mac} && eth.dst == 33:33:00:01:00:02 && '
        f"ip6.src == {link_local(port.mac)} && ip6.dst == ff02::1:2 && "
        "udp.src == 546 && udp.dst == 547 && ip.ttl == 64"
    )
    said = ovn.trace(names.switch_name(port.network_id), asked)
    assert f"ia_addr = {port.fixed_ips[1].address}" in said
    assert f'output to "{port.id}"' in said


def link_local(mac: str) -> str:
    """The EUI-64 address of `mac` (RFC 4291, appendix A)."""
    o = bytes.fromhex(mac.replace(":", ""))
    word = (o[0] ^ 2, o[1], o[2], 0xFF, 0xFE, *o[3:])
    return "fe80::" + ":".join(f"{word[i]:02x}{word[i + 1]:02x}" for i in range(0, 8, 2))


def test_an_impostor_of_the_dhcp_server_is_subject_to_policy(ovn: Ovn) -> None:
    assert not reaches(ovn, APP, LOCKED, "udp.src == 67 && udp.dst == 68")


@pytest.mark.parametrize("target", [WEB, LOCKED], ids=lambda port: port.name)
def test_neighbours_are_found(ovn: Ovn, target: Port) -> None:
    asked = (
        f'inport == "{APP.id}" && eth.src == {APP.mac} && eth.dst == {target.mac} && '
        f"arp.op == 2 && arp.sha == {APP.mac} && arp.spa == 10.0.0.11 && arp.tha == {target.mac} && "
        f"arp.tpa == {target.fixed_ips[0].address}"
    )
    said = ovn.trace(names.switch_name(APP.network_id), asked, "--minimal")
    assert f'output("{target.id}")' in said
    advert = (
        f'inport == "{APP.id}" && eth.src == {APP.mac} && eth.dst == {target.mac} && ip6.src == fd00::11 && '
        f"ip6.dst == {target.fixed_ips[1].address} && ip.ttl == 255 && "
        f"icmp6.type == 136 && icmp6.code == 0 && nd.target == fd00::11 && nd.tll == {APP.mac}"
    )
    said = ovn.trace(names.switch_name(APP.network_id), advert, "--minimal")
    assert f'output("{target.id}")' in said


def test_what_a_limited_port_sends_is_marked(ovn: Ovn) -> None:
    said = ovn.trace(names.switch_name(WEB.network_id), packet(WEB, APP, TCP.format(80)))
    assert "ip.dscp = 46" in said
    assert "set_meter(10000, 1000)" in said
