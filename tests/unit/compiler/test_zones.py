"""A zone is a peer like a group: one port group in each routing domain, and nobody where it has no ports."""

from tests.support.builders import (
    Anything,
    a_group,
    a_network,
    a_peer,
    a_policy,
    a_port,
    a_router,
    a_rule,
    a_snapshot,
    a_subnet,
)
from tests.support.changes import touched_between

from weft.compiler import Compilation, CompilerSettings, compile_model
from weft.compiler.names import zone_in
from weft.ovn.plan import RowChange, diff
from weft.ovn.rows import Acl, PortGroup, Rows

SETTINGS = CompilerSettings()
WEB, DB, ISLAND = "10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24"


def estate(*more: Anything, zone: str | None = "dmz") -> list[Anything]:
    """A router joins `web`, which has the zone, and `db`; `island` has the zone too, and no router."""
    return [
        *(a_network("web", zone=zone), a_subnet(WEB, network="web")),
        *(a_network("db"), a_subnet(DB, network="db")),
        *(a_network("island", zone=zone), a_subnet(ISLAND, network="island")),
        a_router("r", ["web", "db"]),
        a_port("db-1", {"10.2.0.5": DB}, network="db", labels={"app": "db"}),
        a_port("stranger", {"10.3.0.5": ISLAND}, network="island"),
        a_group("db", "app=db"),
        a_policy("p", a_rule("from-dmz", peer=a_peer(zone="dmz"), service="tcp/80"), target="db"),
        *more,
    ]


ONE = a_port("web-1", {"10.1.0.5": WEB}, network="web")
TWO = a_port("web-2", {"10.1.0.6": WEB}, network="web")


def zones(rows: Rows) -> list[int]:
    return sorted(len(r.ports) for r in rows.values() if isinstance(r, PortGroup) and "_zone_" in r.name)


def test_a_rule_names_the_zone_of_its_own_domain_and_no_stranger() -> None:
    rows = compile_model(a_snapshot(*estate(ONE)), SETTINGS)

    (match,) = [m for m in (r.match for r in rows.values() if isinstance(r, Acl)) if "_zone_" in m]
    assert zones(rows) == [1, 1], "of the router's domain and of the island's"
    named = match.rpartition("$")[2].partition("_ip4")[0]
    members = next(r.ports for r in rows.values() if isinstance(r, PortGroup) and r.name == named)
    assert members == {f"port:{ONE.id}"}


def test_a_zone_without_ports_in_the_domain_is_no_match_at_all() -> None:
    rows = compile_model(a_snapshot(*estate()), SETTINGS)

    assert not [row for row in rows.values() if isinstance(row, Acl) and "_zone_" in row.match]


def test_a_zone_that_no_network_has_is_nobody() -> None:
    rows = compile_model(a_snapshot(*estate(ONE, zone=None)), SETTINGS)

    assert zones(rows) == []
    assert not [row for row in rows.values() if isinstance(row, Acl) and "_zone_" in row.match]


def test_a_port_that_joins_costs_one_element_of_the_zone() -> None:
    old, new = a_snapshot(*estate(ONE)), a_snapshot(*estate(ONE, TWO))
    compilation = Compilation(old, SETTINGS)
    before = dict(compilation.rows)

    keys = compilation.advance(new, touched_between(old, new))

    plan = diff(compilation.rows, before, keys)
    assert {row.table for row in plan.insert} == {"Logical_Switch_Port"}
    assert not plan.delete
    (change,) = [c for c in plan.update if "_zone_" in c.row.key]
    assert _joined(change) == {f"port:{TWO.id}"}
    assert not [c for c in plan.update if isinstance(c.row, Acl)]


def _joined(change: RowChange) -> frozenset[str]:
    assert not change.columns
    assert change.sets["ports"].remove == frozenset()
    return change.sets["ports"].add


def test_zones_that_differ_in_a_dash_have_different_names() -> None:
    domain = a_network().id
    named = {zone_in(zone, domain) for zone in ("a-b", "a_b", "ab")}
    assert len(named) == 3
