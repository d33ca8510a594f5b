"""What a host may ask for when a person plugs a port there."""

from typing import Any

import httpx
import pytest
from tests.functional.api.rest import Rest

from weft.store.tokens import Role

NET = {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]}
ADDRESS = "10.1.0.20"


@pytest.fixture
def h1(rest: Rest) -> Rest:
    rest.made("/networks", NET)
    return rest.with_token(Role.HOST, host="h1")


def ask(agent: Rest, name: str, host: str = "h1", **more: object) -> httpx.Response:
    return agent.post(f"/hosts/{host}/plug", {"name": name, **more})


def plug(agent: Rest, name: str, host: str = "h1", **more: object) -> Any:  # noqa: ANN401 - JSON
    answer = ask(agent, name, host, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_port_that_is_not_there_is_made_on_the_network_that_is_named(rest: Rest, h1: Rest) -> None:
    made = plug(h1, "vm1", network="net", labels={"app": "db"}, addresses=[ADDRESS])

    port = rest.get("/ports/vm1").json()
    assert (made["created"], made["port"]["id"]) == (True, port["id"])
    assert (port["kind"], port["host"], port["labels"]) == ("vm", "h1", {"app": "db"})
    assert port["fixed_ips"][0]["address"] == ADDRESS
    assert port["workload"] == {
        "runtime": "manual",
        "engine": "h1",
        "id": port["id"],
        "name": "vm1",
        "image": "",
    }
    assert made["network"]["mtu"] == 1500 - 58


def test_plugging_the_same_again_makes_no_revision(rest: Rest, h1: Rest) -> None:
    first = plug(h1, "vm1", network="net", labels={"app": "db"})
    before = rest.store.revision

    again = plug(h1, "vm1", network="net", labels={"app": "db"})
    by_id = plug(h1, first["port"]["id"])

    assert [first["port"]["id"]] * 2 == [again["port"]["id"], by_id["port"]["id"]]
    assert (again["created"], by_id["port"]["labels"]) == (False, {"app": "db"})
    assert rest.store.revision == before == by_id["revision"]


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_declared_port_is_plugged_and_waits_again_after(rest: Rest, h1: Rest, by: str) -> None:
    declared = rest.made(
        "/ports", {"network": "net", "name": "db", "kind": "baremetal", "labels": {"a": "1"}}
    )

    told = plug(h1, declared[by], labels={"b": "2"})["port"]
    assert (told["id"], told["kind"], told["host"]) == (declared["id"], "baremetal", "h1")
    assert told["labels"] == {"a": "1", "b": "2"}
    assert h1.delete(f"/hosts/h1/ports/{told['id']}").status_code == 204

    kept = rest.get("/ports/db").json()
    assert (kept["host"], kept["workload"], kept["labels"]) == (None, None, {"a": "1"})


def test_a_plugged_port_that_was_not_declared_goes_when_it_is_unplugged(rest: Rest, h1: Rest) -> None:
    made = plug(h1, "vm1", network="net")["port"]

    h1.delete(f"/hosts/h1/ports/{made['id']}")

    assert rest.get("/ports/vm1").status_code == 404


def test_a_host_that_is_retired_keeps_declared_ports_that_were_plugged_there(rest: Rest, h1: Rest) -> None:
    rest.made("/ports", {"network": "net", "name": "db", "labels": {"a": "1"}})
    plug(h1, "db", labels={"b": "2"})
    plug(h1, "vm1", network="net")

    answer = rest.post("/hosts/h1/retire", {}).json()

    assert (answer["removed_ports"], answer["unbound_ports"]) == (1, 1)
    kept = rest.get("/ports/db").json()
    assert (kept["host"], kept["workload"], kept["labels"]) == (None, None, {"a": "1"})
    assert rest.get("/ports/vm1").status_code == 404


def test_a_port_is_plugged_on_one_host(rest: Rest, h1: Rest) -> None:
    plug(h1, "vm1", network="net")
    h2 = rest.with_token(Role.HOST, host="h2")

    refused = ask(h2, "vm1", "h2", network="net")

    assert (refused.status_code, refused.json()["code"]) == (409, "already_bound")
    assert "bound to host h1; unplug it there" in refused.json()["detail"]


def test_a_containers_port_is_not_plugged_by_hand(rest: Rest, h1: Rest) -> None:
    docker = {"runtime": "docker", "engine": "e1", "id": "c1", "name": "web"}
    h1.post("/hosts/h1/attach", {"network": "net", "name": "web", "workload": docker})
    before = rest.store.revision

    refused = ask(h1, "web")

    assert (refused.status_code, refused.json()["field"]) == (409, "name")
    assert "docker's web" in refused.json()["detail"]
    assert rest.store.revision == before


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"name": "nobody"}, 404, "name"),
        ({"name": "5fbd8d0e-6d32-4d6e-8f8f-000000000001", "network": "net"}, 404, "name"),
        ({"name": "vm1", "network": "nowhere"}, 404, "network"),
        ({"name": "vm1", "network": "net", "project": "strange"}, 404, "project"),
        ({"name": "here", "network": "other"}, 409, "network"),
        ({"name": "here", "mac": "02:00:00:00:00:99"}, 409, "mac"),
        ({"name": "here", "addresses": ["10.1.0.77"]}, 409, "addresses"),
        ({"name": "a/b", "network": "net"}, 422, "name"),
        ({"name": "vm1", "network": "net", "colour": "red"}, 422, "colour"),
    ],
)
def test_a_plug_that_cannot_be_is_refused_and_changes_nothing(
    rest: Rest, h1: Rest, body: dict[str, object], status: int, field: str
) -> None:
    rest.made("/networks", {"name": "other", "subnets": [{"cidr": "10.2.0.0/24"}]})
    rest.made("/ports", {"network": "net", "name": "here"})
    before = rest.store.revision

    answer = h1.post("/hosts/h1/plug", body)

    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    assert rest.store.revision == before


def test_a_host_plugs_nothing_of_projects_that_it_does_not_serve(rest: Rest, h1: Rest) -> None:
    rest.made("/projects", {"name": "shop"})
    rest.made("/networks", {**NET, "project": "shop"})
    hidden = rest.made("/ports", {"network": "net", "project": "shop", "name": "db"})

    assert ask(h1, hidden["id"]).status_code == 404
    assert ask(h1, "db").status_code == 404
    assert ask(h1, "db", project="shop").status_code == 404
