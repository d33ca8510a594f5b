"""Neutron's routers and floating IPs in Weft's terms: the same ids, and what is left out is said."""

from typing import Any
from uuid import UUID

import pytest

from weft.api.schemas.floating_ip import FloatingIPCreate
from weft.api.schemas.router import RouterCreate
from weft.ml2 import routing
from weft.ml2.routing import Around

KEYSTONE = "27fb53b3287547b8ae40b51ba1ee6dff"
PROJECT = "27fb53b3-2875-47b8-ae40-b51ba1ee6dff"
ROUTER, NET, SUB, PORT, OUT, FLOATING = (str(UUID(int=number)) for number in range(1, 7))


def router(**fields: object) -> dict[str, Any]:
    fixed = [{"subnet_id": "out-v4", "ip_address": "203.0.113.9"}]
    return {
        "id": ROUTER,
        "project_id": KEYSTONE,
        "name": "edge",
        "revision_number": 2,
        "admin_state_up": True,
        "routes": [],
        "external_gateway_info": {"network_id": OUT, "enable_snat": True, "external_fixed_ips": fixed},
    } | fields


def around(*, address: str = "10.0.0.1", owner: str = KEYSTONE, more: tuple[str, ...] = ()) -> Around:
    """The router's interface has `address`; its network is `owner`'s, and has `more` subnets."""
    fixed = [{"subnet_id": SUB, "ip_address": address}]
    interface = {"id": PORT, "network_id": NET, "device_id": ROUTER, "fixed_ips": fixed}
    subnets = {SUB: "10.0.0.0/24", **{f"v{place}": cidr for place, cidr in enumerate(more)}}
    known = {
        key: {"id": key, "network_id": NET, "cidr": cidr, "gateway_ip": "10.0.0.1"}
        for key, cidr in subnets.items()
    }
    known["out-v4"] = {
        "id": "out-v4",
        "network_id": OUT,
        "cidr": "203.0.113.0/24",
        "gateway_ip": "203.0.113.1",
    }
    return Around(
        networks={NET: {"id": NET, "project_id": owner}},
        subnets=known,
        ports={PORT: interface | {"device_owner": routing.INTERFACE}},
    )


def floating_ip(**fields: object) -> dict[str, Any]:
    return {
        "id": FLOATING,
        "project_id": KEYSTONE,
        "revision_number": 1,
        "floating_network_id": OUT,
        "floating_ip_address": "203.0.113.7",
        "fixed_ip_address": "10.0.0.5",
        "port_id": PORT,
    } | fields


def with_port(*addresses: str) -> Around:
    return Around(ports={PORT: {"id": PORT, "fixed_ips": [{"ip_address": one} for one in addresses]}})


def test_a_router_joins_the_networks_of_its_interfaces_and_has_its_address_outside() -> None:
    found = routing.router(router(), around())

    assert (found.kind, found.id, found.version, found.left_out) == ("routers", ROUTER, 2, ())
    assert (found.body["project"], found.body["networks"]) == (PROJECT, [NET])
    assert found.body["gateway"] == {"network": OUT, "address": "203.0.113.9"}
    RouterCreate.model_validate(found.body)


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (around(address="10.0.0.254"), "the interface 10.0.0.254, which is not the gateway of its subnet"),
        (around(owner="elsewhere"), f"network {NET}, which is another project's"),
    ],
)
def test_an_interface_that_weft_cannot_have_joins_nothing(places: Around, said: str) -> None:
    found = routing.router(router(), places)

    assert (found.body["networks"], found.left_out) == ([], (said,))


def test_a_second_subnet_is_joined_with_its_network_and_that_is_said() -> None:
    found = routing.router(router(), around(more=("10.1.0.0/24",)))

    assert found.body["networks"] == [NET]
    assert found.left_out == ("that subnet v0 is not joined with its network",)


@pytest.mark.parametrize(
    ("destination", "next_hop", "kept"),
    [
        ("10.9.0.0/16", "10.0.0.77", True),
        ("10.9.0.0/16", "203.0.113.1", True),
        ("10.9.0.0/16", "192.0.2.1", False),
        ("0.0.0.0/0", "10.0.0.77", False),
    ],
)
def test_a_route_stays_where_its_next_hop_is_reached(destination: str, next_hop: str, kept: bool) -> None:  # noqa: FBT001
    route = {"destination": destination, "nexthop": next_hop}

    found = routing.router(router(routes=[route]), around())

    assert bool(found.body["routes"]) is kept
    assert bool(found.left_out) is not kept


def test_a_way_out_is_the_first_ipv4_address_and_hides_what_is_inside() -> None:
    fixed = [{"subnet_id": "x", "ip_address": one} for one in ("fd00::9", "203.0.113.9")]
    given = {"network_id": OUT, "enable_snat": False, "external_fixed_ips": fixed}

    found = routing.router(router(external_gateway_info=given), around())

    assert found.body["gateway"] == {"network": OUT, "address": "203.0.113.9"}
    assert found.left_out == ("the way out by fd00::9", "enable_snat=False")


def test_a_router_without_a_way_out_has_none() -> None:
    assert routing.router(router(external_gateway_info=None), around()).body["gateway"] is None


def test_a_floating_ip_leads_to_the_first_ipv4_address_of_its_port() -> None:
    found = routing.floating_ip(floating_ip(), with_port("fd00::5", "10.0.0.5"))

    assert (found.id, found.body["address"], found.body["port"]) == (FLOATING, "203.0.113.7", PORT)
    FloatingIPCreate.model_validate(found.body)


def test_a_floating_ip_for_another_address_leads_nowhere_and_that_is_said() -> None:
    found = routing.floating_ip(floating_ip(), with_port("10.0.0.4", "10.0.0.5"))

    assert found.body["port"] is None
    assert found.left_out == ("the way to 10.0.0.5, which is not its port's first IPv4 address",)


def test_a_floating_ip_without_a_port_is_kept_for_one_to_come() -> None:
    free = floating_ip(port_id=None, fixed_ip_address=None)

    assert routing.floating_ip(free, Around()).body["port"] is None
