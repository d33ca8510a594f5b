"""The article with OpenStack in it: a network of Neutron's carries its VM and a container of Docker's."""

import signal
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from tests.openstack.cloud import Cloud

from weft.lab import life, story
from weft.lab.domain import Card, Domain
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, until

NET, PREFIX = "DockerSN", "192.168.200.0/24"
NEUTRONS = ("192.168.200.2", "192.168.200.127")
"""What Neutron hands out; the rest is Weft's."""


@pytest.fixture(scope="module")
def network(cloud: Cloud, lab: Lab) -> dict[str, Any]:
    """DockerSN, as an engineer makes it in OpenStack; the Docker host may carry the project."""
    made: dict[str, Any] = cloud.openstack("network", "create", NET)
    pool = f"start={NEUTRONS[0]},end={NEUTRONS[1]}"
    cloud.openstack(
        *("subnet", "create", "DockerSN-v4", "--network", NET),
        *("--subnet-range", PREFIX, "--allocation-pool", pool),
    )
    cloud.in_step()
    for name in ("h1", "h2"):
        life.weft_on_central(lab, "host", "set", name, "--serves", "demo")
    return made


@pytest.fixture(scope="module")
def bound(cloud: Cloud, network: dict[str, Any]) -> dict[str, Any]:
    """A port that Neutron has bound to the hypervisor, as Nova would have it."""
    made = cloud.openstack("port", "create", "vm1", "--network", network["id"], "--host", "h2")
    cloud.in_step()
    shown: dict[str, Any] = cloud.show("port", made["id"])
    return shown


@pytest.fixture(scope="module")
def vm(lab: Lab, bound: dict[str, Any]) -> Iterator[Domain]:
    """A domain of libvirt whose interface has the port's id and MAC address, and no other word about Weft."""
    card = Card(port_id=bound["id"], mac=bound["mac_address"])
    domain = story.machine(lab.host("h2"), "vm1", card)
    domain.create()
    yield domain
    domain.destroy()


@pytest.fixture(scope="module")
def container(lab: Lab, network: dict[str, Any]) -> Iterator[str]:
    """A container on the Docker network of the same name; its address."""
    h1 = lab.host("h1")
    assert network["name"] == NET
    until(lambda: NET in story.docker_networks(h1), "the Docker network to appear", timeout_s=30)
    story.run_on_docker_network(h1, "gloomy_jang", NET)
    story.wait_until_up(lab, "gloomy_jang")
    yield story.address_of(lab, "gloomy_jang")
    run_on(h1, "docker", "rm", "-f", "gloomy_jang")


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


def test_a_router_and_a_floating_ip_of_neutron_are_wefts(
    cloud: Cloud, lab: Lab, network: dict[str, Any], bound: dict[str, Any]
) -> None:
    (inside,) = cloud.show("network", network["id"])["subnets"]
    physical = {"provider:network_type": "flat", "provider:physical_network": "physnet1"}
    outside = cloud.create("network", name="outside", **{"router:external": True}, **physical)
    cidr = "203.0.113.0/24"
    cloud.create("subnet", network_id=outside["id"], ip_version=4, cidr=cidr, enable_dhcp=False)
    router = cloud.create("router", name="edge", external_gateway_info={"network_id": outside["id"]})
    cloud.act("router", router["id"], "add_router_interface", subnet_id=inside)
    floating = cloud.create("floatingip", floating_network_id=outside["id"], port_id=bound["id"])
    cloud.in_step()
    cloud.equal()

    shown = story.weft(lab, "router", "show", router["id"])
    (led,) = (one for one in story.weft(lab, "floating-ip", "list") if one["id"] == floating["id"])
    gateway = router["external_gateway_info"]["external_fixed_ips"][0]["ip_address"]
    assert [one["id"] for one in shown["networks"]] == [network["id"]]
    assert (shown["gateway"]["network_id"], shown["gateway"]["address"]) == (outside["id"], gateway)
    assert (led["address"], led["port_id"]) == (floating["floating_ip_address"], bound["id"])
    until(
        lambda: cloud.show("floatingip", floating["id"])["status"] == "ACTIVE",
        "Neutron to know that Weft has the floating IP",
        timeout_s=40,
    )

    cloud.delete("floatingip", floating["id"])
    cloud.act("router", router["id"], "remove_router_interface", subnet_id=inside)
    cloud.delete("router", router["id"])
    cloud.delete("network", outside["id"])
    cloud.in_step()
    assert router["id"] not in {one["id"] for one in story.weft(lab, "router", "list")}
    assert floating["id"] not in {one["id"] for one in story.weft(lab, "floating-ip", "list")}


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


def let_in(cloud: Cloud, **what: object) -> str:
    """A rule of the project's default security group, for all of the network; its id."""
    group = cloud.find("security_group", "default")["id"]
    rule = cloud.create(
        "security_group_rule", security_group_id=group, direction="ingress", remote_ip_prefix=PREFIX, **what
    )
    return str(rule["id"])


def reaches(domain: Domain, address: str) -> bool:
    """Over TCP, from inside the machine."""
    status, said = domain.try_run(f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 {address} 80")
    return status == 0 and "HTTP/1." in said
