"""Who may see and do what: each caller against the whole API, on SQLite."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from weft.api.app import create_app
from weft.model.ids import HostName
from weft.store import Limits, Store, hosts, networks, tokens
from weft.store.networks import NewNetwork
from weft.store.tokens import Role


class Api:
    """The application, and a token of each role; `red` is a project that only its member may see."""

    def __init__(self, place: Path) -> None:
        self.store = Store.open(
            f"sqlite:///{place}/weft.db",
            now=lambda: datetime.now(UTC),
            new_id=uuid4,
            limits=Limits.of("vxlan"),
        )
        with self.store.write("test") as tx:
            red = networks.add_project(tx, name="red")
            blue = networks.add_project(tx, name="blue")
            self.secret = networks.add_network(tx, NewNetwork(project_id=red.id, name="secret"))
            hosts.add_host(tx, name=HostName("h1"))
            hosts.add_host(tx, name=HostName("h2"))
        with self.store.write("test") as tx:
            self.tokens = {
                "admin": tokens.issue(tx, role=Role.ADMIN, name="root"),
                "blue": tokens.issue(tx, role=Role.MEMBER, name="b", project_id=blue.id),
                "viewer": tokens.issue(tx, role=Role.VIEWER, name="v", project_id=red.id),
                "h1": tokens.issue(tx, role=Role.HOST, name="h1", host=HostName("h1")),
            }
        self._app = create_app(
            store=self.store,
            caller_of=lambda token: tokens.find(self.store, token, datetime.now(UTC)),
        )

    def __call__(self, who: str, method: str, path: str, body: object = None) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://weft/api/v1") as http:
                token = self.tokens.get(who, "wrong")
                return await http.request(
                    method, path, json=body, headers={"Authorization": f"Bearer {token}"}
                )

        return asyncio.run(call())


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


@pytest.mark.parametrize("kind", ["projects", "networks", "subnets", "ports", "groups", "policies"])
def test_a_host_lists_nothing_that_is_not_its_own(api: Api, kind: str) -> None:
    assert api("h1", "GET", f"/{kind}").status_code == 403


def test_a_host_acts_for_itself_only(api: Api) -> None:
    assert api("h1", "GET", "/hosts/h1/networks").status_code == 200
    assert api("h1", "GET", "/hosts/h2/networks").status_code == 403


def test_a_member_does_not_see_another_project(api: Api) -> None:
    listed = api("blue", "GET", "/networks").json()["items"]

    assert listed == []
    assert api("blue", "GET", "/networks?project=red").status_code == 404
    assert api("blue", "GET", f"/networks/{api.secret.id}").status_code == 404
    assert api("blue", "DELETE", f"/networks/{api.secret.id}").status_code == 404


def test_a_viewer_sees_its_project_and_changes_nothing(api: Api) -> None:
    assert [n["name"] for n in api("viewer", "GET", "/networks").json()["items"]] == ["secret"]
    assert api("viewer", "POST", "/networks", {"name": "mine"}).status_code == 403
    assert api("viewer", "DELETE", "/networks/secret").status_code == 403


def test_a_wrong_token_gets_a_problem_that_says_what_to_do(api: Api) -> None:
    answer = api("nobody", "GET", "/networks")

    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    assert "ask an administrator" in answer.json()["detail"]


def test_a_typo_is_refused_with_the_field_and_changes_nothing(api: Api) -> None:
    before = api.store.revision

    answer = api("admin", "POST", "/networks", {"name": "n", "subnett": []})

    assert (answer.status_code, answer.json()["field"]) == (422, "subnett")
    assert api.store.revision == before
