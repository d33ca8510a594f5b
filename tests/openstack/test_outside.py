"""Routers and floating IPs of Neutron's, with real packets to a station beyond a physical network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.openstack.cloud import Cloud
from tests.openstack.estate import NET, let_in, reaches
from tests.support.station import GATEWAY, Station, station_beyond

from weft.lab import story
from weft.lab.domain import Domain
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, until

OUTSIDE = "203.0.113.0/24"


@pytest.fixture(scope="module")
def station(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """A station beyond h1's physical network."""
    log: Path = tmp_path_factory.mktemp("station") / "served"
    with station_beyond(lab.host("h1"), log) as station:
        yield station


@pytest.fixture(scope="module")
def outside(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """The external network."""
    physical = {"provider:network_type": "flat", "provider:physical_network": "physnet1"}
    made = cloud.create("network", name="outside", **{"router:external": True}, **physical)
    given = {"cidr": OUTSIDE, "ip_version": 4, "gateway_ip": GATEWAY, "enable_dhcp": False}
    cloud.create("subnet", network_id=made["id"], **given)
    yield made
    cloud.delete("network", made["id"])
    cloud.in_step()


@pytest.fixture(scope="module")
def router(
    cloud: Cloud, lab: Lab, network: dict[str, Any], outside: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """A router between the article's network and the external one. What goes in Neutron goes in Weft."""
    (inside,) = cloud.show("network", network["id"])["subnets"]
    made = cloud.create("router", name="edge", external_gateway_info={"network_id": outside["id"]})
    cloud.act("router", made["id"], "add_router_interface", subnet_id=inside)
    cloud.in_step()
    yield made
    cloud.act("router", made["id"], "remove_router_interface", subnet_id=inside)
    cloud.delete("router", made["id"])
    cloud.in_step()
    assert made["id"] not in {one["id"] for one in story.weft(lab, "router", "list")}


@pytest.fixture(scope="module")
def floating(
    cloud: Cloud, lab: Lab, router: dict[str, Any], bound: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """A floating IP of the machine."""
    outside = router["external_gateway_info"]["network_id"]
    made = cloud.create("floatingip", floating_network_id=outside, port_id=bound["id"])
    cloud.in_step()
    yield made
    cloud.delete("floatingip", made["id"])
    cloud.in_step()
    assert made["id"] not in {one["id"] for one in story.weft(lab, "floating-ip", "list")}


def test_a_router_and_a_floating_ip_of_neutron_are_wefts(
    cloud: Cloud,
    lab: Lab,
    network: dict[str, Any],
    router: dict[str, Any],
    floating: dict[str, Any],
    bound: dict[str, Any],
) -> None:
    cloud.equal()

    shown = story.weft(lab, "router", "show", router["id"])
    (led,) = (one for one in story.weft(lab, "floating-ip", "list") if one["id"] == floating["id"])
    assert [one["id"] for one in shown["networks"]] == [network["id"]]
    outside = router["external_gateway_info"]["network_id"]
    assert (shown["gateway"]["network_id"], shown["gateway"]["address"]) == (outside, address_of(router))
    assert (led["address"], led["port_id"]) == (floating["floating_ip_address"], bound["id"])
    until(
        lambda: cloud.show("floatingip", floating["id"])["status"] == "ACTIVE",
        "Neutron to know that Weft has the floating IP",
        timeout_s=40,
    )


def test_a_container_goes_out_under_the_routers_address(
    h1: LabHost, lab: Lab, router: dict[str, Any], station: Station
) -> None:
    story.run_on_docker_network(h1, "leaver", NET)
    try:
        story.wait_until_up(lab, "leaver", timeout_s=60)

        until(lambda: story.fetches(h1, "leaver", GATEWAY), "a way out", timeout_s=60)

        assert station.has_served(address_of(router))
    finally:
        run_on(h1, "docker", "rm", "-f", "leaver")


def test_a_floating_ip_leads_to_its_machine_as_far_as_the_security_group_allows(
    cloud: Cloud, vm: Domain, floating: dict[str, Any], station: Station
) -> None:
    address = floating["floating_ip_address"]
    until(lambda: routed(vm), "the machine to hear of the router", timeout_s=60)
    until(lambda: reaches(vm, GATEWAY), "the machine's way out", timeout_s=60)
    assert station.has_served(address), "what it sends comes from its floating IP"
    assert not station.fetches(address), "the default group lets nobody in"

    rule = let_in(cloud, OUTSIDE, protocol="tcp", port_range_min=80, port_range_max=80)
    cloud.in_step()

    until(lambda: station.fetches(address), "the station to be let in", timeout_s=60)
    cloud.delete("security_group_rule", rule)
    cloud.in_step()
    until(lambda: not station.fetches(address), "the station to be shut out", timeout_s=60)


def address_of(router: dict[str, Any]) -> str:
    """A router's address outside."""
    (fixed,) = router["external_gateway_info"]["external_fixed_ips"]
    return str(fixed["ip_address"])


def routed(machine: Domain) -> bool:
    """Renew the lease: what is told by DHCP is heard then. Whether there is a way out now."""
    machine.try_run("killall -USR1 udhcpc")
    return "default" in machine.run("ip route")
