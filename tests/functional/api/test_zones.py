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
