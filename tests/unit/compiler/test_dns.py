"""What ports are called: the label that a name becomes, who has it, and who answers."""

import pytest
from tests.support.builders import (
    Anything,
    a_network,
    a_port,
    a_project,
    a_router,
    a_snapshot,
    a_subnet,
)

from weft.compiler import CompilerSettings, compile_model
from weft.compiler.dns import NetworkNames, label
from weft.ovn.rows import DhcpOptions, Dns, LogicalSwitch, LogicalSwitchPort, Rows

V4, V6 = "10.0.0.0/24", "fd00::/64"
NET: list[Anything] = [a_project(), a_network(), a_subnet(V4), a_subnet(V6)]
ROUTER = a_router("r", ["net"])


def compiled(*objects: Anything) -> Rows:
    return compile_model(a_snapshot(*objects), CompilerSettings())


def records(rows: Rows) -> dict[str, str]:
    return {
        name: value for row in rows.values() if isinstance(row, Dns) for name, value in row.records.items()
    }


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("web-1", "web-1"),
        ("shop_web_1", "shop-web-1"),
        ("Win 2022.example.org", "win-2022-example-org"),
        ("a--b", "a-b"),
        ("_._", "x"),
        ("x" * 80, "x" * 63),
        ("\u00fcber", "ber"),
    ],
)
def test_a_name_becomes_a_label_of_dns(name: str, known: str) -> None:
    assert label(name) == known


def test_a_port_is_known_forward_and_reverse_in_both_versions() -> None:
    found = records(compiled(*NET, ROUTER, a_port("web-1", {"10.0.0.5": V4, "fd00::5": V6})))

    assert found == {
        "web-1": "10.0.0.5 fd00::5",
        "web-1.net.default.internal": "10.0.0.5 fd00::5",
        "5.0.0.10.in-addr.arpa": "web-1.net.default.internal",
        "5." + "0." * 29 + "d.f.ip6.arpa": "web-1.net.default.internal",
    }


def test_a_port_of_ip_version_4_alone_is_known_to_who_asks_for_version_6() -> None:
    found = records(compiled(*NET, ROUTER, a_port("old", {"10.0.0.6": V4})))

    assert found["old.net.default.internal"] == "10.0.0.6 ::ffff:10.0.0.6"


def test_of_two_ports_with_one_label_the_one_that_is_called_so_has_it() -> None:
    mine, other = a_port("web-1", {"10.0.0.5": V4}), a_port("web_1", {"10.0.0.6": V4})
    apart = f"web-1--{other.id.hex[:12]}"

    both = records(compiled(*NET, ROUTER, other, mine))
    alone = records(compiled(*NET, ROUTER, other))

    assert both["web-1"].startswith("10.0.0.5")
    assert both[apart].startswith("10.0.0.6")
    assert both["6.0.0.10.in-addr.arpa"] == f"{apart}.net.default.internal"
    assert alone["web-1"].startswith("10.0.0.6")


def test_who_answers_knows_the_networks_of_its_router_and_no_workload_is_there() -> None:
    far: list[Anything] = [a_network("far"), a_subnet("10.9.0.0/24", network="far"), a_network("lone")]
    rows = compiled(*NET, *far, a_port("web-1", {"10.0.0.5": V4}), a_router("r", ["net", "far"]))

    (answering,) = [r for r in rows.values() if isinstance(r, LogicalSwitch) and r.dns_records]
    assert answering.dns_records == {row.key for row in rows.values() if isinstance(row, Dns)}
    assert len(answering.dns_records) == 2, "lone has no router, so nobody can ask"
    there = [
        row for row in rows.values() if isinstance(row, LogicalSwitchPort) and row.key in answering.ports
    ]
    assert sorted(row.type for row in there) == ["localport", "router"]


def test_dhcp_tells_whom_to_ask_where_a_router_leads_there() -> None:
    def told(*objects: Anything) -> list[tuple[str | None, ...]]:
        found = [row.options for row in compiled(*objects).values() if isinstance(row, DhcpOptions)]
        names = ("dns_server", "domain_name", "domain_search")
        return sorted((tuple(map(one.get, names)) for one in found), key=str)

    zone = '"net.default.internal"'
    assert told(*NET) == [(None, None, None)] * 2
    assert told(*NET, ROUTER) == [
        ("{169.254.53.53}", zone, None),
        ("{fd77:6566:7453::35}", None, zone),
    ]
    declared: list[Anything] = [a_project(), a_network(), a_subnet(V4, dns=["192.0.2.53"]), ROUTER]
    assert told(*declared) == [("{192.0.2.53}", zone, None)]


def test_a_change_of_a_port_leaves_the_records_of_others_alone() -> None:
    ports = [a_port(f"p{n}", {f"10.0.0.{n + 10}": V4}) for n in range(3)]
    known = NetworkNames.of("z", ports)

    assert known.after([ports[0]], [ports[0]]) is known
    assert known.after([ports[0]], []).records == NetworkNames.of("z", ports[1:]).records
