"""A bare-metal machine's VLAN: whose it is, what is refused, and what its host is told."""

import httpx
import pytest
from tests.functional.api.rest import Rest

from weft.store.tokens import Role

VLAN = {"name": "physnet1", "vlan": 120}
PRINTER = {"network": "net", "name": "printer", "kind": "baremetal", "host": "h1", "physical_network": VLAN}


@pytest.fixture
def h1(rest: Rest) -> Rest:
    rest.made("/networks", {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]})
    return rest.with_token(Role.HOST, host="h1")


def refused(rest: Rest, answer: httpx.Response, status: int, field: str, *words: str) -> None:
    """A problem that names the field, and nothing changed."""
    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (status, field), problem
    assert all(word in problem["detail"] for word in words), problem["detail"]
    names = [port["name"] for port in rest.get("/ports").json()["items"]]
    assert names in ([], ["printer"])


def test_the_port_shows_its_vlan_and_its_host_is_told(rest: Rest, h1: Rest) -> None:
    made = rest.made("/ports", PRINTER)

    assert (made["physical_network"], made["host"], made["kind"]) == (VLAN, "h1", "baremetal")
    told = h1.get("/hosts/h1/machines").json()["items"]
    assert told == [{"port_id": made["id"], "physical_network": "physnet1", "vlan": 120}]


def test_no_other_host_is_told(rest: Rest, h1: Rest) -> None:
    rest.made("/ports", PRINTER)
    h2 = rest.with_token(Role.HOST, host="h2")

    assert h2.get("/hosts/h2/machines").json()["items"] == []
    assert h2.get("/hosts/h1/machines").status_code == 403
    assert h1.get("/hosts/h1/machines").json()["items"] != []


@pytest.mark.usefixtures("h1")
def test_a_vlan_of_a_host_belongs_to_one_machine(rest: Rest) -> None:
    rest.made("/ports", PRINTER)

    answer = rest.post("/ports", {**PRINTER, "name": "other"})

    refused(rest, answer, 409, "physical_network", "printer", "VLAN 120")


@pytest.mark.usefixtures("h1")
def test_the_same_vlan_number_elsewhere_is_another_vlan(rest: Rest) -> None:
    rest.with_token(Role.HOST, host="h2")
    rest.made("/ports", PRINTER)

    rest.made("/ports", {**PRINTER, "name": "there", "host": "h2"})
    rest.made("/ports", {**PRINTER, "name": "lan", "physical_network": {"name": "lan", "vlan": 120}})
    waiting = rest.made("/ports", {**PRINTER, "name": "waiting", "host": None})

    moved = rest.patch(f"/ports/{waiting['id']}", {"host": "h1"})
    assert (moved.status_code, moved.json()["field"]) == (409, "physical_network")
    rest.delete("/ports/printer")
    assert rest.patch(f"/ports/{waiting['id']}", {"host": "h1"}).json()["host"] == "h1"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "container"}, "kind"),
        ({"physical_network": {"name": "physnet1"}}, "vlan"),
        ({"physical_network": {"name": "physnet1", "vlan": 4095}}, "physical_network.vlan"),
        ({"physical_network": {"name": "host", "vlan": 5}}, "vlan"),
        ({"physical_network": {"name": "a b", "vlan": 5}}, "physical_network"),
    ],
)
@pytest.mark.usefixtures("h1")
def test_what_is_no_vlan_of_a_machine_is_refused(rest: Rest, change: dict[str, object], field: str) -> None:
    refused(rest, rest.post("/ports", {**PRINTER, **change}), 422, field)


@pytest.mark.usefixtures("h1")
def test_a_machines_vlan_is_no_external_network_and_the_other_way_round(rest: Rest) -> None:
    rest.made("/ports", PRINTER)
    outside = {"name": "outside", "subnets": [{"cidr": "203.0.113.0/24"}], "physical_network": VLAN}
    refused(rest, rest.post("/networks", outside), 409, "physical_network", "printer")
    refused(rest, rest.patch("/networks/net", {"physical_network": VLAN}), 409, "physical_network", "printer")

    rest.delete("/ports/printer")
    rest.made("/networks", outside)

    refused(rest, rest.post("/ports", PRINTER), 409, "physical_network", "outside")


@pytest.mark.usefixtures("h1")
def test_only_an_administrator_gives_a_vlan_away(rest: Rest) -> None:
    member = rest.with_token(Role.MEMBER, project="default")
    asked = {key: value for key, value in PRINTER.items() if key != "host"}

    assert member.post("/ports", asked).status_code == 403
    assert member.made("/ports", {**asked, "physical_network": None})["physical_network"] is None
    assert member.patch("/ports/printer", {"physical_network": VLAN}).status_code == 403


def test_no_workload_gets_a_machines_port_and_no_machine_a_workloads(rest: Rest, h1: Rest) -> None:
    rest.made("/ports", PRINTER)
    refused(rest, h1.post("/hosts/h1/plug", {"name": "printer"}), 409, "name", "VLAN 120")
    rest.delete("/ports/printer")

    plugged = h1.post("/hosts/h1/plug", {"name": "printer", "network": "net", "kind": "baremetal"}).json()

    refused(
        rest,
        rest.patch(f"/ports/{plugged['port']['id']}", {"physical_network": VLAN}),
        409,
        "physical_network",
        "manual",
    )


def test_an_interface_that_goes_takes_no_machine_with_it(rest: Rest, h1: Rest) -> None:
    made = rest.made("/ports", PRINTER)

    assert h1.delete(f"/hosts/h1/ports/{made['id']}/binding").status_code == 204

    assert rest.get("/ports/printer").json()["host"] == "h1"


def test_a_machine_is_taken_off_its_vlan_and_the_port_stays(rest: Rest, h1: Rest) -> None:
    rest.made("/ports", PRINTER)

    after = rest.patch("/ports/printer", {"physical_network": None}).json()

    assert (after["physical_network"], after["host"]) == (None, "h1")
    assert h1.get("/hosts/h1/machines").json()["items"] == []


@pytest.mark.usefixtures("h1")
def test_a_description_says_the_machine_and_makes_it_again(rest: Rest) -> None:
    rest.made("/ports", PRINTER)
    text = rest.get("/description").json()["text"]
    assert "vlan: 120" in text
    rest.delete("/ports/printer")

    applied = rest.post("/apply", {"text": text, "base": rest.store.revision})

    assert applied.status_code == 200, applied.text
    again = rest.get("/ports/printer").json()
    assert (again["physical_network"], again["host"]) == (VLAN, "h1")
    other = text.replace("vlan: 120", "vlan: 121")
    moved = rest.post("/apply", {"text": other, "base": rest.store.revision})
    assert moved.status_code == 200, moved.text
    assert rest.get("/ports/printer").json()["physical_network"]["vlan"] == 121
