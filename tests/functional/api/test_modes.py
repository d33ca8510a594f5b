"""Policies that do not decide: drafts are planned and explained; in audit it is told what they would do."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.functional.api.rest import Rest

from weft.compiler import CompilerSettings, compile_model, names
from weft.model.ids import NetworkId, RuleId
from weft.model.policy import Direction
from weft.ovn.rows import Key
from weft.store.tokens import Role

AT = "2025-11-28T00:15:52.763Z"
SSH = {"direction": "ingress", "action": "drop", "service": {"protocol": "tcp", "ports": ["22"]}}
OPEN = {"direction": "ingress", "action": "allow", "service": {"protocol": "tcp", "ports": ["80"]}}


@dataclass
class Estate:
    """`web` on h1 and `db` on h2, on one network that lets in whoever is on it; db is in group db."""

    rest: Rest
    network: dict[str, Any]
    web: dict[str, Any]
    db: dict[str, Any]
    run: str = field(default_factory=lambda: str(uuid4()))
    number: int = 0

    def policy(self, mode: str, *rules: object) -> dict[str, Any]:
        made: dict[str, Any] = self.rest.made(
            "/policies", {"name": "stricter", "target": "db", "mode": mode, "rules": list(rules)}
        )
        return made

    def acls(self) -> list[Key]:
        compiled = compile_model(self.rest.store.snapshot(), CompilerSettings())
        return [row.key for row in compiled.values() if names.acl_rule(row.key) is not None]

    def explained(self, port: int = 22) -> dict[str, Any]:
        body = {
            "source": {"port": "web"},
            "destination": {"port": "db"},
            "traffic": {"protocol": "tcp", "port": port},
        }
        answer = self.rest.post("/explain", body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["verdicts"][0]
        return found

    def tells(self, path: str, **message: object) -> Any:  # noqa: ANN401 - JSON
        """What h2 tells."""
        self.number += 1
        agent = self.rest.with_token(Role.HOST, host="h2")
        answer = agent.post(f"/hosts/h2/{path}", {"run": self.run, "number": self.number, **message})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def asked(self) -> tuple[list[str], list[str]]:
        """At which ports h2 is asked for connections: by a heartbeat's answer, and when it tells some."""
        beat = self.rest.with_token(Role.HOST, host="h2").post("/hosts/h2/heartbeat", {})
        assert beat.status_code == 200, beat.text
        return beat.json()["audited"], self.tells("connections")["ports"]

    def connection(self, to: int, **different: object) -> dict[str, object]:
        """From web to db, as db's host tracks it."""
        return {
            "port": self.db["id"],
            "protocol": "tcp",
            "source": self.web["fixed_ips"][0]["address"],
            "destination": self.db["fixed_ips"][0]["address"],
            "value": to,
            "source_port": 40000,
            **different,
        }

    def dropped(self, acl: str, port: int) -> dict[str, object]:
        """A SYN from web to db, as ovn-controller of db's host logs it."""
        return {
            "name": acl,
            "verdict": "drop",
            "direction": "ingress",
            "count": 3,
            "first_at": AT,
            "last_at": AT,
            "source_mac": self.web["mac"],
            "destination_mac": self.db["mac"],
            "source": self.web["fixed_ips"][0]["address"],
            "destination": self.db["fixed_ips"][0]["address"],
            "protocol": "tcp",
            "source_port": 40000,
            "destination_port": port,
        }

    def shown(self, **filters: object) -> list[dict[str, Any]]:
        answer = self.rest.get("/drops", params=filters)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


@pytest.fixture
def estate(rest: Rest) -> Estate:
    network = rest.made("/networks", {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]})
    web = rest.made("/ports", {"network": "net", "name": "web", "host": "h1"})
    db = rest.made("/ports", {"network": "net", "name": "db", "host": "h2", "labels": {"app": "db"}})
    rest.made("/groups", {"name": "db", "selector": "app=db"})
    return Estate(rest, network, web, db)


def test_a_policy_is_enforced_unless_said_otherwise(estate: Estate) -> None:
    made = estate.rest.made("/policies", {"name": "plain", "rules": [SSH]})

    assert made["mode"] == "enforced"
    assert estate.acls()


@pytest.mark.parametrize("mode", ["draft", "audit"])
def test_one_that_is_not_in_force_makes_no_row_and_decides_nothing(estate: Estate, mode: str) -> None:
    made = estate.policy(mode, SSH)

    assert (made["mode"], made["rules"][0]["rank"] > 0) == (mode, True)
    assert estate.acls() == []
    assert estate.explained()["passes"]
    side = estate.rest.get("/ports/db/rules").json()["ingress"]
    assert side["rules"] == [], "it is not among what is evaluated for the endpoint"


def test_no_mode_that_there_is_not(estate: Estate) -> None:
    answer = estate.rest.post("/policies", {"name": "odd", "mode": "maybe"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "mode"


@pytest.mark.parametrize(("mode", "called"), [("draft", "draft"), ("audit", "audited policy")])
def test_explain_names_the_rule_that_would_decide(estate: Estate, mode: str, called: str) -> None:
    estate.policy(mode, SSH)

    verdict = estate.explained()

    would = verdict["if_enforced"]
    assert (would["passes"], would["egress"]) == (False, None)
    assert (would["ingress"]["policy"], would["ingress"]["rule_number"]) == ("stricter", 1)
    assert verdict["sentences"][-1] == (
        f"If it were enforced, rule 1 of {called} stricter (tier project) would drop it where db receives; "
        "it would not arrive."
    )
    assert estate.explained(port=443)["if_enforced"] is None


def test_a_draft_behind_a_rule_that_decides_is_not_named(estate: Estate) -> None:
    allow = {**SSH, "action": "allow"}
    estate.rest.made("/policies", {"name": "first", "order": 1, "target": "db", "rules": [allow]})
    estate.policy("draft", SSH)

    assert estate.explained()["if_enforced"] is None


def test_a_plan_tells_what_enforcing_a_draft_would_close_and_the_change_does_it(estate: Estate) -> None:
    made = estate.policy("draft", SSH)

    plan = estate.rest.post("/plan", {"policy_modes": {"stricter": "enforced"}}).json()

    (field,) = plan["objects"][0]["fields"]
    assert (field["field"], field["before"]) == ("mode", "draft")
    assert any(
        "tcp/22" in sentence and "closes" in sentence for sentence in plan["reachability"]["sentences"]
    )
    assert {row["table"]: row["inserted"] for row in plan["rows"]}["ACL"] == 1
    assert estate.acls() == [], "a plan changes nothing"

    after = estate.rest.patch("/policies/stricter", {"mode": "enforced"}).json()

    assert after["mode"] == "enforced"
    assert after["rules"] == made["rules"], "rules keep their ids and ranks"
    assert not estate.explained()["passes"]
    assert len(estate.acls()) == 1


def test_enforcing_cuts_and_making_a_draft_again_does_not(estate: Estate) -> None:
    estate.policy("draft", SSH)
    for mode in ("enforced", "draft"):
        assert estate.rest.patch("/policies/stricter", {"mode": mode}).status_code == 200

    assert estate.explained()["passes"]
    assert estate.acls() == []


def test_who_enforces_a_draft_is_who_made_its_rules_what_they_are(estate: Estate) -> None:
    estate.policy("draft", SSH)
    member = estate.rest.with_token(Role.MEMBER, project="default")
    assert member.patch("/policies/stricter", {"mode": "enforced"}).status_code == 200

    assert estate.explained()["ingress"]["line"]["credit"]["author"] == "member of default"
    since = estate.rest.post(
        "/since",
        {
            "source": {"port": "web"},
            "destination": {"port": "db"},
            "traffic": {"protocol": "tcp", "port": 22},
        },
    ).json()
    assert since["state"] == "closed"
    assert (since["before"], since["since"]["author"]) == ("open", "member of default")


def test_an_invariant_is_broken_by_enforcing_and_not_by_drafting(estate: Estate) -> None:
    promise = {
        "name": "ssh-to-db",
        "promise": "always",
        "source": {"network": "net"},
        "destination": {"group": "db"},
        "service": {"protocol": "tcp", "ports": ["22"]},
    }
    made = estate.rest.post("/invariants", promise)
    assert made.status_code == 201, made.text
    estate.policy("draft", SSH)

    answer = estate.rest.patch("/policies/stricter", {"mode": "enforced"})

    assert (answer.status_code, answer.json()["code"]) == (409, "invariant_broken")
    assert estate.acls() == []


def test_lint_finds_nothing_in_drafts(estate: Estate) -> None:
    estate.policy("draft", SSH, SSH)

    found = [one for one in estate.rest.get("/lint").json()["items"] if one["kind"] == "policies"]

    assert found == []


def test_a_description_says_the_mode_and_export_gives_it_back(estate: Estate) -> None:
    estate.policy("draft", SSH)
    text = estate.rest.get("/description").json()["text"]
    assert "mode: draft" in text

    assert estate.rest.post("/plan", {"text": text}).json()["objects"] == []
    base = estate.rest.store.revision
    answer = estate.rest.post("/apply", {"text": text.replace("mode: draft", "mode: enforced"), "base": base})
    assert answer.status_code == 200, answer.text
    assert len(estate.acls()) == 1


def test_only_ports_that_a_policy_in_audit_is_for_are_asked_about(estate: Estate) -> None:
    assert estate.asked() == ([], [])
    estate.policy("audit", SSH)

    assert estate.asked() == ([estate.db["id"]], [estate.db["id"]])

    estate.rest.patch("/policies/stricter", {"mode": "draft"})
    assert estate.asked() == ([], [])


def test_a_connection_that_an_audited_rule_would_drop_is_told_as_an_estimate(estate: Estate) -> None:
    policy = estate.policy("audit", SSH)
    estate.tells("connections", connections=[estate.connection(22), estate.connection(443)])
    estate.tells("connections", connections=[estate.connection(22, source_port=40001)])

    (drop,) = estate.shown(policy="stricter")

    assert (drop["verdict"], drop["estimate"], drop["count"]) == ("would-drop", True, 2)
    assert (drop["rule"]["rule_id"], drop["rule"]["index"]) == (policy["rules"][0]["id"], 1)
    assert (drop["source"]["port"], drop["destination"]["port"]) == ("web", "db")
    assert (drop["direction"], drop["destination_port"]) == ("ingress", 22)
    assert estate.shown(verdict="would-drop") == [drop]
    assert estate.shown(verdict="drop") == []


def test_a_message_that_is_repeated_counts_once(estate: Estate) -> None:
    estate.policy("audit", SSH)
    for _ in range(2):
        estate.number = 0
        estate.tells("connections", connections=[estate.connection(22)])

    assert [drop["count"] for drop in estate.shown()] == [1]


def test_what_a_rule_before_it_allows_is_not_told(estate: Estate) -> None:
    allow = {**SSH, "action": "allow"}
    estate.rest.made("/policies", {"name": "first", "order": 1, "target": "db", "rules": [allow]})
    estate.policy("audit", SSH)
    estate.tells("connections", connections=[estate.connection(22)])

    assert estate.shown() == []


def test_a_host_tells_of_its_own_ports_only(estate: Estate) -> None:
    estate.rest.made(
        "/policies", {"name": "all", "mode": "audit", "rules": [SSH, {**SSH, "direction": "egress"}]}
    )
    elsewhere = estate.connection(22, port=estate.web["id"])
    estate.tells("connections", connections=[elsewhere, estate.connection(22, port=str(UUID(int=9)))])

    assert estate.shown() == []


def test_the_sender_is_judged_where_it_sends(estate: Estate) -> None:
    estate.policy("audit", {**SSH, "direction": "egress", "action": "reject"})
    back = estate.connection(
        22,
        source=estate.db["fixed_ips"][0]["address"],
        destination=estate.web["fixed_ips"][0]["address"],
    )
    estate.tells("connections", connections=[back])

    (drop,) = estate.shown()

    assert (drop["verdict"], drop["direction"]) == ("would-reject", "egress")
    assert (drop["source"]["port"], drop["destination"]["port"]) == ("db", "web")


def test_a_packet_that_was_dropped_and_would_be_allowed_is_told_beside_the_drop(estate: Estate) -> None:
    estate.rest.patch("/networks/net", {"default_ingress": "drop"})
    estate.policy("audit", OPEN)
    acl = names.band_log_name(NetworkId(UUID(estate.network["id"])), names.Band.DEFAULT, Direction.INGRESS)
    estate.tells("drops", packets=[estate.dropped(acl, 80), estate.dropped(acl, 81)])

    told = {(one["verdict"], one["destination_port"]): one for one in estate.shown()}

    assert set(told) == {("drop", 80), ("drop", 81), ("would-allow", 80)}
    allowed = told["would-allow", 80]
    assert (allowed["rule"]["policy"], allowed["count"], allowed["network"]) == ("stricter", 3, None)


def test_a_drop_that_stays_one_is_not_told_twice(estate: Estate) -> None:
    enforced = estate.rest.made(
        "/policies", {"name": "shut", "order": 1, "rules": [{**OPEN, "action": "drop"}]}
    )
    estate.policy("audit", OPEN)
    acl = names.rule_log_name(RuleId(UUID(enforced["rules"][0]["id"])))
    estate.tells("drops", packets=[estate.dropped(acl, 80)])

    assert [one["verdict"] for one in estate.shown()] == ["drop"]


@pytest.mark.parametrize(
    "different",
    [
        {"value": 70000},
        {"source": "not-an-address"},
        {"source": "fd00::1"},
        {"protocol": "smoke"},
        {"port": "db"},
        {"surprise": 1},
    ],
)
def test_nonsense_is_refused_and_nothing_is_told(estate: Estate, different: dict[str, object]) -> None:
    estate.policy("audit", SSH)
    agent = estate.rest.with_token(Role.HOST, host="h2")
    body = {"run": estate.run, "number": 1, "connections": [estate.connection(22, **different)]}

    assert agent.post("/hosts/h2/connections", body).status_code == 422
    assert estate.shown() == []


def test_a_host_cannot_say_itself_what_would_have_been(estate: Estate) -> None:
    acl = names.band_log_name(NetworkId(UUID(estate.network["id"])), names.Band.DEFAULT, Direction.INGRESS)
    agent = estate.rest.with_token(Role.HOST, host="h2")
    packets = {**estate.dropped(acl, 80), "verdict": "would-drop"}

    answer = agent.post("/hosts/h2/drops", {"run": estate.run, "number": 1, "packets": [packets]})

    assert answer.status_code == 422


def test_nobody_but_the_host_tells_of_its_connections(estate: Estate) -> None:
    body = {"run": estate.run, "number": 1, "connections": []}
    other = estate.rest.with_token(Role.HOST, host="h1")

    assert other.post("/hosts/h2/connections", body).status_code == 403
    assert estate.rest.post("/hosts/nobody/connections", body).status_code in (403, 404)
