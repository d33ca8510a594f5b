"""Routers through the API: what may be joined, and what is refused."""

from typing import Any

import pytest
from tests.functional.api.rest import Rest


def network(rest: Rest, name: str, cidr: str) -> Any:  # noqa: ANN401 - JSON
    return rest.made("/networks", {"name": name, "subnets": [{"cidr": cidr}]})


@pytest.fixture
def joined(rest: Rest) -> Any:  # noqa: ANN401 - JSON
    """The router `shop`, which joins `web` and `db`."""
    network(rest, "web", "10.1.0.0/24")
    network(rest, "db", "10.2.0.0/24")
    return rest.made("/routers", {"name": "shop", "networks": ["web", "db"]})


def test_a_router_joins_networks_and_lets_them_go(rest: Rest, joined: Any) -> None:  # noqa: ANN401
    assert len(joined["networks"]) == 2

    after = rest.delete("/routers/shop/networks/db").json()
    assert len(after["networks"]) == 1
    again = rest.ask("PUT", "/routers/shop/networks/db").json()
    assert again["networks"] == joined["networks"]


@pytest.mark.usefixtures("joined")
def test_a_router_cannot_join_networks_that_it_could_not_tell_apart(rest: Rest) -> None:
    network(rest, "clash", "10.1.0.128/25")
    before = rest.store.revision

    answer = rest.ask("PUT", "/routers/shop/networks/clash")

    assert (answer.status_code, answer.json()["code"]) == (409, "subnet_overlap")
    assert "10.1.0.0/24 of network web" in answer.json()["detail"]
    assert rest.store.revision == before


@pytest.mark.usefixtures("joined")
def test_a_subnet_that_would_overlap_behind_the_router_is_refused(rest: Rest) -> None:
    answer = rest.post("/subnets", {"network": "db", "cidr": "10.1.0.0/16"})

    assert (answer.status_code, answer.json()["code"]) == (409, "subnet_overlap")


@pytest.mark.usefixtures("joined")
@pytest.mark.parametrize(
    ("cidr", "whom"),
    [
        ("169.254.53.0/24", "whoever asks for names"),
        ("fd77:6566:7453::/64", "whoever asks for names"),
        ("fd77:6566:7464::/64", "to the hosts' doors"),
    ],
)
def test_a_router_keeps_free_what_lies_behind_it(rest: Rest, cidr: str, whom: str) -> None:
    network(rest, "clash", cidr)

    answer = rest.ask("PUT", "/routers/shop/networks/clash")

    assert (answer.status_code, answer.json()["code"]) == (409, "subnet_overlap")
    assert f"where router shop leads {whom}" in answer.json()["detail"]


@pytest.mark.usefixtures("joined")
def test_a_network_is_on_one_router_at_most(rest: Rest) -> None:
    answer = rest.post("/routers", {"name": "second", "networks": ["web"]})

    assert answer.status_code == 409
    assert "router shop already" in answer.json()["detail"]


def test_overlapping_networks_without_a_router_between_them_are_nobodys_business(rest: Rest) -> None:
    for name in ("red", "blue"):
        network(rest, name, "10.1.0.0/24")
        rest.made("/routers", {"name": f"r-{name}", "networks": [name]})


@pytest.mark.usefixtures("joined")
def test_a_route_leads_over_a_network_of_the_router(rest: Rest) -> None:
    lost = {"routes": [{"destination": "10.9.0.0/16", "next_hop": "192.0.2.1"}]}
    kept = {"routes": [{"destination": "10.9.0.0/16", "next_hop": "10.1.0.254"}]}

    assert rest.patch("/routers/shop", lost).status_code == 422
    assert rest.patch("/routers/shop", kept).json()["routes"] == kept["routes"]
    refused = rest.delete("/routers/shop/networks/web")
    assert (refused.status_code, refused.json()["field"]) == (422, "routes")


@pytest.mark.usefixtures("joined")
def test_what_is_in_use_is_not_removed_and_the_users_are_named(rest: Rest) -> None:
    assert "router shop" in rest.delete("/networks/web").json()["detail"]
    assert "network db, network web" in rest.delete("/routers/shop").json()["detail"]

    for name in ("web", "db"):
        rest.delete(f"/routers/shop/networks/{name}")
    assert rest.delete("/routers/shop").status_code == 204
    assert rest.delete("/networks/web").status_code == 204


@pytest.mark.usefixtures("joined")
def test_another_projects_network_does_not_exist_for_a_router(rest: Rest) -> None:
    rest.made("/networks", {"name": "foreign", "project": "other"})

    assert rest.ask("PUT", "/routers/shop/networks/foreign").status_code == 404
