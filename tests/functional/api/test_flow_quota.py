"""What policies cost on hosts is shown before it is paid, and refused beyond a quota."""

import pytest
from tests.functional.api.conftest import now
from tests.functional.api.rest import Rest

from weft.api.app import create_app
from weft.store import Store, tokens
from weft.store.tokens import Role

MEMBERS = 10


@pytest.fixture
def estate(rest: Rest, store: Store) -> Rest:
    """A workload on host h1, ten declared ports in group many; policies may cost a host 50 flows."""
    rest.made("/networks", {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]})
    for number in range(MEMBERS):
        rest.made("/ports", {"name": f"m{number}", "network": "net", "labels": {"app": "many"}})
    workload = {"runtime": "docker", "id": "web", "name": "web"}
    agent = rest.with_token(Role.HOST, host="h1")
    here = agent.post("/hosts/h1/attach", {"network": "net", "workload": workload, "labels": {"app": "web"}})
    assert here.status_code == 200, here.text
    for name in ("web", "many"):
        rest.made("/groups", {"name": name, "selector": f"app={name}"})
    app = create_app(
        store=store, caller_of=lambda token: tokens.find(store, token, now()), policy_flows_per_host=50
    )
    return Rest(app, store, rest.runner, rest.token)


def rule(*ports: str) -> dict[str, object]:
    service = {"protocol": "tcp", "ports": ports}
    return {"direction": "ingress", "action": "allow", "peer": {"group": "many"}, "service": service}


def flows(rest: Rest, host: str = "h1") -> int:
    return int(rest.get(f"/hosts/{host}").json()["policy_flows"])


def test_a_host_shows_what_its_policies_cost(estate: Rest) -> None:
    assert flows(estate) == 0

    estate.made("/policies", {"name": "p", "target": "web", "rules": [rule("80")]})

    assert flows(estate) == 2 * MEMBERS
    assert flows(estate, "h2") == 0


def test_a_policy_that_costs_too_much_is_refused_with_setting_number_and_name(estate: Rest) -> None:
    estate.made("/policies", {"name": "p", "target": "web", "rules": [rule("80")]})
    revision = estate.store.revision
    dear = {"name": "dear", "target": "web", "rules": [{**rule(str(n)), "count": True} for n in (1, 2)]}

    answer = estate.post("/policies", dear)

    assert (answer.status_code, answer.json()["code"]) == (409, "quota_exceeded")
    said = answer.json()["detail"]
    for word in ("policy dear", "40 flows on host h1", "together 60", "policy_flows_per_host allows 50"):
        assert word in said
    assert estate.store.revision == revision
    member = estate.with_token(Role.MEMBER, project="default").post("/policies", dear)
    assert member.status_code == 409
    assert "h1" not in member.json()["detail"]


def test_ports_in_one_rule_are_added_and_not_multiplied(estate: Rest) -> None:
    estate.made("/policies", {"name": "p", "target": "web", "rules": [rule("80", "81", "82")]})

    assert flows(estate) == 2 * (MEMBERS + 3 + 1)


def test_a_plan_shows_the_cost_and_that_it_would_be_refused(estate: Rest) -> None:
    rules = "".join(
        f"\n          - {{direction: ingress, action: allow, peer: {{group: many}}, count: true,"
        f" service: {{protocol: tcp, ports: [{port}]}}}}"
        for port in (1, 2, 3)
    )
    text = (
        "projects:\n  - name: default\n    policies:\n      - name: p\n        target: web\n"
        f"        rules:{rules}\n"
    )

    plan = estate.post("/plan", {"text": text}).json()
    applied = estate.post("/apply", {"text": text, "base": plan["base"]})

    assert not plan["applicable"]
    assert (plan["flows"]["before"], plan["flows"]["after"], plan["flows"]["host"]) == (0, 60, "h1")
    assert "policy p" in plan["flows"]["refused"]
    assert applied.status_code == 409
    assert applied.json()["detail"] == plan["flows"]["refused"]


def test_a_host_that_has_too_many_stands_in_the_way_of_no_workload_and_no_cure(estate: Rest) -> None:
    two = [{**rule(str(port)), "count": True} for port in (1, 2)]
    estate.made("/policies", {"name": "p", "target": "web", "rules": two})
    for number in range(MEMBERS):
        estate.made("/ports", {"name": f"n{number}", "network": "net", "labels": {"app": "many"}})
    assert flows(estate) == 80

    assert estate.patch("/policies/p", {"rules": two[:1]}).status_code == 200
    assert flows(estate) == 40
