"""Plan, apply, revert and export, over a real store."""

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.functional.api.rest import Rest

from weft.store import Store
from weft.store.tokens import Role

SHOP = """
projects:
  - name: default
    qos_policies:
      - {name: slow, egress: {rate_kbps: 1000}}
    networks:
      - name: front
        labels: {tier: front}
        subnets: [{cidr: 10.1.0.0/24}, {cidr: 'fd01::/64'}]
      - name: back
        default_ingress: drop
        qos_policy: slow
        subnets: [{cidr: 10.2.0.0/24, dns_servers: [10.2.0.53]}]
    routers:
      - {name: hub, networks: [front, back], routes: [{destination: 0.0.0.0/0, next_hop: 10.1.0.200}]}
    ports:
      - {name: web-1, network: front, labels: {app: web}}
      - {name: web-2, network: front, labels: {app: web}}
      - {name: db-1, network: back, labels: {app: db}, kind: vm, addresses: [10.2.0.9]}
    groups:
      - {name: web, selector: app=web}
      - {name: db, selector: app=db, members: [db-1]}
    address_groups:
      - {name: offices, cidrs: [192.0.2.0/24]}
    policies:
      - name: db
        target: db
        rules:
          - direction: ingress
            action: allow
            peer: {group: web}
            service: {protocol: tcp, ports: [5432]}
          - {direction: ingress, action: drop, peer: {address_group: offices}, log: true, count: true}
    attach_rules:
      - {name: rest, selector: 'all()', network: front, order: 900}
    invariants:
      - {name: no-ssh, promise: never, destination: {group: db}, service: {protocol: tcp, ports: [22]}}
"""
SSH = """
projects:
  - name: default
    policies:
      - name: ssh
        order: 1
        target: db
        rules:
          - {direction: ingress, action: allow, peer: {group: web}, service: {protocol: tcp, ports: [22]}}
"""


def planned(rest: Rest, text: str, **more: object) -> Any:  # noqa: ANN401 - JSON
    answer = rest.post("/plan", {"text": text, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def applied(rest: Rest, text: str, **more: object) -> Any:  # noqa: ANN401 - JSON
    answer = rest.post("/apply", {"text": text, "base": rest.store.revision, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def exported(rest: Rest) -> str:
    return str(rest.get("/description", params={"project": "default"}).json()["text"])


def test_a_plan_shows_objects_rows_and_reach_and_changes_nothing(rest: Rest) -> None:
    before = rest.store.snapshot()

    found = planned(rest, SHOP)

    assert rest.store.snapshot() is before
    assert {(o["action"], o["kind"]) for o in found["objects"]} >= {
        ("create", "networks"),
        ("create", "subnets"),
        ("create", "policies"),
    }
    rows = {row["table"]: row["inserted"] for row in found["rows"]}
    assert rows["Logical_Switch"] == 3, "two networks, and the switch on which their names are answered"
    assert rows["Logical_Switch_Port"] >= 3
    opened = [sentence for sentence in found["reachability"]["sentences"] if "tcp" in sentence]
    assert opened, "new ports of one network reach each other"
    assert all(sentence.startswith("opens ") for sentence in found["reachability"]["sentences"])


def test_what_is_applied_is_what_was_planned(rest: Rest) -> None:
    plan = planned(rest, SHOP)
    done = applied(rest, SHOP)

    assert done["revision"] == rest.store.revision == plan["base"] + 1
    assert done["rows"] == plan["rows"]
    assert done["reachability"]["sentences"] == plan["reachability"]["sentences"]
    assert planned(rest, SHOP)["objects"] == []


def test_an_export_plans_to_nothing_and_makes_the_same_estate_elsewhere(rest: Rest, elsewhere: Rest) -> None:
    applied(rest, SHOP)
    text = exported(rest)

    nothing = planned(rest, text, prune=True)
    assert (nothing["objects"], nothing["rows"]) == ([], [])
    applied(elsewhere, text)
    assert exported(elsewhere) == text


def test_a_rule_that_is_counted_stays_counted_through_a_description(rest: Rest) -> None:
    applied(rest, SHOP)
    applied(rest, exported(rest).replace("log: true", "log: false"))

    drop = rest.get("/policies/db", params={"project": "default"}).json()["rules"][1]
    assert (drop["log"], drop["count"]) == (False, True)


def test_a_rule_that_only_moves_is_the_same_rule(rest: Rest) -> None:
    applied(rest, SHOP)
    before = [rule["id"] for rule in rest.get("/policies/db", params={"project": "default"}).json()["rules"]]
    described = yaml.safe_load(exported(rest))
    described["projects"][0]["policies"][0]["rules"].reverse()

    applied(rest, yaml.safe_dump(described))

    after = [rule["id"] for rule in rest.get("/policies/db", params={"project": "default"}).json()["rules"]]
    assert after == before[::-1]


def test_a_rule_opens_just_what_it_says(rest: Rest) -> None:
    applied(rest, SHOP.replace("no-ssh, promise: never", "ssh-only, promise: never").replace("[22]", "[23]"))

    reach = planned(rest, SSH)["reachability"]

    assert reach["sentences"] == ["opens tcp/22 from 2 ports of group web to 1 port of group db"]
    assert (reach["opened"], reach["closed"]) == ({"4": 2}, {})


def test_what_is_not_in_the_text_stays_unless_it_is_pruned(rest: Rest) -> None:
    applied(rest, SHOP)
    web = "projects: [{name: default, networks: [{name: front}]}]"

    assert {o["action"] for o in planned(rest, web)["objects"]} == {"change"}
    pruned = planned(rest, "projects: [{name: default}]", prune=True)["objects"]
    assert {o["action"] for o in pruned} == {"remove"}
    applied(rest, "projects: [{name: default}]", prune=True)
    assert yaml.safe_load(exported(rest)) == {"projects": [{"name": "default"}]}


def test_ports_of_workloads_and_other_projects_are_never_pruned(rest: Rest) -> None:
    applied(rest, SHOP)
    rest.made("/networks", {"name": "theirs", "project": "other"})
    attached = {
        "network": "front",
        "workload": {"runtime": "docker", "engine": "e", "id": "c1", "name": "c1"},
    }
    answer = rest.post("/hosts/h1/attach", attached)
    assert answer.status_code in (200, 201), answer.text

    answer = rest.post(
        "/apply", {"text": "projects: [{name: default}]", "prune": True, "base": rest.store.revision}
    )

    assert answer.status_code == 409
    assert "network front is still used by port" in answer.json()["detail"]
    assert rest.get("/networks/theirs", params={"project": "other"}).status_code == 200


def test_a_rule_that_stays_keeps_its_id(rest: Rest) -> None:
    applied(rest, SHOP)
    before = rest.get("/policies/db").json()["rules"]
    first = "          - {direction: ingress, action: drop, peer: {cidr: 10.1.0.0/30}}\n"
    applied(rest, SHOP.replace("        rules:\n", f"        rules:\n{first}", 1))

    after = rest.get("/policies/db").json()["rules"]

    assert [rule["id"] for rule in after[1:]] == [rule["id"] for rule in before]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("projects:\n  - name: default\n    netwroks: []", 3, "did you mean networks?"),
        ("projects:\n  - name: default\n    groups:\n      - {name: g, selector: 'a='}", 4, "selector"),
        ("projects:\n  - name: default\n    ports:\n      - name: p\n        network: none", 5, "none"),
        ("projects:\n  - name: default\n    name: again", 3, "twice"),
        ("projects: [{name: default\n", 2, "YAML"),
        ("projects:\n  - &a {name: default}\n  - *a", 3, "anchors"),
        (
            "projects:\n  - name: default\n    policies:\n      - name: p\n        rules:\n"
            "          - {direction: ingress, action: allow, service: {protocol: tcp, ports: [99999]}}",
            6,
            "99999",
        ),
        ("projects:\n  - name: default\n    groups: [{name: g}]\n  - name: default", 4, "twice"),
        ("[" * 100_000, 1, "deeper"),
        ("projects: 3", 1, "list"),
    ],
)
def test_a_wrong_text_is_refused_with_line_field_and_cure(
    rest: Rest, text: str, line: int, said: str
) -> None:
    before = rest.store.revision

    answer = rest.post("/plan", {"text": text})

    assert 400 <= answer.status_code < 500
    problem = answer.json()
    assert problem["detail"].startswith(f"line {line}"), problem
    assert said in problem["detail"]
    assert problem["field"]
    assert rest.store.revision == before


def test_a_stale_base_is_refused_and_shows_what_changed_meanwhile(rest: Rest) -> None:
    base = rest.store.revision
    rest.made("/groups", {"name": "meanwhile"})

    answer = rest.post("/apply", {"text": SHOP, "base": base})

    assert answer.status_code == 412
    assert "create of group meanwhile" in answer.json()["detail"]
    assert rest.get("/networks").json()["items"] == []


def test_an_invariant_that_would_break_refuses_plan_apply_and_plain_changes(rest: Rest) -> None:
    applied(rest, SHOP)
    before = rest.store.revision

    plan = planned(rest, SSH)
    assert not plan["applicable"]
    assert plan["broken"][0]["invariant"] == "no-ssh"
    assert plan["broken"][0]["traffic"] == "tcp/22"
    refused = [
        rest.post("/apply", {"text": SSH, "base": before}),
        rest.post(
            "/policies/db/rules",
            {"index": 0, "rule": {"direction": "ingress", "action": "allow", "service": {"protocol": "tcp"}}},
        ),
        rest.post("/invariants", {"name": "all", "promise": "always", "destination": {"group": "db"}}),
    ]

    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (409, "invariant_broken"), answer.text
    assert "web-1 (10.1.0.2) reaches db-1 (10.2.0.9) on tcp/22" in refused[0].json()["detail"]
    assert rest.store.revision == before
    assert rest.get("/invariants/no-ssh").json()["holds"] is True


def test_an_invariant_that_a_workload_broke_is_shown_and_stands_in_nobodys_way(rest: Rest) -> None:
    applied(rest, SHOP)
    free = "projects: [{name: default, networks: [{name: open, subnets: [{cidr: 10.5.0.0/24}]}]}]"
    applied(rest, free)
    for name in ("db-2", "x"):
        rest.made("/ports", {"name": name, "network": "open", "labels": {"app": name[:2]}})
    rest.patch("/ports/db-2", {"labels": {"app": "db"}})

    found = rest.get("/invariants/no-ssh").json()

    assert not found["holds"]
    assert found["breach"]["source"] == "x"
    assert rest.made("/groups", {"name": "unrelated"})


def test_a_check_that_would_fail_refuses_the_change(rest: Rest) -> None:
    applied(rest, SHOP)
    check = {
        "source": {"port": "web-1"},
        "destination": {"port": "db-1"},
        "traffic": {"protocol": "tcp", "port": 5432},
    }
    shut = "projects: [{name: default, policies: [{name: db, target: db}]}]"
    before = rest.store.revision

    assert planned(rest, shut, checks=[{**check, "reaches": False}])["checks"][0]["holds"]
    answer = rest.post("/apply", {"text": shut, "base": before, "checks": [check]})

    assert (answer.status_code, answer.json()["code"]) == (409, "check_failed")
    assert "web-1 reaches db-1" in answer.json()["detail"]
    assert rest.store.revision == before


def test_a_revision_is_taken_back_by_a_new_one(rest: Rest) -> None:
    applied(rest, SHOP)
    text = exported(rest)
    done = applied(rest, "projects: [{name: default, groups: [{name: new}], policies: [{name: db}]}]")

    answer = rest.post("/revert", {"revision": done["revision"]})

    assert answer.status_code == 200, answer.text
    assert answer.json()["revision"] == done["revision"] + 1
    assert exported(rest) == text


def test_a_revision_that_others_built_on_is_not_taken_back(rest: Rest) -> None:
    done = applied(rest, SHOP)
    rest.patch("/groups/web", {"description": "mine"})

    answer = rest.post("/revert", {"revision": done["revision"]})

    assert answer.status_code == 409
    assert "group web" in answer.json()["detail"]


def test_a_member_describes_its_own_project_only(rest: Rest) -> None:
    member = rest.with_token(Role.MEMBER, project="default")

    for project in ("other", "brand-new"):
        answer = member.post("/plan", {"text": f"projects: [{{name: {project}}}]"})
        assert answer.status_code == 404
    admin_tier = "projects: [{name: default, policies: [{name: p, tier: admin}]}]"
    assert member.post("/plan", {"text": admin_tier}).status_code == 403
    assert member.post("/plan", {"text": SHOP}).status_code == 200
    assert rest.with_token(Role.VIEWER, project="default").post("/plan", {"text": SHOP}).status_code == 403


KILLED = """
import asyncio, os, signal, sys
from datetime import UTC, datetime
from uuid import uuid4
import sqlalchemy as sa
from tests.functional.api.rest import Rest
from weft.api.app import create_app
from weft.store import Store, tokens

def now():
    return datetime.now(UTC)

def serve(place, text, left):
    store = Store.open(f"sqlite:///{place}/{left}.db", now=now, new_id=uuid4)
    app = create_app(store=store, caller_of=lambda token: tokens.find(store, token, now()))
    token = tokens.first_admin_token(store)
    with asyncio.Runner() as runner:
        rest = Rest(app, store, runner, token)

        def die(*_):
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sa.event.listen(store.engine, "after_cursor_execute", die)
        answer = rest.post("/apply", {"text": text, "base": store.revision})
    os._exit(0 if answer.status_code == 200 else 1)

text = sys.stdin.read()
for statement in range(200):
    server = os.fork()
    if server == 0:
        serve(sys.argv[1], text, statement)
    _, status = os.waitpid(server, 0)
    print(statement, os.waitstatus_to_exitcode(status), flush=True)
    if status == 0:
        break
"""


def test_a_server_that_is_killed_in_the_middle_of_an_apply_leaves_nothing_half_done(
    tmp_path: Path, opened: Callable[[str], AbstractContextManager[Store]]
) -> None:
    """Killed after each of its statements in turn, until one apply comes to its end."""
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path],
        input=SHOP,
        text=True,
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    outcomes = [int(line.split()[1]) for line in ended.stdout.splitlines()]

    assert outcomes[-1] == 0, ended.stderr
    assert set(outcomes[:-1]) == {-signal.SIGKILL}
    assert len(outcomes) > 10
    revisions = []
    for statement in range(len(outcomes)):
        with opened(f"sqlite:///{tmp_path}/{statement}.db") as store:
            held = store.snapshot()
            kinds = (held.networks, held.routers, held.ports, held.groups, held.policies, held.invariants)
            assert len({bool(items) for items in kinds}) == 1, statement
            assert bool(held.networks) is (store.revision == 2)
            revisions.append(int(store.revision))
    assert set(revisions) == {1, 2}
