"""Rules that expire, as clients write them: through the API, in descriptions, under invariants, in lint."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from tests.functional.api.rest import Rest

from weft.store import expiry

ALLOW: dict[str, Any] = {"direction": "ingress", "action": "allow"}
NEVER = {
    "name": "no-ssh",
    "promise": "never",
    "source": {"group": "dev"},
    "destination": {"group": "pci"},
    "service": {"protocol": "tcp", "ports": ["22"]},
}


def ahead(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat().replace("+00:00", "Z")


def rule_of(rest: Rest, place: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = rest.get("/policies/p").json()["rules"][place]
    return found


def test_a_time_with_an_offset_is_kept_in_utc_and_shown(rest: Rest) -> None:
    rest.made("/policies", {"name": "p", "rules": [{**ALLOW, "expires": "2099-11-28T10:00:00+01:00"}, ALLOW]})

    assert rule_of(rest)["expires"] == "2099-11-28T09:00:00Z"
    assert rule_of(rest, 1)["expires"] is None


@pytest.mark.parametrize(
    ("expires", "why"),
    [
        ("2099-11-28T10:00:00", "2026-11-28T09:00:00Z"),
        ("tomorrow", "2026-11-28T09:00:00Z"),
        (4_000_000_000, "a time is text"),
        ("9999-12-31T23:59:59-14:00", "2026-11-28T09:00:00Z"),
        ("2020-01-01T00:00:00Z", "over before it began"),
    ],
)
def test_what_is_no_time_to_come_is_refused_and_changes_nothing(
    rest: Rest, expires: object, why: str
) -> None:
    rest.made("/policies", {"name": "p"})
    before = rest.store.revision

    answer = rest.post("/policies/p/rules", {"rule": {**ALLOW, "expires": expires}})

    assert answer.status_code == 422
    assert answer.json()["field"] == "rule.expires"
    assert why in answer.json()["detail"]
    assert rest.store.revision == before


def test_a_change_of_the_time_alone_keeps_the_rule(rest: Rest) -> None:
    made = rest.made("/policies", {"name": "p", "rules": [{**ALLOW, "expires": ahead(hours=1)}]})
    (rule,) = made["rules"]
    changed = {key: value for key, value in rule.items() if key != "rank"} | {"expires": None}

    assert rest.patch("/policies/p", {"rules": [changed]}).status_code == 200
    assert (rule_of(rest)["id"], rule_of(rest)["expires"]) == (rule["id"], None)


def test_a_description_gives_back_the_time_that_it_takes(rest: Rest) -> None:
    text = """
projects:
  - name: default
    policies:
      - {name: p, rules: [{direction: ingress, action: drop, expires: '2099-11-28T09:00:00Z'}]}
"""
    answer = rest.post("/apply", {"text": text, "base": rest.store.revision})
    assert answer.status_code == 200, answer.text

    described = yaml.safe_load(rest.get("/description").json()["text"])

    (policy,) = next(p for p in described["projects"] if p["name"] == "default")["policies"]
    assert policy["rules"] == [{"direction": "ingress", "action": "drop", "expires": "2099-11-28T09:00:00Z"}]
    again = rest.post("/plan", {"text": rest.get("/description").json()["text"]}).json()
    assert again["objects"] == []


def test_a_description_of_a_rule_that_is_over_is_refused_with_its_line(rest: Rest) -> None:
    text = """projects:
  - name: default
    policies:
      - name: p
        rules:
          - {direction: ingress, action: drop}
          - {direction: ingress, action: drop, expires: 2020-01-01T00:00:00Z}
"""
    answer = rest.post("/plan", {"text": text})

    assert answer.status_code == 422
    assert "line 7" in answer.json()["detail"]
    assert answer.json()["field"].endswith("rules.1.expires")


def test_lint_names_rules_that_end_soon(rest: Rest) -> None:
    rules = [{**ALLOW, "expires": ahead(days=days)} for days in (30, 2, 1)]
    rest.made("/policies", {"name": "p", "rules": rules})

    found = [one for one in rest.get("/lint").json()["items"] if one["problem"] == "ending-soon"]

    assert [one["rule_number"] for one in found] == [3, 2]
    assert found[0]["why"].startswith("it ends by itself at ")


@pytest.fixture
def promised(rest: Rest) -> Rest:
    """`dev` may reach `pci`, but for ssh, and that is promised."""
    rest.made("/networks", {"name": "net", "default_ingress": "allow", "subnets": [{"cidr": "10.1.0.0/24"}]})
    for name in ("dev", "pci"):
        rest.made("/ports", {"network": "net", "name": name, "labels": {"is": name}})
        rest.made("/groups", {"name": name, "selector": f"is={name}"})
    ssh = {"direction": "ingress", "action": "drop", "service": {"protocol": "tcp", "ports": ["22"]}}
    rest.made("/policies", {"name": "p", "target": "pci", "rules": [ssh]})
    rest.made("/invariants", NEVER)
    return rest


def test_a_promise_must_outlive_the_rules_that_expire(promised: Rest) -> None:
    (rule,) = promised.get("/policies/p").json()["rules"]
    ending = {key: value for key, value in rule.items() if key != "rank"} | {"expires": ahead(hours=2)}
    before = promised.store.revision

    refused = promised.patch("/policies/p", {"rules": [ending]})

    assert refused.status_code == 409
    assert "invariant no-ssh will be broken when a rule expires: dev" in refused.json()["detail"]
    assert promised.store.revision == before
    assert promised.patch("/policies/p", {"rules": [ending, {**rule, "id": None}]}).status_code == 200


def test_that_holds_whatever_expires_first(promised: Rest) -> None:
    """An allowance that outlives the drop above it would open what the drop below does not close."""
    (rule,) = promised.get("/policies/p").json()["rules"]
    allow = {**ALLOW, "service": rule["service"], "peer": {"group": "dev"}, "expires": ahead(hours=9)}
    first = {**rule, "id": None, "expires": ahead(hours=1)}

    refused = promised.patch("/policies/p", {"rules": [first, allow, rule]})

    assert refused.status_code == 409
    assert "will be broken when a rule expires" in refused.json()["detail"]


def test_a_way_that_is_promised_may_not_hang_on_a_rule_that_expires(promised: Rest) -> None:
    promised.patch("/networks/net", {"default_ingress": "drop"})
    promised.made(
        "/invariants", {**NEVER, "name": "web", "promise": "never"} | {"service": {"protocol": "udp"}}
    )
    always = {
        "name": "https",
        "promise": "always",
        "source": {"group": "dev"},
        "destination": {"group": "pci"},
    }
    service = {"protocol": "tcp", "ports": ["443"]}
    allow = {**ALLOW, "peer": {"group": "dev"}, "service": service}
    made = promised.post("/policies/p/rules", {"rule": {**allow, "expires": ahead(hours=1)}})
    assert made.status_code == 201, made.text

    hanging = promised.post("/invariants", {**always, "service": service})
    assert promised.post("/policies/p/rules", {"rule": allow}).status_code == 201
    standing = promised.post("/invariants", {**always, "service": service})

    assert (hanging.status_code, standing.status_code) == (409, 201)
    assert "invariant https will be broken when a rule expires" in hanging.json()["detail"]


def test_what_is_over_does_not_come_back_by_a_revert(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    rest.made("/policies", {"name": "p", "rules": [{**ALLOW, "expires": ahead(hours=1)}, ALLOW]})
    later = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr(rest.store, "now", lambda: later)
    ended = expiry.end(rest.store)

    answer = rest.post("/revert", {"revision": ended})

    assert answer.status_code == 409
    assert "write the rule anew" in answer.json()["detail"]
    assert len(rest.get("/policies/p").json()["rules"]) == 1
