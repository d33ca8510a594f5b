"""Zones through the API: declared by being named, named by rules and invariants, told by descriptions."""

import pytest
from tests.functional.api.rest import Rest


@pytest.fixture
def shop(rest: Rest) -> Rest:
    """Two networks on one router, the first in zone dmz, with a port each; the zone may reach the other."""
    for name, cidr, zone in (("edge", "10.1.0.0/24", "dmz"), ("db", "10.2.0.0/24", None)):
        rest.made("/networks", {"name": name, "subnets": [{"cidr": cidr}], "zone": zone})
        rest.made("/ports", {"name": f"{name}-1", "network": name})
    rest.made("/routers", {"name": "shop", "networks": ["edge", "db"]})
    rule = {
        "direction": "ingress",
        "action": "allow",
        "peer": {"zone": "dmz"},
        "service": {"protocol": "tcp", "ports": ["5432"]},
    }
    rest.made("/policies", {"name": "p", "rules": [rule]})
    return rest


def passes(rest: Rest) -> tuple[bool, str]:
    ends = {"source": {"port": "edge-1"}, "destination": {"port": "db-1"}}
    told = rest.post("/explain", {**ends, "traffic": {"protocol": "tcp", "port": 5432}}).json()
    return told["passes"], told["verdicts"][0]["ingress"]["line"]["text"]


def test_a_zone_is_shown_changed_and_cleared(shop: Rest) -> None:
    assert shop.get("/networks/edge").json()["zone"] == "dmz"
    assert shop.get("/networks/db").json()["zone"] is None
    assert shop.get("/policies/p").json()["rules"][0]["peer"]["zone"] == "dmz"

    assert shop.patch("/networks/edge", {"zone": None}).json()["zone"] is None


def test_a_network_that_leaves_its_zone_is_not_let_in_any_more(shop: Rest) -> None:
    before = passes(shop)

    shop.patch("/networks/edge", {"zone": "lan"})

    assert before[0]
    assert "from zone dmz" in before[1]
    assert not passes(shop)[0]


@pytest.mark.parametrize("zone", ["", "-a", "a.b", "a b", "x" * 64])
def test_what_is_no_zone_is_refused_where_it_is_named(shop: Rest, zone: str) -> None:
    revision = shop.store.revision
    rule = {"direction": "ingress", "action": "allow", "peer": {"zone": zone}}

    network = shop.patch("/networks/db", {"zone": zone})
    policy = shop.post("/policies", {"name": "q", "rules": [rule]})

    assert (network.status_code, policy.status_code) == (422, 422)
    assert "zone" in network.text
    assert "rules.0.peer.zone" in policy.text
    assert shop.store.revision == revision


def test_a_rule_has_a_zone_or_another_peer(shop: Rest) -> None:
    rule = {"direction": "ingress", "action": "allow", "peer": {"zone": "dmz", "network": "db"}}

    answer = shop.post("/policies", {"name": "q", "rules": [rule]})

    assert answer.status_code == 422
    assert "one peer" in answer.json()["detail"]


def test_an_invariant_about_zones_is_broken_by_what_joins_one(shop: Rest) -> None:
    ends = {"source": {"zone": "dmz"}, "destination": {"zone": "vault"}}
    shop.made("/invariants", {"name": "i", "promise": "never", **ends})

    answer = shop.patch("/networks/db", {"zone": "vault"})

    assert answer.status_code == 409
    assert "tcp/5432" in answer.text


def test_an_export_tells_zones_and_plans_to_nothing(shop: Rest) -> None:
    shop.made("/invariants", {"name": "i", "promise": "always", "source": {"zone": "none-yet"}})
    text = shop.get("/description", params={"project": "default"}).json()["text"]

    assert "zone: dmz" in text
    answer = shop.post("/plan", {"text": text})
    assert answer.json()["objects"] == []


def test_lint_says_of_a_zone_that_nobody_has_that_its_rule_never_matches(shop: Rest) -> None:
    shop.patch("/networks/edge", {"zone": None})

    found = shop.get("/lint").json()

    assert any(each["problem"] == "never-matching" for each in found["items"]), found


SHUT = {"direction": "ingress", "action": "drop", "service": {"protocol": "tcp", "ports": ["5432"]}}


def for_(rest: Rest, **target: str) -> Rest:
    """A policy for it, before all others, that shuts tcp/5432."""
    rest.made("/policies", {"name": "shut", "order": 1, "rules": [SHUT], **target})
    return rest


@pytest.mark.parametrize("target", [{}, {"target_network": "db"}, {"target_zone": "vault"}])
def test_a_policy_decides_for_what_is_on_its_network_or_in_its_zone(
    shop: Rest, target: dict[str, str]
) -> None:
    shop.patch("/networks/db", {"zone": "vault"})

    for_(shop, **target)

    assert not passes(shop)[0]
    assert '"policy":"shut"' in shop.get("/ports/db-1/rules").text


@pytest.mark.parametrize(
    "target", [{"target_network": "edge"}, {"target_zone": "dmz"}, {"target_zone": "nobody-has-it"}]
)
def test_a_policy_decides_nothing_elsewhere(shop: Rest, target: dict[str, str]) -> None:
    for_(shop, **target)

    assert passes(shop)[0]
    assert '"policy":"shut"' not in shop.get("/ports/db-1/rules").text


def test_a_zone_of_another_project_is_another_zone(shop: Rest) -> None:
    rule = {**SHUT, "service": {}}
    network = {"name": "n", "subnets": [{"cidr": "10.9.0.0/24"}], "zone": "dmz", "project": "other"}
    shop.made("/networks", network)
    for name in ("a", "b"):
        shop.made("/ports", {"name": name, "network": "n", "project": "other"})

    shop.made("/policies", {"name": "shut", "target_zone": "dmz", "rules": [rule]})

    ends = {"source": {"port": "a"}, "destination": {"port": "b"}, "project": "other"}
    assert shop.post("/explain", {**ends, "traffic": {"protocol": "tcp", "port": 80}}).json()["passes"]


def test_a_target_replaces_the_one_before(shop: Rest) -> None:
    for_(shop, target_network="db")

    zoned = shop.patch("/policies/shut", {"target_zone": "dmz"}).json()
    everyone = shop.patch("/policies/shut", {"target": None}).json()

    assert (zoned["target"], zoned["target_network"], zoned["target_zone"]) == (None, None, "dmz")
    assert (everyone["target"], everyone["target_network"], everyone["target_zone"]) == (None, None, None)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"target_zone": "a b"}, 422, "target_zone"),
        ({"target_zone": "dmz", "target_network": "db"}, 422, "target"),
        ({"target_network": "no-such"}, 404, "target_network"),
    ],
)
def test_what_is_no_target_is_refused_where_it_is_named(
    shop: Rest, body: dict[str, str], status: int, field: str
) -> None:
    before = shop.store.revision

    answer = shop.post("/policies", {"name": "q", **body})

    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert shop.store.revision == before


def test_a_network_that_a_policy_is_for_stays_until_the_policy_lets_go(shop: Rest) -> None:
    shop.made("/networks", {"name": "lone"})
    for_(shop, target_network="lone")

    kept = shop.delete("/networks/lone")
    shop.patch("/policies/shut", {"target": None})

    assert (kept.status_code, kept.json()["code"]) == (409, "still_in_use")
    assert "policy shut" in kept.json()["detail"]
    assert shop.delete("/networks/lone").status_code == 204


@pytest.mark.parametrize(
    ("target", "said"),
    [({"target_zone": "dmz"}, "target_zone: dmz"), ({"target_network": "db"}, "target_network: db")],
)
def test_an_export_tells_the_target_and_plans_to_nothing(
    shop: Rest, target: dict[str, str], said: str
) -> None:
    for_(shop, **target)

    text = shop.get("/description", params={"project": "default"}).json()["text"]

    assert said in text
    assert shop.post("/plan", {"text": text}).json()["objects"] == []


def test_a_plan_tells_what_a_zone_as_target_closes(shop: Rest) -> None:
    text = """
projects:
  - name: default
    policies:
      - name: shut
        order: 1
        target_zone: vault
        rules: [{direction: ingress, action: drop, service: {protocol: tcp, ports: [5432]}}]
"""
    shop.patch("/networks/db", {"zone": "vault"})

    sentences = shop.post("/plan", {"text": text}).json()["reachability"]["sentences"]

    assert sentences == ["closes tcp/5432 from 1 port of network edge to 1 port of network db"]
