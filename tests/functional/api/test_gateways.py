"""Ways out through the API: external networks, the gateways of routers, and what is refused."""

import pytest
from tests.functional.api.rest import Rest

from weft.model.host import Host
from weft.model.ids import HostName
from weft.store.hosts import change_host
from weft.store.tokens import Role


@pytest.fixture
def outside(rest: Rest) -> None:
    """The external network `internet`, and the router `shop` that joins `web`."""
    physical = {"name": "physnet1", "vlan": 100}
    subnets = [{"cidr": "203.0.113.0/24"}]
    rest.made("/networks", {"name": "internet", "subnets": subnets, "physical_network": physical})
    rest.made("/networks", {"name": "web", "subnets": [{"cidr": "10.1.0.0/24"}]})
    rest.made("/routers", {"name": "shop", "networks": ["web"]})


@pytest.fixture
def connected(rest: Rest, outside: None) -> None:
    """The same, with a host that is connected to physnet1."""
    del outside
    with rest.store.write("test") as tx:
        tx.put(Host(name=HostName("h1")))
        change_host(tx, HostName("h1"), physical_networks=frozenset({"physnet1"}))


@pytest.mark.usefixtures("outside")
def test_without_a_host_that_is_connected_there_is_no_way_out(rest: Rest) -> None:
    answer = rest.ask("PUT", "/routers/shop/gateway", {"network": "internet"})

    assert answer.status_code == 409
    assert "no host is connected to the physical network physnet1" in answer.json()["detail"]


@pytest.mark.usefixtures("connected")
def test_a_router_gets_an_address_outside_and_gives_it_back(rest: Rest) -> None:
    led = rest.ask("PUT", "/routers/shop/gateway", {"network": "internet"}).json()
    assert (led["gateway"]["network"], led["gateway"]["address"]) == ("internet", "203.0.113.2")

    taken = rest.post("/ports", {"network": "internet", "addresses": ["203.0.113.2"]})
    assert (taken.status_code, taken.json()["code"]) == (409, "address_in_use")
    used = rest.delete("/networks/internet")
    assert (used.status_code, used.json()["code"]) == (409, "still_in_use")

    assert rest.delete("/routers/shop/gateway").json()["gateway"] is None
    assert rest.delete("/networks/internet").status_code == 204


@pytest.mark.usefixtures("connected")
def test_only_an_external_network_leads_out(rest: Rest) -> None:
    rest.made("/networks", {"name": "inner", "subnets": [{"cidr": "10.2.0.0/24"}]})
    before = rest.store.revision

    answer = rest.ask("PUT", "/routers/shop/gateway", {"network": "inner"})

    assert answer.status_code == 409
    assert "network inner is not external" in answer.json()["detail"]
    assert rest.store.revision == before


@pytest.fixture
def with_a_door(rest: Rest, outside: None) -> None:
    """The same, with a host that serves the project and keeps a door."""
    del outside
    with rest.store.write("test") as tx:
        project = next(iter(tx.snapshot.projects))
        tx.put(Host(name=HostName("h1"), projects=frozenset({project})))
        change_host(tx, HostName("h1"), physical_networks=frozenset({"host"}))


@pytest.mark.usefixtures("with_a_door")
def test_a_router_leaves_by_the_hosts_own_addresses_with_one_request(rest: Rest) -> None:
    agent = rest.with_token(Role.HOST, host="h1")
    assert agent.get("/hosts/h1/door").json() == {"door": None}

    made = rest.made("/routers", {"name": "way", "gateway": {"network": "host"}})

    assert (made["gateway"]["network"], made["gateway"]["address"]) == ("host", "100.64.0.2")
    rest.made("/networks", {"name": "yard", "subnets": [{"cidr": "10.4.0.0/24"}, {"cidr": "fd00:4::/64"}]})
    rest.ask("PUT", "/routers/way/networks/yard")
    door = agent.get("/hosts/h1/door").json()["door"]
    assert door["address"] == "100.64.0.1/17"
    assert door["address6"] == "fd77:6566:7464::1/64"
    (led,) = door["routers"]
    assert (led["number"], led["address"], led["address6"]) == (2, "100.64.0.2", "fd77:6566:7464::2")
    assert led["prefixes"] == ["10.4.0.0/24", "fd00:4::/64"]

    rest.ask("DELETE", "/routers/way/networks/yard")
    assert rest.delete("/routers/way").status_code == 204
    assert agent.get("/hosts/h1/door").json() == {"door": None}


@pytest.mark.usefixtures("with_a_door")
def test_hosts_lead_out_in_both_ip_versions_and_external_networks_in_one(rest: Rest) -> None:
    rest.made("/networks", {"name": "yard", "subnets": [{"cidr": "10.4.0.0/24"}, {"cidr": "fd00:4::/64"}]})
    rest.made("/ports", {"name": "yard-1", "network": "yard"})
    rest.made("/routers", {"name": "way", "networks": ["yard"]})

    def reached() -> list[bool]:
        ask = {"source": {"port": "yard-1"}, "traffic": {"protocol": "tcp", "port": 80}}
        ends = ({"address": "192.0.2.1"}, {"address": "2001:db8::1"})
        return [rest.post("/explain", {**ask, "destination": end}).json()["passes"] for end in ends]

    with rest.store.write("test") as tx:
        change_host(tx, HostName("h1"), physical_networks=frozenset({"host", "physnet1"}))
    assert reached() == [False, False]
    for network, found in (("internet", [True, False]), ("host", [True, True])):
        rest.ask("PUT", "/routers/way/gateway", {"network": network})
        assert reached() == found


@pytest.mark.usefixtures("with_a_door")
def test_there_is_one_network_of_doors_and_an_administrator_makes_it(rest: Rest) -> None:
    member = rest.with_token(Role.MEMBER, project="default")
    refused = member.ask("PUT", "/routers/shop/gateway", {"network": "host"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")

    rest.ask("PUT", "/routers/shop/gateway", {"network": "host"})
    assert member.ask("PUT", "/routers/shop/gateway", {"network": "host"}).status_code == 200
    second = rest.post("/networks", {"name": "again", "physical_network": {"name": "host"}})
    assert (second.status_code, second.json()["field"]) == (409, "physical_network")
    subnet = rest.post("/subnets", {"network": "host", "cidr": "100.65.0.0/24"})
    assert (subnet.status_code, subnet.json()["field"]) == (422, "cidr")
    assert "has one IPv4 subnet" in subnet.json()["detail"]


@pytest.mark.usefixtures("outside")
def test_what_a_host_reaches_has_no_vlans_and_needs_a_host(rest: Rest) -> None:
    tagged = rest.post("/networks", {"name": "x", "physical_network": {"name": "host", "vlan": 7}})
    assert (tagged.status_code, tagged.json()["code"]) == (422, "invalid")
    before = rest.store.revision

    answer = rest.ask("PUT", "/routers/shop/gateway", {"network": "host"})

    assert answer.status_code == 409
    assert "weft host list" in answer.json()["detail"]
    assert rest.store.revision == before
