"""Ways out through the API: external networks, the gateways of routers, and what is refused."""

import pytest
from tests.functional.api.rest import Rest

from weft.model.host import Host
from weft.model.ids import HostName
from weft.store.hosts import change_host


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
