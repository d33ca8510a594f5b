"""Attach rules through the API, and the part of them that a host asks."""

import pytest
from tests.functional.api.rest import Rest

from weft.store.tokens import Role

RULE = {"name": "web", "selector": "app=web", "network": "blue"}


@pytest.fixture(autouse=True)
def _networks(rest: Rest) -> None:
    for number, name in enumerate(("blue", "red")):
        rest.made("/networks", {"name": name, "subnets": [{"cidr": f"10.{number}.0.0/24"}]})


def test_a_rule_is_made_read_changed_and_removed(rest: Rest) -> None:
    made = rest.made("/attach-rules", RULE)
    assert (made["network"], made["selector"], made["order"]) == ("blue", "app=web", 100)

    changed = rest.patch("/attach-rules/web", {"network": "red", "order": 7}).json()
    assert (changed["network"], changed["order"]) == ("red", 7)
    assert rest.get("/attach-rules").json()["items"] == [changed]

    assert rest.delete("/attach-rules/web").status_code == 204
    assert rest.get("/attach-rules/web").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"selector": "app="}, "selector"),
        ({"network": "none such"}, "network"),
        ({"order": -1}, "order"),
        ({"name": "taken"}, "name"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_field_and_changes_nothing(
    rest: Rest, wrong: dict[str, object], field: str
) -> None:
    rest.made("/attach-rules", {**RULE, "name": "taken"})
    before = rest.store.revision

    answer = rest.post("/attach-rules", {**RULE, **wrong})

    assert 400 <= answer.status_code < 500
    assert answer.json()["field"] == field
    assert rest.store.revision == before


def test_a_rule_leads_to_a_network_of_its_own_project_only(rest: Rest) -> None:
    rest.made("/projects", {"name": "shop"})

    answer = rest.post("/attach-rules", {**RULE, "project": "shop"})

    assert (answer.status_code, answer.json()["field"]) == (404, "network")


def test_a_network_that_a_rule_leads_to_is_not_removed(rest: Rest) -> None:
    rest.made("/attach-rules", RULE)

    answer = rest.delete("/networks/blue")

    assert answer.status_code == 409
    assert "attach rule web" in answer.json()["detail"]


def test_a_host_asks_the_rules_of_the_projects_it_serves_in_their_order(rest: Rest) -> None:
    rest.made("/projects", {"name": "secret"})
    rest.made("/networks", {"name": "vault", "project": "secret", "subnets": [{"cidr": "10.9.0.0/24"}]})
    rest.made("/attach-rules", {**RULE, "name": "last", "order": 900})
    rest.made("/attach-rules", {**RULE, "name": "b"})
    rest.made("/attach-rules", {**RULE, "name": "a"})
    rest.made("/attach-rules", {**RULE, "name": "hidden", "network": "vault", "project": "secret"})
    h1 = rest.with_token(Role.HOST, host="h1")

    told = h1.get("/hosts/h1/attach-rules").json()["items"]

    assert [rule["name"] for rule in told] == ["a", "b", "last"]
    assert h1.get("/hosts/h2/attach-rules").status_code == 403
    assert h1.get("/attach-rules").status_code == 403


def test_a_rule_survives_a_restart_of_the_server(rest: Rest) -> None:
    made = rest.made("/attach-rules", RULE)
    snapshot = rest.store.snapshot()

    rest.store._load()

    assert rest.store.snapshot() == snapshot
    assert rest.get("/attach-rules/web").json() == made
