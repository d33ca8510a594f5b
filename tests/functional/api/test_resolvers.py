"""What a host hears of its resolvers: one behind each router of its ports, and who may ask for what."""

import pytest
from tests.functional.api.rest import Rest

from weft.model.host import Host
from weft.model.ids import HostName
from weft.store.hosts import change_host
from weft.store.tokens import Role


@pytest.fixture
def two_hosts(rest: Rest) -> None:
    """Hosts h1 and h2; the network `web` on the router `shop`, and the network `bare` on none."""
    with rest.store.write("test") as tx:
        project = next(iter(tx.snapshot.projects))
        for name in ("h1", "h2"):
            tx.put(Host(name=HostName(name), projects=frozenset({project})))
            change_host(tx, HostName(name), physical_networks=frozenset({"host"}))
    rest.made("/networks", {"name": "web", "subnets": [{"cidr": "10.1.0.0/24"}, {"cidr": "fd00:1::/64"}]})
    rest.made("/networks", {"name": "bare", "subnets": [{"cidr": "10.2.0.0/24"}]})
    rest.made("/routers", {"name": "shop", "networks": ["web"]})


@pytest.mark.usefixtures("two_hosts")
def test_a_host_keeps_a_resolver_behind_each_router_of_its_ports(rest: Rest) -> None:
    agent = rest.with_token(Role.HOST, host="h1")
    assert agent.get("/hosts/h1/resolvers").json() == {"resolvers": []}

    rest.made("/ports", {"name": "web-1", "network": "web", "host": "h1"})
    rest.made("/ports", {"name": "bare-1", "network": "bare", "host": "h1"})

    (told,) = agent.get("/hosts/h1/resolvers").json()["resolvers"]
    assert told["router"] == rest.get("/routers/shop").json()["id"]
    assert [network["prefixes"] for network in told["networks"]] == [["10.1.0.0/24", "fd00:1::/64"]]
    assert rest.with_token(Role.HOST, host="h2").get("/hosts/h2/resolvers").json() == {"resolvers": []}
    assert agent.get("/hosts/h2/resolvers").status_code == 403


@pytest.mark.usefixtures("two_hosts")
def test_names_of_the_world_are_for_those_who_have_a_way_out(rest: Rest) -> None:
    agent = rest.with_token(Role.HOST, host="h1")
    rest.made("/ports", {"name": "web-1", "network": "web", "host": "h1"})

    def forwards() -> bool:
        (told,) = agent.get("/hosts/h1/resolvers").json()["resolvers"]
        return bool(told["networks"][0]["forwards"])

    assert not forwards()
    rest.ask("PUT", "/routers/shop/gateway", {"network": "host"})
    assert forwards()
    rest.ask("DELETE", "/routers/shop/gateway")
    assert not forwards()
    route = {"destination": "0.0.0.0/0", "next_hop": "10.1.0.9"}
    rest.ask("PATCH", "/routers/shop", {"routes": [route]})
    assert forwards(), "a default route leads out, too"
