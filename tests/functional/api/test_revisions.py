"""The change log: who changed what and when, what it opened and closed, and taking it back by a plan."""

from typing import Any

from tests.functional.api.rest import Rest
from tests.functional.api.test_past import OPEN, got, ssh_opens_and_closes
from tests.functional.api.test_plans import SSH, applied, exported, planned

from weft.store.tokens import Role


def numbers(found: Any) -> list[int]:  # noqa: ANN401 - JSON
    return [item["moment"]["revision"] for item in found["items"]]


def test_revisions_are_listed_newest_first_in_pages(rest: Rest) -> None:
    first, opened, closed = ssh_opens_and_closes(rest)

    newest = got(rest, "/revisions", limit=2)
    older = got(rest, "/revisions", limit=2, before=newest["next_before"])

    assert numbers(newest) == [closed, opened]
    assert numbers(older)[0] == first
    (change,) = newest["items"][0]["changes"]
    assert (change["kind"], change["name"], change["action"]) == ("policies", "ssh", "change")


def test_a_large_revision_tells_its_first_changes_and_counts_the_rest(rest: Rest) -> None:
    applied(rest, OPEN)

    (item, *_) = got(rest, "/revisions")["items"]

    assert len(item["changes"]) == 10
    assert item["count"] > 10


def test_revisions_are_found_by_author_kind_and_object(rest: Rest) -> None:
    _, opened, closed = ssh_opens_and_closes(rest)
    policy = got(rest, "/policies/ssh", project="default")["id"]

    assert numbers(got(rest, "/revisions", object=policy)) == [closed, opened]
    assert opened in numbers(got(rest, "/revisions", kind="policies"))
    assert opened not in numbers(got(rest, "/revisions", kind="hosts"))
    assert numbers(got(rest, "/revisions", author="nobody")) == []
    assert rest.get("/revisions", params={"kind": "cats"}).json()["field"] == "kind"


def test_one_revision_tells_its_objects_and_what_it_opened(rest: Rest) -> None:
    _, opened, closed = ssh_opens_and_closes(rest)

    found = got(rest, f"/revisions/{opened}")

    assert found["newest"] == closed
    assert [one["name"] for one in found["objects"]] == ["ssh"]
    assert [sentence[:12] for sentence in found["reachability"]["sentences"]] == ["opens tcp/22"]


def test_a_member_sees_what_it_opened_in_its_own_project_and_nothing_of_others(rest: Rest) -> None:
    _, opened, _ = ssh_opens_and_closes(rest)
    everybodys = got(rest, f"/revisions/{opened}")["reachability"]
    for role in (Role.MEMBER, Role.VIEWER):
        own = rest.with_token(role, project="default")
        assert got(own, f"/revisions/{opened}")["reachability"] == everybodys
        assert got(own, "/diff", old=opened - 1, new=opened)["reachability"] == everybodys

    stranger = rest.with_token(Role.MEMBER, project="other")
    found = got(stranger, "/diff", old=opened - 1, new=opened)["reachability"]
    assert found == {"opened": {}, "closed": {}, "shifts": [], "left_out": 0, "sentences": []}


def test_a_revision_of_two_projects_tells_each_its_own(rest: Rest) -> None:
    ports = "[{name: secret-1, network: net}, {name: secret-2, network: net}]"
    net = "networks: [{name: net, subnets: [{cidr: 10.9.0.0/24}]}]"
    applied(rest, f"{OPEN}  - name: other\n    {net}\n    ports: {ports}\n")
    path = f"/revisions/{rest.store.revision}"

    whole, mine, others = (
        got(who, path)["reachability"]
        for who in (rest, *(rest.with_token(Role.VIEWER, project=name) for name in ("default", "other")))
    )

    assert mine["opened"]["4"] + others["opened"]["4"] == whole["opened"]["4"]
    assert others["opened"]["4"] == 2
    assert "secret" not in str(mine)
    assert "web" not in str(others)


def test_the_first_revision_is_told_like_the_others(rest: Rest) -> None:
    found = got(rest, "/revisions/1")

    assert found["moment"]["revision"] == 1
    assert rest.get("/revisions/0").status_code == 404
    assert rest.get(f"/revisions/{rest.store.revision + 1}").status_code == 404


def test_a_member_sees_the_revisions_of_its_own_project_alone(rest: Rest) -> None:
    ssh_opens_and_closes(rest)
    stranger = rest.with_token(Role.MEMBER, project="other")

    assert "default" not in str(got(stranger, "/revisions"))
    assert stranger.get(f"/revisions/{rest.store.revision}").status_code == 404
    assert stranger.get("/revisions", params={"project": "default"}).status_code == 404


def test_a_revision_is_taken_back_by_a_plan(rest: Rest) -> None:
    _, opened, closed = ssh_opens_and_closes(rest)
    before = exported(rest)

    plan = planned(rest, "", revert=closed)

    assert exported(rest) == before
    assert plan["reachability"]["sentences"][0].startswith("opens tcp/22")
    done = rest.post("/apply", {"revert": closed, "base": plan["base"]}).json()
    assert [one["name"] for one in done["objects"]] == ["ssh"]
    assert exported(rest) == got(rest, "/description", project="default", at=str(opened))["text"]


def test_what_somebody_built_on_is_not_planned_to_be_taken_back(rest: Rest) -> None:
    _, opened, _ = ssh_opens_and_closes(rest)

    answer = rest.post("/plan", {"revert": opened})

    assert (answer.status_code, answer.json()["field"]) == (409, "revert")


def test_a_policy_is_renamed_and_changed_by_one_plan_and_stays_itself(rest: Rest) -> None:
    ssh_opens_and_closes(rest)
    before = got(rest, "/policies/ssh", project="default")
    body = {
        "text": SSH.replace("name: ssh", "name: shell"),
        "rename_policies": {"ssh": "shell"},
        "project": "default",
    }

    plan = rest.post("/plan", body).json()
    assert got(rest, "/policies/ssh", project="default") == before
    rest.post("/apply", {**body, "base": plan["base"]})

    after = got(rest, "/policies/shell", project="default")
    assert after["id"] == before["id"]
    assert plan["reachability"]["sentences"][0].startswith("opens tcp/22")
    assert rest.get("/policies/ssh", params={"project": "default"}).status_code == 404


def test_a_policy_is_removed_by_a_plan(rest: Rest) -> None:
    applied(rest, OPEN)
    applied(rest, SSH)
    body = {"remove_policies": ["ssh"], "project": "default"}

    plan = rest.post("/plan", body).json()

    assert [(one["action"], one["name"]) for one in plan["objects"]] == [("remove", "ssh")]
    assert rest.post("/apply", {**body, "base": plan["base"]}).status_code == 200
    assert rest.post("/plan", body).json()["field"] == "remove_policies"


def test_an_administrators_policy_is_not_renamed_or_removed_by_a_member(rest: Rest) -> None:
    applied(rest, OPEN)
    applied(rest, SSH.replace("order: 1", "tier: admin"))
    member = rest.with_token(Role.MEMBER, project="default")

    for body in ({"rename_policies": {"ssh": "mine"}}, {"remove_policies": ["ssh"]}):
        assert member.post("/plan", body).status_code == 403
