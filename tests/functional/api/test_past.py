"""Who reached whom, what changed, since when, and what does nothing: over a real store."""

from datetime import timedelta
from typing import Any

from tests.functional.api.conftest import now
from tests.functional.api.rest import Rest
from tests.functional.api.test_plans import SHOP, SSH, applied

from weft.store import Store
from weft.store.progress import record_realised
from weft.store.retention import prune
from weft.store.tokens import Role

OPEN = SHOP[: SHOP.index("    invariants:")]
PAIR = {
    "source": {"port": "web-1"},
    "destination": {"port": "db-1"},
    "traffic": {"protocol": "tcp", "port": 22},
}
LINTED = """
projects:
  - name: default
    groups:
      - {name: ghosts, selector: app=ghost}
      - {name: never, selector: app=a && app=b}
    address_groups:
      - {name: forgotten, cidrs: [203.0.113.0/24]}
    policies:
      - {name: idle}
      - name: late
        order: 2000
        target: db
        rules:
          - {direction: ingress, action: drop, peer: {group: web}, service: {protocol: tcp, ports: [5432]}}
          - {direction: ingress, action: drop, peer: {group: ghosts}}
          - {direction: ingress, action: allow, service: {protocol: tcp, ports: [8080]}}
          - {direction: egress, action: reject, peer: {group: web}, service: {protocol: tcp, ports: [9]}}
          - {direction: egress, action: drop, peer: {group: web}, service: {protocol: tcp, ports: [9]}}
"""


def asked(rest: Rest, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
    answer = rest.post(path, body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def got(rest: Rest, path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
    answer = rest.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ssh_opens_and_closes(rest: Rest) -> tuple[int, int, int]:
    """The revisions of an estate, of a policy that lets ssh in, and of its end."""
    first = applied(rest, OPEN)["revision"]
    opened = applied(rest, SSH)["revision"]
    closed = applied(rest, SSH.replace("action: allow", "action: drop"))["revision"]
    return first, opened, closed


def test_reach_says_who_reaches_whom_now_and_then(rest: Rest) -> None:
    _, opened, _ = ssh_opens_and_closes(rest)
    body = {"source": {"group": "web"}, "destination": {"port": "db-1"}}

    now_, then = asked(rest, "/reach", body), asked(rest, "/reach", {**body, "at": str(opened)})

    assert now_["sentences"] == ["reach tcp/5432 from 2 ports of group web to 1 port of group db"]
    assert "reach tcp/22,5432 from 2 ports of group web to 1 port of group db" in then["sentences"]
    assert then["moment"]["revision"] == opened
    assert now_["pairs"]["4"] == 2


def test_a_port_reaches_what_every_single_verdict_says(rest: Rest) -> None:
    ssh_opens_and_closes(rest)

    found = asked(rest, "/reach", {"source": {"port": "db-1"}, "destination": {"port": "web-1"}})

    explained = asked(
        rest, "/explain", {**PAIR, "source": {"port": "db-1"}, "destination": {"port": "web-1"}}
    )
    assert bool(found["sentences"]) is explained["passes"]


def test_a_diff_tells_objects_with_their_authors_and_what_opened(rest: Rest) -> None:
    first, opened, closed = ssh_opens_and_closes(rest)

    there = got(rest, "/diff", old=first, new=opened)
    back = got(rest, "/diff", old=opened)

    assert [(o["object"]["action"], o["object"]["name"]) for o in there["objects"]] == [("create", "ssh")]
    assert there["objects"][0]["last"]["revision"] == opened
    assert there["reachability"]["sentences"] == [
        "opens tcp/22 from 2 ports of group web to 1 port of group db"
    ]
    assert back["new"]["revision"] == closed
    assert back["reachability"]["sentences"][0].startswith("closes tcp/22 ")
    assert got(rest, "/diff", old=first, new=closed)["reachability"]["sentences"] == []


def test_a_member_sees_its_own_objects_and_nobodys_reach(rest: Rest) -> None:
    first, *_ = ssh_opens_and_closes(rest)
    stranger = rest.with_token(Role.MEMBER, project="other")

    found = got(stranger, "/diff", old=first)

    assert found["objects"] == found["reachability"]["sentences"] == []
    assert stranger.post("/reach", {"source": {"port": "web-1"}}).status_code == 404
    assert stranger.get("/versions/policies/ssh").status_code == 404
    policy = next(iter(rest.store.snapshot().policies))
    assert stranger.get(f"/versions/policies/{policy}").status_code == 404
    assert asked(stranger, "/reach", {})["sentences"] == []


def test_since_names_the_change_that_turned_it_and_its_author(rest: Rest) -> None:
    _, opened, closed = ssh_opens_and_closes(rest)
    for number in range(5):
        assert rest.post("/groups", {"name": f"g{number}", "selector": "app=other"}).status_code == 201

    found = asked(rest, "/since", PAIR)

    assert (found["state"], found["before"], found["since"]["revision"]) == ("closed", "open", closed)
    assert found["sentences"][0].startswith(f"web-1 does not reach db-1 since revision {closed} of ")
    assert "change of policy ssh" in found["sentences"][0]
    assert [o["name"] for o in found["objects"]] == ["ssh"]
    assert found["judged"] == 2
    assert opened < closed


def test_since_a_port_exists_is_since_there_was_anything_to_say(rest: Rest) -> None:
    first, *_ = ssh_opens_and_closes(rest)

    found = asked(rest, "/since", {**PAIR, "traffic": {"protocol": "tcp", "port": 5432}})

    assert (found["state"], found["before"], found["since"]["revision"]) == ("open", "absent", first)
    outside = {**PAIR, "source": {"address": "192.0.2.9"}}
    assert asked(rest, "/since", outside)["state"] == "closed"


def test_the_history_of_a_policy_has_every_version_and_who_made_it(rest: Rest) -> None:
    _, opened, closed = ssh_opens_and_closes(rest)

    found = got(rest, "/versions/policies/ssh")

    assert [(v["moment"]["revision"], v["action"]) for v in found["items"]] == [
        (closed, "change"),
        (opened, "create"),
    ]
    (rules,) = found["items"][0]["fields"]
    assert (rules["field"], rules["added"][0]["action"]) == ("rules", "drop")
    gone = found["id"]
    assert rest.delete("/policies/ssh").status_code == 204
    assert got(rest, f"/versions/policies/{gone}")["items"][0]["action"] == "remove"


def test_what_is_too_old_is_said_to_be_gone(rest: Rest, store: Store) -> None:
    first, opened, _ = ssh_opens_and_closes(rest)
    record_realised(store, store.revision, 1, now(), None)
    while prune(store, -timedelta(seconds=60), most=1):
        pass

    for answer in (
        rest.get("/diff", params={"old": first}),
        rest.post("/reach", {"at": str(first)}),
        rest.post("/reach", {"at": "2020-01-01"}),
        rest.post("/revert", {"revision": opened}),
    ):
        assert answer.json().get("code") == "history_gone", answer.text
        assert answer.status_code == 410
        assert "history_days" in answer.json()["detail"]
    found = asked(rest, "/since", {**PAIR, "traffic": {"protocol": "tcp", "port": 5432}})
    assert (found["state"], found["since"]) == ("open", None)
    assert "as far back as the history is kept" in found["sentences"][0]
    assert got(rest, "/versions/policies/ssh")["items"][0]["moment"]["author"]


def test_a_moment_that_is_none_is_refused(rest: Rest) -> None:
    ssh_opens_and_closes(rest)

    for text, status in (("yesterday", 422), ("999999", 404), ("0", 422), ("-3", 422), ("9" * 30, 422)):
        answer = rest.post("/reach", {"at": text})
        assert answer.status_code == status, (text, answer.text)
    assert rest.get("/diff", params={"old": "x"}).json()["field"] == "old"
    assert rest.get("/versions/nonsense/web").status_code == 422
    assert rest.post("/reach", {"source": {"port": "web-1", "group": "web"}}).status_code == 422


def test_lint_says_what_does_nothing_and_why(rest: Rest) -> None:
    applied(rest, OPEN)
    applied(rest, LINTED)

    found = {(f["name"], f["rule_number"]): f for f in got(rest, "/lint")["items"]}

    assert found["late", 1]["problem"] == "shadowed"
    assert found["late", 1]["instead"] == ["rule 1 of policy db"]
    assert found["late", 2]["problem"] == "never-matching"
    assert found["late", 4]["problem"] == "redundant"
    assert "tells the sender" in found["late", 4]["cure"]
    assert found["late", 5]["problem"] == "shadowed"
    assert found["idle", None]["problem"] == "no-effect"
    assert found["ghosts", None]["problem"] == "empty-group"
    assert "late" in found["ghosts", None]["why"]
    assert found["never", None]["problem"] == "impossible-selector"
    assert found["forgotten", None]["problem"] == "unused-address-group"
    assert ("db", 1) not in found
    assert ("db", 2) not in found, "a route leads out, so a rule about an office matters"
    assert got(rest.with_token(Role.VIEWER, project="other"), "/lint")["items"] == []


def test_reach_tells_every_port_at_both_ends_if_asked(rest: Rest) -> None:
    applied(rest, OPEN)
    ids = {port["name"]: port["id"] for port in got(rest, "/ports", project="default")["items"]}
    body = {"project": "default", "destination": {"port": "db-1"}}

    found = asked(rest, "/reach", {**body, "partners": True})["partners"]

    assert found["complete"]
    assert found["destinations"] == [ids["db-1"]]
    assert set(found["sources"]) == {ids["web-1"], ids["web-2"]}
    assert asked(rest, "/reach", body)["partners"] is None
