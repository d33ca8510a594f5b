"""Ports of the tagged frames that another port carries: what they are, where they are, what is refused."""

import httpx
import pytest
from tests.functional.api.rest import Rest

from weft.store.tokens import Role

VOICE = {"network": "voice", "name": "vm1-voice", "kind": "vm", "trunk": {"port": "vm1", "vlan": 30}}


@pytest.fixture
def h1(rest: Rest) -> Rest:
    """A host; there is the declared port vm1 on the network net, and the network voice."""
    rest.made("/networks", {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]})
    rest.made("/networks", {"name": "voice", "subnets": [{"cidr": "10.2.0.0/24"}]})
    rest.made("/ports", {"network": "net", "name": "vm1", "kind": "vm"})
    return rest.with_token(Role.HOST, host="h1")


def refused(answer: httpx.Response, status: int, field: str | None, *words: str) -> None:
    problem = answer.json()
    assert (answer.status_code, problem.get("field")) == (status, field), problem
    assert all(word in problem["detail"] for word in words), problem["detail"]


@pytest.mark.usefixtures("h1")
def test_the_port_says_who_carries_it(rest: Rest) -> None:
    made = rest.made("/ports", VOICE)

    vm1 = rest.get("/ports/vm1").json()
    assert made["trunk"] == {"port_id": vm1["id"], "port": "vm1", "vlan": 30}
    assert (vm1["trunk"], made["network"], made["host"]) == (None, "voice", None)


def test_it_is_bound_where_its_trunk_is_and_goes_along(rest: Rest, h1: Rest) -> None:
    vm1 = rest.get("/ports/vm1").json()["id"]
    rest.made("/ports", VOICE)

    def where() -> str | None:
        host: str | None = rest.get("/ports/vm1-voice").json()["host"]
        return host

    h1.put(f"/hosts/h1/ports/{vm1}/binding", None)
    assert where() == "h1"
    late = rest.made("/ports", {**VOICE, "name": "late", "trunk": {"port": "vm1", "vlan": 31}})
    assert late["host"] == "h1"
    h1.delete(f"/hosts/h1/ports/{vm1}/binding")
    assert where() is None

    h1.post("/hosts/h1/plug", {"name": "vm1"})
    assert where() == "h1"
    h1.delete(f"/hosts/h1/ports/{vm1}")
    assert where() is None

    workload = {"runtime": "libvirt", "engine": "qemu", "id": "d", "name": "vm1"}
    asked = {"network": "net", "kind": "vm", "id": vm1, "workload": workload, "name": "vm1"}
    assert h1.post("/hosts/h1/attach", asked).status_code == 200
    assert where() == "h1"
    retired = rest.post("/hosts/h1/retire", {"force": True})
    assert (retired.status_code, where()) == (200, None)


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"trunk": {"port": "vm1", "vlan": 0}}, 422, "trunk.vlan"),
        ({"trunk": {"port": "vm1", "vlan": 4095}}, 422, "trunk.vlan"),
        ({"trunk": {"port": "vm1"}}, 422, "trunk.vlan"),
        ({"trunk": {"port": "nobody", "vlan": 30}}, 404, "trunk.port"),
        ({"trunk": {"port": "taken", "vlan": 30}}, 409, "trunk.port"),
        ({"trunk": {"port": "vm1", "vlan": 29}}, 409, "trunk.vlan"),
        ({"host": "h1"}, 422, "host"),
    ],
)
@pytest.mark.usefixtures("h1")
def test_what_is_no_trunk_is_refused_and_nothing_is_made(
    rest: Rest, change: dict[str, object], status: int, field: str
) -> None:
    rest.made("/ports", {**VOICE, "name": "taken", "trunk": {"port": "vm1", "vlan": 29}})

    refused(rest.post("/ports", {**VOICE, **change}), status, field)

    assert rest.get("/ports/vm1-voice").status_code == 404


def test_a_workloads_own_port_and_bare_metal_carry_nothing(rest: Rest, h1: Rest) -> None:
    h1.post("/hosts/h1/plug", {"name": "made", "network": "net"})
    physical = {"name": "lan", "vlan": 120}
    rest.made("/ports", {"network": "net", "name": "tin", "kind": "baremetal", "physical_network": physical})

    for carrier, words in (("made", "workload"), ("tin", "bare metal")):
        answer = rest.post("/ports", {**VOICE, "trunk": {"port": carrier, "vlan": 30}})
        refused(answer, 409, "trunk.port", words)


def test_nobody_plugs_or_binds_it_elsewhere(rest: Rest, h1: Rest) -> None:
    made = rest.made("/ports", VOICE)

    refused(h1.post("/hosts/h1/plug", {"name": "vm1-voice"}), 409, "name", "VLAN 30")
    refused(h1.put(f"/hosts/h1/ports/{made['id']}/binding", None), 409, "host", "VLAN 30")
    refused(rest.patch("/ports/vm1-voice", {"host": "h2"}), 409, "host", "VLAN 30")


@pytest.mark.usefixtures("h1")
def test_a_port_that_carries_others_stays_until_they_are_gone(rest: Rest) -> None:
    rest.made("/ports", VOICE)

    refused(rest.delete("/ports/vm1"), 409, None, "vm1-voice")
    rest.delete("/ports/vm1-voice")

    assert rest.delete("/ports/vm1").status_code == 204


@pytest.mark.usefixtures("h1")
def test_a_description_tells_it_and_makes_it_again_in_any_order(rest: Rest) -> None:
    rest.made("/ports", {**VOICE, "name": "a-voice"})
    text = rest.get("/description").json()["text"]
    bare = rest.post(
        "/apply", {"text": "projects: [{name: default}]", "prune": True, "base": rest.store.revision}
    )
    assert bare.status_code == 200, bare.text
    assert rest.get("/ports").json()["items"] == []

    applied = rest.post("/apply", {"text": text, "base": rest.store.revision})

    assert applied.status_code == 200, applied.text
    assert rest.get("/ports/a-voice").json()["trunk"]["vlan"] == 30
    other = text.replace("vlan: 30", "vlan: 31")
    refused(
        rest.post("/apply", {"text": other, "base": rest.store.revision}), 422, "projects.0.ports.0.trunk"
    )
