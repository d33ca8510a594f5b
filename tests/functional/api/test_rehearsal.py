"""Any change can be asked for its plan: the same request, with a header. Nothing is kept of it."""

from http import HTTPStatus

import pytest
from tests.functional.api.rest import Rest

from weft.store import Store
from weft.store.tokens import Role

PLAN = {"Weft-Plan": "1"}
RULES = [{"direction": "ingress", "action": "drop"}]


@pytest.fixture
def web(rest: Rest) -> str:
    """The id of a group of two web servers, which nobody may reach; a database beside them may be reached."""
    rest.post("/networks", {"name": "one", "subnets": [{"cidr": "10.0.0.0/24"}]})
    for name in ("web-1", "web-2", "db-1"):
        rest.post("/ports", {"name": name, "network": "one", "labels": {"app": name[:-2]}})
    made = rest.post("/groups", {"name": "web", "selector": "app=web"}).json()
    rest.post("/policies", {"name": "shut", "target": "web", "rules": RULES})
    return str(made["id"])


def test_the_plan_of_a_change_says_who_would_reach_whom_and_nothing_changes(
    rest: Rest, store: Store, web: str
) -> None:
    before, revision = rest.get(f"/groups/{web}").json(), store.revision

    plan = rest.patch(f"/groups/{web}", {"selector": "app=db"}, headers=PLAN).json()

    assert "opens any from db-1, web-1, web-2 to web-1, web-2" in plan["reachability"]["sentences"]
    assert [(one["kind"], one["name"]) for one in plan["objects"]] == [("groups", "web")]
    assert (plan["base"], plan["applicable"], plan["revision"]) == (revision, True, None)
    assert (rest.get(f"/groups/{web}").json(), store.revision) == (before, revision)


def test_what_is_new_and_what_goes_can_be_planned_too(rest: Rest, store: Store, web: str) -> None:
    revision = store.revision
    port = rest.get("/ports/db-1?project=default").json()["id"]

    made = rest.post("/groups", {"name": "all", "selector": "all()"}, headers=PLAN)
    gone = rest.delete(f"/ports/{port}", headers=PLAN)

    assert (made.status_code, made.json()["objects"][0]["action"]) == (HTTPStatus.OK, "create")
    assert (gone.status_code, gone.json()["objects"][0]["action"]) == (HTTPStatus.OK, "remove")
    assert store.revision == revision
    del web


def test_a_plan_refuses_what_the_change_would_refuse_at_the_same_field(rest: Rest, web: str) -> None:
    planned = rest.patch(f"/groups/{web}", {"selector": "app="}, headers=PLAN)
    changed = rest.patch(f"/groups/{web}", {"selector": "app="})

    assert planned.status_code == changed.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert planned.json() == changed.json()


def test_a_plan_names_the_invariants_that_would_break(rest: Rest, web: str) -> None:
    rest.post("/invariants", {"name": "apart", "promise": "never", "destination": {"group": web}})

    shut = next(one for one in rest.get("/policies").json()["items"] if one["name"] == "shut")
    plan = rest.delete(f"/policies/{shut['id']}", headers=PLAN).json()

    assert (len(plan["broken"]), plan["applicable"]) == (1, False)


def test_a_change_is_refused_when_the_model_moved_since_its_plan(rest: Rest, store: Store, web: str) -> None:
    base = rest.patch(f"/groups/{web}", {"selector": "app=db"}, headers=PLAN).json()["base"]
    rest.post("/groups", {"name": "other"})

    late = rest.patch(f"/groups/{web}", {"selector": "app=db"}, headers={"Weft-Base": str(base)})
    now = rest.patch(f"/groups/{web}", {"selector": "app=db"}, headers={"Weft-Base": str(store.revision)})

    assert (late.status_code, late.json()["field"]) == (HTTPStatus.PRECONDITION_FAILED, "base")
    assert "create of group other" in late.json()["detail"]
    assert now.status_code == HTTPStatus.OK


def test_what_cannot_be_planned_is_refused_and_not_done(rest: Rest, store: Store) -> None:
    with store.write("admin") as tx:
        before = dict(tx.snapshot.hosts)
    refused = rest.delete("/hosts/h1", headers=PLAN)

    assert (refused.status_code, refused.json()["field"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, "Weft-Plan")
    assert dict(store.snapshot().hosts) == before


def test_a_viewer_plans_nothing(rest: Rest, web: str) -> None:
    viewer = rest.with_token(Role.VIEWER, project="default")

    assert viewer.delete(f"/groups/{web}", headers=PLAN).status_code == HTTPStatus.FORBIDDEN
