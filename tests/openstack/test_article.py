"""The article with OpenStack in it: a network of Neutron's carries its VM and a container of Docker's."""

import signal
from ipaddress import ip_address
from typing import Any

from tests.openstack.cloud import Cloud
from tests.openstack.estate import NET, NEUTRONS, PREFIX, let_in, reaches

from weft.lab import life, story
from weft.lab.domain import Domain
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import until


def test_a_network_of_neutron_is_one_of_weft_with_the_same_id(lab: Lab, network: dict[str, Any]) -> None:
    shown = story.weft(lab, "network", "show", network["id"])

    assert (shown["name"], shown["project"], shown["mtu"]) == (NET, "demo", network["mtu"])
    assert [subnet["cidr"] for subnet in shown["subnets"]] == [PREFIX]


def test_a_port_is_bound_where_an_agent_runs_and_nowhere_else(
    cloud: Cloud, bound: dict[str, Any], network: dict[str, Any]
) -> None:
    elsewhere = cloud.create("port", network_id=network["id"], **{"binding:host_id": "unknown"})

    assert bound["binding:vif_type"] == "ovs"
    assert bound["binding:vif_details"]["bridge_name"] == "br-int"
    assert elsewhere["binding:vif_type"] == "binding_failed"
    cloud.delete("port", elsewhere["id"])


def test_the_machine_gets_the_address_that_neutron_gave(
    cloud: Cloud, lab: Lab, vm: Domain, bound: dict[str, Any]
) -> None:
    assert vm.address() == bound["fixed_ips"][0]["ip_address"]
    story.wait_until_up(lab, "vm1")
    until(
        lambda: cloud.show("port", bound["id"])["status"] == "ACTIVE",
        "Neutron to know that the port is up",
        timeout_s=40,
    )


def test_a_container_is_on_the_same_network_with_an_address_that_neutron_never_gives(container: str) -> None:
    low, high = map(ip_address, NEUTRONS)

    assert not low <= ip_address(container) <= high  # type: ignore[operator]


def test_a_security_group_opens_and_shuts_what_really_passes(
    cloud: Cloud, h1: LabHost, vm: Domain, container: str
) -> None:
    machine = vm.address()

    assert reaches(vm, container), "the machine may send, and the container's network lets it in"
    assert not story.fetches(h1, "gloomy_jang", machine), "the default group lets nobody in but its own"
    assert not story.pings(h1, "gloomy_jang", machine)

    rules = [
        let_in(cloud, protocol="tcp", port_range_min=80, port_range_max=80),
        let_in(cloud, protocol="icmp"),
    ]
    cloud.in_step()

    until(lambda: story.fetches(h1, "gloomy_jang", machine), "TCP to be let in", timeout_s=30)
    assert story.pings(h1, "gloomy_jang", machine)

    cloud.delete("security_group_rule", rules[0])
    cloud.in_step()

    until(lambda: not story.fetches(h1, "gloomy_jang", machine), "TCP to be shut out", timeout_s=30)
    assert story.pings(h1, "gloomy_jang", machine), "the other rule still holds"
    cloud.delete("security_group_rule", rules[1])


def test_openstack_does_not_notice_that_weft_is_away(
    cloud: Cloud, lab: Lab, h1: LabHost, network: dict[str, Any], vm: Domain, container: str
) -> None:
    life.stop_server(lab)
    try:
        port = cloud.create("port", name="meanwhile", network_id=network["id"], **{"binding:host_id": "h2"})
        let_in(cloud, protocol="tcp", port_range_min=80, port_range_max=80)
        assert reaches(vm, container), "what was there goes on"
        assert cloud.asked("journal")[0] == 1
    finally:
        life.run_server(lab)

    cloud.in_step()

    assert story.ports(lab)["meanwhile"]["host"] == "h2"
    until(lambda: story.fetches(h1, "gloomy_jang", vm.address()), "TCP to be let in", timeout_s=30)
    cloud.delete("port", port["id"])
    cloud.in_step()
    assert "meanwhile" not in story.ports(lab)


def test_a_lost_journal_is_found_by_the_sweep(cloud: Cloud, lab: Lab, network: dict[str, Any]) -> None:
    cloud.stop_worker()
    made = cloud.create("port", name="lost", network_id=network["id"])
    cloud.sql("neutron", "DELETE FROM weft_journal")
    life.weft_on_central(lab, "network", "set", network["id"], "--description", "by hand")

    status, said = cloud.asked("sweep", "--dry-run")

    assert status == 1
    assert f"port {made['id']} is not in Weft" in said
    assert f"network {network['id']} was changed in Weft" in said
    cloud.start_worker()
    until(lambda: "lost" in story.ports(lab), "the sweep to find the port", timeout_s=60)
    cloud.in_step()
    assert story.weft(lab, "network", "show", network["id"])["description"] == ""
    cloud.delete("port", made["id"])
    cloud.in_step()


def test_a_worker_that_is_killed_loses_nothing_and_makes_nothing_twice(
    cloud: Cloud, lab: Lab, network: dict[str, Any]
) -> None:
    wanted = [{"name": f"many-{number}", "network_id": network["id"]} for number in range(30)]
    made = cloud.create_many("port", wanted)
    until(lambda: count(lab, "many-") > 0, "the worker to be in the middle of it", timeout_s=30)

    cloud.stop_worker(signal.SIGKILL)
    cloud.start_worker()
    cloud.in_step()

    assert count(lab, "many-") == len(made)
    for port in made:
        cloud.delete("port", port["id"])
    cloud.in_step()
    assert count(lab, "many-") == 0
    cloud.equal()


def test_what_goes_from_openstack_goes_from_weft(cloud: Cloud, lab: Lab) -> None:
    network = cloud.create("network", name="short-lived")
    subnet = cloud.create(
        "subnet", name="v6", network_id=network["id"], cidr="fd00:77::/64", ip_version=6, gateway_ip=None
    )
    port = cloud.create("port", name="brief", network_id=network["id"])
    cloud.in_step()
    shown = story.ports(lab)["brief"]
    assert shown["fixed_ips"][0]["address"] == port["fixed_ips"][0]["ip_address"]

    for noun, one in (("port", port), ("subnet", subnet), ("network", network)):
        cloud.delete(noun, one["id"])
    cloud.in_step()

    assert "short-lived" not in {one["name"] for one in story.weft(lab, "network", "list")}


def count(lab: Lab, beginning: str) -> int:
    """How many ports Weft has whose names begin so."""
    return sum(name.startswith(beginning) for name in story.ports(lab))
