"""Published ports through the API: what an agent tells, what is shown and explained, and what is refused."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.functional.api.rest import Rest
from tests.functional.api.test_agents import WEB, attach

from weft.model.ids import HostName
from weft.store.hosts import change_host
from weft.store.tokens import Role

OUTSIDE = {"address": "198.51.100.7"}


@pytest.fixture
def h1(rest: Rest) -> Rest:
    """The agent of h1, with a network that leaves by its hosts."""
    with rest.store.write("test") as tx:
        change_host(tx, HostName("h1"), physical_networks=frozenset({"host"}))
    rest.made("/networks", {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]})
    rest.made("/routers", {"name": "default", "networks": ["net"], "gateway": {"network": "host"}})
    return rest.with_token(Role.HOST, host="h1")


def put(agent: Rest, port_id: str, *published: Mapping[str, object]) -> Any:  # noqa: ANN401 - httpx's
    return agent.ask("PUT", f"/hosts/h1/ports/{port_id}/published", {"published": list(published)})


def explained(rest: Rest, port: int) -> Any:  # noqa: ANN401 - JSON
    traffic = {"protocol": "tcp", "port": port}
    question = {"source": OUTSIDE, "destination": {"port": "web"}, "traffic": traffic}
    return rest.post("/explain", question).json()["verdicts"][0]


EIGHTY = {"host_port": 8080, "port": 80}


def test_what_is_published_is_shown_and_let_in_by_a_line_of_its_own(rest: Rest, h1: Rest) -> None:
    port = attach(h1)["port"]["id"]
    assert not explained(rest, 80)["passes"]

    assert put(h1, port, EIGHTY).status_code == 200

    shown = {"protocol": "tcp", "host_port": 8080, "port": 80, "host_address": None}
    assert rest.get("/ports/web").json()["published"] == [shown]
    verdict = explained(rest, 80)
    assert (verdict["passes"], verdict["ingress"]["line"]["origin"]) == (True, "published")
    assert not explained(rest, 81)["passes"]

    put(h1, port)
    assert rest.get("/ports/web").json()["published"] == []
    assert not explained(rest, 80)["passes"]


def test_a_rule_of_any_tier_has_its_say_before(rest: Rest, h1: Rest) -> None:
    put(h1, attach(h1)["port"]["id"], EIGHTY)
    rule = {"direction": "ingress", "action": "drop"}
    rest.made("/policies", {"name": "floor", "tier": "baseline", "rules": [rule]})

    verdict = explained(rest, 80)

    assert (verdict["passes"], verdict["ingress"]["line"]["policy"]) == (False, "floor")


def test_a_port_of_a_host_is_published_once(rest: Rest, h1: Rest) -> None:
    other = attach(h1, name="db", workload={**WEB, "id": "c2", "name": "db"})["port"]["id"]
    put(h1, attach(h1)["port"]["id"], EIGHTY)
    before = rest.store.revision

    taken = put(h1, other, {"host_port": 8080, "port": 5432, "host_address": "192.0.2.1"})

    assert (taken.status_code, taken.json()["code"]) == (409, "host_port_taken")
    assert "port 8080/tcp of 192.0.2.1 of host h1 is published for web already" in taken.json()["detail"]
    assert rest.store.revision == before
    assert put(h1, other, {**EIGHTY, "protocol": "udp"}).status_code == 200


@pytest.mark.parametrize(
    ("published", "field"),
    [
        ({"host_port": 0, "port": 80}, "published.0.host_port"),
        ({"host_port": 80, "port": 65536}, "published.0.port"),
        ({**EIGHTY, "protocol": "sctp"}, "published.0.protocol"),
        ({**EIGHTY, "host_address": "fd00::1"}, "published.0.host_address"),
    ],
)
def test_what_cannot_be_published_names_the_field(
    h1: Rest, published: Mapping[str, object], field: str
) -> None:
    refused = put(h1, attach(h1)["port"]["id"], published)

    assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text


def test_a_network_that_does_not_leave_by_its_hosts_publishes_nothing_and_says_what_to_do(
    rest: Rest, h1: Rest
) -> None:
    port = attach(h1)["port"]["id"]
    rest.delete("/routers/default/gateway")
    led_in = put(h1, port, EIGHTY)
    rest.delete("/routers/default/networks/net")
    alone = put(h1, port, EIGHTY)

    assert (led_in.status_code, alone.status_code) == (409, 409)
    assert "weft router gateway set default --network host" in led_in.json()["detail"]
    assert "weft router create NAME --network net --outside host" in alone.json()["detail"]


def test_a_host_publishes_only_its_own_ports(rest: Rest, h1: Rest) -> None:
    mine = attach(h1)["port"]["id"]
    h2 = rest.with_token(Role.HOST, host="h2")

    assert h2.ask("PUT", f"/hosts/h2/ports/{mine}/published", {"published": []}).status_code == 404
    assert h2.ask("PUT", f"/hosts/h1/ports/{mine}/published", {"published": []}).status_code == 403


def test_a_port_that_leaves_its_host_is_published_no_more(rest: Rest, h1: Rest) -> None:
    rest.made("/ports", {"network": "net", "name": "vm-1", "host": "h1"})
    put(h1, rest.get("/ports/vm-1").json()["id"], EIGHTY)

    rest.ask("PATCH", "/ports/vm-1", {"host": None})

    assert rest.get("/ports/vm-1").json()["published"] == []


def test_a_network_that_a_host_makes_joins_the_default_router_and_is_taken_back_with_it(
    rest: Rest, h1: Rest
) -> None:
    blue = {"name": "blue", "subnets": [{"cidr": "10.7.0.0/24"}]}

    made = h1.post("/hosts/h1/networks", blue).json()

    assert made["router"] == "default"
    overlapping = h1.post("/hosts/h1/networks", {**blue, "name": "again"})
    assert (overlapping.status_code, overlapping.json()["code"]) == (409, "subnet_overlap")
    assert h1.delete(f"/hosts/h1/networks/{made['id']}").status_code == 204
    assert [one["name"] for one in rest.get("/routers/default").json()["networks"]] == ["net"]
