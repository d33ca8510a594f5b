"""What virtual machines are told of themselves: declared with their port, told to their own host alone."""

import json
from base64 import b64encode
from typing import Any

import pytest
from tests.functional.api.rest import Rest
from tests.functional.api.test_agents import attach

from weft.model.guest import LARGEST_USER_DATA
from weft.model.ids import Revision
from weft.store.codec import to_json
from weft.store.tokens import Role

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUhA5 me@work"
SECRET = "#cloud-config\npassword: hunter2\n"
DATA = b64encode(SECRET.encode()).decode()
AT = "10.1.0.5"


@pytest.fixture
def network(rest: Rest) -> str:
    """The id of a network whose machines are told of themselves."""
    body = {"name": "net", "metadata": True, "subnets": [{"cidr": "10.1.0.0/24"}]}
    return str(rest.made("/networks", body)["id"])


@pytest.fixture
def h1(rest: Rest) -> Rest:
    return rest.with_token(Role.HOST, host="h1")


def a_machine(rest: Rest, name: str = "Db.1", host: str | None = "h1", **more: object) -> str:
    body = {"name": name, "network": "net", "kind": "vm", "host": host, "addresses": [AT], **more}
    return str(rest.made("/ports", body)["id"])


def test_a_machine_is_told_what_was_declared_with_its_port(rest: Rest, network: str, h1: Rest) -> None:
    port = a_machine(rest, ssh_keys=[f"{KEY}\n"], user_data=DATA)

    told = h1.get(f"/hosts/h1/metadata/{network}/{AT}").json()

    assert told["host_name"] == "db-1"
    assert (told["instance_id"], told["address"]) == (port, AT)
    assert (told["ssh_keys"], told["user_data"]) == ([KEY], DATA)


def test_a_host_answers_where_it_has_machines_and_nowhere_else(rest: Rest, network: str, h1: Rest) -> None:
    rest.made("/networks", {"name": "plain", "subnets": [{"cidr": "10.1.0.0/24"}]})
    rest.made("/ports", {"name": "vm", "network": "plain", "kind": "vm", "host": "h1"})
    rest.made("/ports", {"name": "web", "network": "net", "kind": "container", "host": "h1"})
    assert h1.get("/hosts/h1/metadata").json()["items"] == []

    a_machine(rest)

    (station,) = h1.get("/hosts/h1/metadata").json()["items"]
    assert (station["network_id"], station["prefixes"]) == (network, ["10.1.0.0/24"])
    rest.patch("/networks/net", {"metadata": False})
    assert h1.get("/hosts/h1/metadata").json()["items"] == []
    assert h1.get(f"/hosts/h1/metadata/{network}/{AT}").status_code == 404


def test_nobody_is_told_of_a_container_of_another_host_or_another_network(
    rest: Rest, network: str, h1: Rest
) -> None:
    other = rest.made("/networks", {"name": "other", "metadata": True})["id"]
    a_machine(rest, host="h2", user_data=DATA)
    rest.made("/ports", {"name": "web", "network": "net", "host": "h1", "addresses": ["10.1.0.6"]})

    asked = [(network, AT), (network, "10.1.0.6"), (network, "10.1.0.7"), (other, AT)]

    assert [h1.get(f"/hosts/h1/metadata/{n}/{a}").status_code for n, a in asked] == [404] * 4
    assert h1.get(f"/hosts/h2/metadata/{network}/{AT}").status_code == 403


def test_user_data_is_told_to_members_alone_and_stands_in_no_history(rest: Rest, network: str) -> None:
    del network
    port = a_machine(rest, user_data=DATA)
    member, viewer, host = (
        rest.with_token(Role.MEMBER, project="default"),
        rest.with_token(Role.VIEWER, project="default"),
        rest.with_token(Role.HOST, host="h1"),
    )

    assert member.get(f"/ports/{port}/user-data").json() == {"user_data": DATA}
    assert viewer.get(f"/ports/{port}/user-data").status_code == 403
    assert host.get(f"/ports/{port}/user-data").status_code == 403
    shown = rest.get(f"/ports/{port}").json()
    assert shown["user_data_bytes"] == len(SECRET)
    said = json.dumps([shown, [to_json(change) for change in rest.store.changes(Revision(0))]])
    assert DATA not in said
    assert "hunter2" not in said


def test_other_user_data_takes_the_place_of_what_was_there_and_none_takes_it_away(
    rest: Rest, network: str
) -> None:
    del network
    port = a_machine(rest, ssh_keys=[KEY], user_data=DATA)
    before = rest.get(f"/ports/{port}").json()["revision"]

    same = rest.patch(f"/ports/{port}", {"user_data": DATA}).json()
    assert same["revision"] == before, "the same again changes nothing"
    other = b64encode(b"#!/bin/sh\n").decode()
    assert rest.patch(f"/ports/{port}", {"user_data": other}).json()["revision"] > before
    assert rest.get(f"/ports/{port}/user-data").json() == {"user_data": other}

    gone = rest.patch(f"/ports/{port}", {"user_data": None, "ssh_keys": []}).json()
    assert (gone["ssh_keys"], gone["user_data_bytes"]) == ([], None)
    assert rest.get(f"/ports/{port}/user-data").json() == {"user_data": None}


def test_user_data_goes_with_its_port_and_does_not_come_back_with_it(
    rest: Rest, network: str, h1: Rest
) -> None:
    port = a_machine(rest, user_data=DATA)
    removed = int(rest.delete(f"/ports/{port}").headers["Weft-Revision"])

    assert rest.post("/revert", {"revision": removed}).status_code == 200

    assert rest.get(f"/ports/{port}/user-data").json() == {"user_data": None}
    rest.patch(f"/ports/{port}", {"host": "h1"})
    assert h1.get(f"/hosts/h1/metadata/{network}/{AT}").json()["user_data"] is None


def test_a_domain_that_says_what_its_machine_is_told_says_it_once(network: str, h1: Rest) -> None:
    told: dict[str, Any] = {"kind": "vm", "addresses": [AT], "ssh_keys": [KEY], "user_data": DATA}
    port = attach(h1, network="net", **told)["port"]
    again = attach(h1, network="net", **told)["port"]
    silent = attach(h1, network="net", kind="vm")["port"]

    assert port["revision"] == again["revision"] == silent["revision"]
    assert h1.get(f"/hosts/h1/metadata/{network}/{AT}").json()["user_data"] == DATA


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"user_data": b64encode(b"x" * (LARGEST_USER_DATA + 1)).decode()}, "user_data"),
        ({"user_data": "hunter2!"}, "user_data"),
        ({"ssh_keys": ["ssh-ed25519"]}, "ssh_keys.0"),
        ({"ssh_keys": [KEY, f"{KEY}\n{KEY}"]}, "ssh_keys.1"),
        ({"ssh_keys": [KEY] * 65}, "ssh_keys"),
    ],
)
def test_what_cannot_be_told_is_refused_and_a_secret_is_not_repeated(
    rest: Rest, network: str, told: dict[str, object], field: str
) -> None:
    del network
    answer = rest.post("/ports", {"name": "vm", "network": "net", "kind": "vm", **told})

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert "hunter2" not in answer.text
    assert "xxxx" not in answer.text
    assert rest.get("/ports").json()["items"] == []


def test_no_subnet_has_the_address_at_which_machines_ask(rest: Rest) -> None:
    answer = rest.post("/networks", {"name": "net", "subnets": [{"cidr": "169.254.0.0/16"}]})

    assert (answer.status_code, answer.json()["field"]) == (422, "cidr")
