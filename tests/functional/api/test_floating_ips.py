"""Floating IPs through the API: whom they lead to, what they keep, and what is refused while they do."""

from typing import Any

import pytest
from tests.functional.api.rest import Rest

from weft.model.host import Host
from weft.model.ids import HostName
from weft.model.port import Workload
from weft.store import ports
from weft.store.hosts import change_host
from weft.store.ports import NewPort
from weft.store.tokens import Role

DESCRIBED = """
projects:
  - name: default
    networks:
      - name: internet
        physical_network: {name: physnet1}
        subnets: [{cidr: 203.0.113.0/24}]
      - {name: web, subnets: [{cidr: 10.1.0.0/24}]}
    routers:
      - {name: shop, networks: [web], gateway: {network: internet, address: 203.0.113.9}}
    ports:
      - {name: web-1, network: web, addresses: [10.1.0.5]}
      - {name: web-2, network: web, addresses: [10.1.0.6]}
    floating_ips:
      - {name: front, network: internet, address: 203.0.113.7, port: web-1}
"""


@pytest.fixture
def shop(rest: Rest) -> Rest:
    """`web-1` and `web-2` on `web`, which `shop` leads out by `internet`; nobody leads `lone` out."""
    with rest.store.write("test") as tx:
        tx.put(Host(name=HostName("h1")))
        change_host(tx, HostName("h1"), physical_networks=frozenset({"physnet1"}))
    physical = {"name": "physnet1"}
    rest.made(
        "/networks",
        {"name": "internet", "subnets": [{"cidr": "203.0.113.0/24"}], "physical_network": physical},
    )
    rest.made("/networks", {"name": "web", "subnets": [{"cidr": "10.1.0.0/24"}]})
    rest.made("/networks", {"name": "lone", "subnets": [{"cidr": "10.2.0.0/24"}, {"cidr": "fd02::/64"}]})
    rest.made("/routers", {"name": "shop", "networks": ["web"]})
    rest.put("/routers/shop/gateway", {"network": "internet", "address": "203.0.113.9"})
    for name in ("web-1", "web-2"):
        rest.made("/ports", {"network": "web", "name": name})
    rest.made("/ports", {"network": "lone", "name": "lone-1"})
    return rest


def refused(answer: Any, status: int, code: str) -> str:  # noqa: ANN401 - httpx's
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    return str(problem["detail"])


def test_a_floating_ip_is_made_led_led_elsewhere_and_given_back(shop: Rest) -> None:
    made = shop.made("/floating-ips", {"network": "internet", "port": "web-1"})
    assert (made["name"], made["address"], made["network"]) == ("203.0.113.2", "203.0.113.2", "internet")
    assert (made["port"], made["port_address"]) == ("web-1", "10.1.0.2")

    moved = shop.patch("/floating-ips/203.0.113.2", {"port": "web-2", "name": "front"}).json()
    assert (moved["name"], moved["port"], moved["address"]) == ("front", "web-2", "203.0.113.2")
    left = shop.patch("/floating-ips/front", {"port": None}).json()
    assert (left["port"], left["port_address"], left["address"]) == (None, None, "203.0.113.2")

    assert shop.get("/floating-ips").json()["items"] == [left]
    assert shop.get("/floating-ips/front").headers["ETag"] == f'"{left["revision"]}"'
    stale = shop.patch("/floating-ips/front", {"port": "web-1"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert shop.delete("/floating-ips/front").status_code == 204
    assert shop.made("/floating-ips", {"network": "internet"})["address"] == "203.0.113.2"


@pytest.mark.parametrize(
    ("asked", "code", "field", "said"),
    [
        ({"network": "web"}, "conflict", "network", "network web is not external"),
        ({"address": "203.0.113.9"}, "address_in_use", "address", "router shop"),
        ({"address": "203.0.113.1"}, "address_in_use", "address", "the gateway of the subnet"),
        ({"address": "203.0.113.255"}, "invalid", "address", "first or last address"),
        ({"address": "198.51.100.1"}, "invalid", "address", "on no subnet of network internet"),
        ({"port": "lone-1"}, "conflict", "port", "no router leads from network lone of port lone-1"),
        ({"port": "nobody"}, "not_found", "port", "no port"),
        ({"name": "taken"}, "name_taken", "name", "already has a floating IP"),
        ({"port": "web-2"}, "conflict", "port", "has floating IP taken already"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    shop: Rest, asked: dict[str, str], code: str, field: str, said: str
) -> None:
    shop.made("/floating-ips", {"network": "internet", "name": "taken", "port": "web-2"})
    before = shop.store.revision

    answer = shop.post("/floating-ips", {"network": "internet", **asked})

    assert answer.json()["code"] == code, answer.text
    assert answer.json()["field"] == field
    assert said in answer.json()["detail"]
    assert shop.store.revision == before


def test_an_address_outside_is_given_once(shop: Rest) -> None:
    shop.made("/floating-ips", {"network": "internet", "address": "203.0.113.7", "name": "front"})

    again = shop.post("/floating-ips", {"network": "internet", "address": "203.0.113.7"})
    port = shop.post("/ports", {"network": "internet", "addresses": ["203.0.113.7"]})
    gateway = shop.put("/routers/shop/gateway", {"network": "internet", "address": "203.0.113.7"})
    subnets = shop.get("/networks/internet").json()["subnets"]
    moved = shop.patch(f"/subnets/{subnets[0]['id']}", {"gateway": "203.0.113.7"})

    for answer in (again, port, gateway, moved):
        assert "floating IP front" in refused(answer, 409, "address_in_use")


def test_what_a_floating_ip_needs_stays_while_it_is_needed(shop: Rest) -> None:
    shop.made("/floating-ips", {"network": "internet", "name": "front", "port": "web-1"})
    before = shop.store.revision

    for answer in (
        shop.delete("/ports/web-1"),
        shop.delete("/routers/shop/gateway"),
        shop.delete("/routers/shop/networks/web"),
        shop.patch("/routers/shop", {"networks": []}),
        shop.delete("/networks/internet"),
        shop.patch("/networks/internet", {"physical_network": None}),
        shop.delete(f"/subnets/{shop.get('/networks/internet').json()['subnets'][0]['id']}"),
        shop.delete("/projects/default"),
    ):
        assert "floating IP front" in refused(answer, 409, "still_in_use")
    assert shop.store.revision == before

    shop.patch("/floating-ips/front", {"port": None})
    assert shop.delete("/ports/web-1").status_code == 204
    assert shop.delete("/routers/shop/gateway").status_code == 200


def test_a_workload_that_ends_leaves_its_floating_ip_to_the_next(shop: Rest) -> None:
    workload = Workload(runtime="docker", engine="e", id="c1")
    network = next(n for n in shop.store.snapshot().networks.values() if n.name == "web")
    with shop.store.write("test") as tx:
        asked = NewPort(project_id=network.project_id, network_id=network.id, name="c1", workload=workload)
        port, _ = ports.attach(tx, asked)
    shop.made("/floating-ips", {"network": "internet", "name": "front", "port": "c1"})

    with shop.store.write("test") as tx:
        ports.release(tx, port.id)

    left = shop.get("/floating-ips/front").json()
    assert (left["port"], left["address"]) == (None, "203.0.113.2")


def test_a_floating_ip_belongs_to_one_project_and_its_network_to_another(shop: Rest) -> None:
    stranger = shop.with_token(Role.MEMBER, project="other")
    shop.made("/floating-ips", {"network": "internet", "name": "front", "port": "web-1"})

    assert stranger.get("/floating-ips").json()["items"] == []
    assert stranger.get("/floating-ips/front").status_code == 404
    mine = stranger.made("/floating-ips", {"network": "internet"})
    assert (mine["project"], mine["address"]) == ("other", "203.0.113.3")
    refused(stranger.patch(f"/floating-ips/{mine['name']}", {"port": "web-2"}), 404, "not_found")
    reader = shop.with_token(Role.VIEWER, project="default")
    assert reader.delete("/floating-ips/front").status_code == 403


def explained(rest: Rest, source: object, destination: object) -> Any:  # noqa: ANN401 - JSON
    traffic = {"protocol": "tcp", "port": 80}
    answer = rest.post("/explain", {"source": source, "destination": destination, "traffic": traffic})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_address_outside_that_asks_a_floating_ip_is_judged_at_its_port(shop: Rest) -> None:
    shop.made("/floating-ips", {"network": "internet", "name": "front", "port": "web-1"})
    outside, front = {"address": "198.51.100.7"}, {"address": "203.0.113.2"}

    closed = explained(shop, outside, front)
    shop.patch("/networks/web", {"default_ingress": "allow"})
    opened = explained(shop, outside, front)

    assert (closed["passes"], opened["passes"]) == (False, True)
    assert opened["verdicts"][0]["ingress"]["endpoint"] == "web-1"
    assert opened["verdicts"][0]["sentences"][-1] == (
        "floating IP front (203.0.113.2) is translated to 10.1.0.2 of web-1 (NAT)."
    )
    shop.patch("/floating-ips/front", {"port": None})
    nowhere = shop.post(
        "/explain", {"source": outside, "destination": front, "traffic": {"protocol": "tcp", "port": 80}}
    )
    assert "two addresses say nothing" in refused(nowhere, 422, "invalid")


def test_who_asks_a_floating_ip_from_inside_comes_in_from_outside(shop: Rest) -> None:
    shop.made("/floating-ips", {"network": "internet", "name": "front", "port": "web-1"})
    direct = explained(shop, {"port": "web-2"}, {"port": "web-1"})
    around = explained(shop, {"port": "web-2"}, {"address": "203.0.113.2"})
    assert (direct["passes"], around["passes"]) == (True, False), "web-1 lets in its own network alone"

    shop.patch("/networks/web", {"default_ingress": "allow"})
    around = explained(shop, {"port": "web-2"}, {"address": "203.0.113.2"})
    alone = explained(shop, {"port": "lone-1"}, {"address": "203.0.113.2"})

    assert around["verdicts"][0]["sentences"][-1] == "There 10.1.0.3 of web-2 is seen as 203.0.113.9 (NAT)."
    assert (around["passes"], alone["passes"]) == (True, False), "no gateway leads lone-1 out"


def applied(rest: Rest, text: str, **more: object) -> Any:  # noqa: ANN401 - JSON
    answer = rest.post("/apply", {"text": text, "base": rest.store.revision, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_floating_ip_is_described_exported_and_pruned(rest: Rest) -> None:
    with rest.store.write("test") as tx:
        tx.put(Host(name=HostName("h1")))
        change_host(tx, HostName("h1"), physical_networks=frozenset({"physnet1"}))
    applied(rest, DESCRIBED)
    assert rest.get("/floating-ips/front").json()["port"] == "web-1"
    exported = rest.get("/description", params={"project": "default"}).json()["text"]
    assert rest.post("/plan", {"text": exported, "prune": True}).json()["objects"] == []

    elsewhere = DESCRIBED.replace("port: web-1", "port: web-2").replace(
        "      - {name: web-1, network: web, addresses: [10.1.0.5]}\n", ""
    )
    applied(rest, elsewhere, prune=True)
    assert rest.get("/floating-ips/front").json()["port"] == "web-2"
    assert rest.get("/ports/web-1").status_code == 404

    without = elsewhere[: elsewhere.index("    floating_ips:")].replace(
        ", gateway: {network: internet, address: 203.0.113.9}", ""
    )
    applied(rest, without, prune=True)
    assert rest.get("/floating-ips").json()["items"] == []
    assert rest.get("/routers/shop").json()["gateway"] is None
