"""Who may reach what."""

from tests.functional.api.rest import Rest

from weft.model.invitation import Invitation
from weft.store.tokens import Role

NET = {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]}


def test_nobody_comes_in_without_a_token(rest: Rest) -> None:
    for token in (None, "wrong", "x" * 5000):
        answer = rest.as_(token).get("/networks")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_health_metrics_and_the_description_need_no_token(rest: Rest) -> None:
    nobody = rest.as_(None)
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        assert nobody.get(path, root=True).status_code == 200
    assert "weft_revision " in nobody.get("/metrics", root=True).text
    assert 'weft_ports{state="up"} 0' in nobody.get("/metrics", root=True).text


def test_a_member_cannot_see_or_touch_another_project(rest: Rest) -> None:
    foreign = rest.made("/networks", {**NET, "project": "other"})
    rest.made("/ports", {"network": "net", "project": "other", "name": "p"})
    member = rest.with_token(Role.MEMBER, project="default")

    assert member.get("/networks").json()["items"] == []
    assert member.get("/ports").json()["items"] == []
    assert member.get("/projects").json()["items"][0]["name"] == "default"
    tries = [
        member.get(f"/networks/{foreign['id']}"),
        member.get("/networks", params={"project": "other"}),
        member.get("/networks/net", params={"project": "other"}),
        member.patch(f"/networks/{foreign['id']}", {"description": "mine"}),
        member.delete(f"/networks/{foreign['id']}"),
        member.post("/ports", {"network": foreign["id"]}),
        member.post("/networks", {**NET, "project": "other"}),
        member.post("/subnets", {"network": foreign["id"], "cidr": "10.2.0.0/24"}),
        member.get("/projects/other"),
    ]
    assert [answer.status_code for answer in tries] == [404] * len(tries)
    changes = member.get("/changes", headers={"Accept": "application/json"}).json()["items"]
    assert foreign["project_id"] not in {change["project_id"] for change in changes}


def test_a_member_works_in_its_own_project_without_naming_it(rest: Rest) -> None:
    member = rest.with_token(Role.MEMBER, project="other")

    assert member.made("/networks", NET)["project"] == "other"
    assert member.get("/networks/net").json()["name"] == "net"


def test_a_viewer_looks_and_changes_nothing(rest: Rest) -> None:
    rest.made("/networks", NET)
    viewer = rest.with_token(Role.VIEWER, project="default")

    assert viewer.get("/networks/net").status_code == 200
    assert viewer.post("/networks", {"name": "n"}).status_code == 403
    assert viewer.delete("/networks/net").status_code == 403


def test_what_binds_projects_is_for_administrators(rest: Rest) -> None:
    member = rest.with_token(Role.MEMBER, project="default")
    rest.made("/networks", NET)
    rest.made("/policies", {"name": "law", "tier": "admin"})

    tries = [
        member.post("/projects", {"name": "mine"}),
        member.post("/policies", {"name": "p", "tier": "admin"}),
        member.patch("/policies/law", {"order": 1}),
        member.delete("/policies/law"),
        member.post("/ports", {"network": "net", "port_security": False}),
        member.get("/hosts"),
        member.post("/join-tokens", {}),
        member.get("/hosts/h1/networks"),
    ]
    assert [answer.status_code for answer in tries] == [403] * len(tries)


def test_a_host_reaches_only_itself(rest: Rest) -> None:
    h1 = rest.with_token(Role.HOST, host="h1")

    assert h1.get("/hosts/h1/networks").status_code == 200
    assert h1.get("/hosts/h1").status_code == 200
    tries = [
        h1.get("/hosts/h2/networks"),
        h1.post("/hosts/h2/heartbeat", {}),
        h1.get("/networks"),
        h1.get("/changes"),
        h1.post("/networks", NET),
        h1.patch("/hosts/h1", {"projects": ["other"]}),
    ]
    assert [answer.status_code for answer in tries] == [403] * len(tries)


def test_a_join_token_works_once_and_the_host_can_then_act(rest: Rest) -> None:
    join = rest.made("/join-tokens", {"host": "new", "projects": ["default"]})
    nobody = rest.as_(None)

    secret = Invitation.parse(join["token"]).secret
    wrong = nobody.post("/hosts/join", {"token": secret, "host": "another"})
    first = nobody.post("/hosts/join", {"token": secret, "host": "new"})
    again = nobody.post("/hosts/join", {"token": secret, "host": "new"})

    assert join["token"] in join["command"]
    assert (wrong.status_code, first.status_code, again.status_code) == (401, 200, 401)
    host = rest.as_(first.json()["host_token"])
    assert host.post("/hosts/new/heartbeat", {"agent_version": "1", "cpus": 4}).is_success
    shown = rest.get("/hosts/new").json()
    assert shown["status"]["alive"] is True
    assert shown["projects"] == ["default"]
    assert shown["status"]["details"] == {"cpus": 4}
    assert rest.delete("/hosts/new").status_code == 204
    assert host.get("/hosts/new/networks").status_code == 401
