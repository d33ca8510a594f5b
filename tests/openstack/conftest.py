"""One lab for all: a Docker host, a hypervisor, and on the central host a cloud with Weft's driver."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.openstack.cloud import Cloud
from tests.openstack.estate import NET, NEUTRONS, PREFIX

from weft.lab import life, story
from weft.lab.domain import Card, Domain
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, until


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    lab = life.default_lab()
    life.up(lab)
    yield lab
    life.down(lab)


@pytest.fixture(scope="session")
def cloud(lab: Lab) -> Cloud:
    cloud = Cloud(lab)
    cloud.up()
    return cloud


@pytest.fixture
def h1(lab: Lab) -> LabHost:
    """The Docker host."""
    return lab.host("h1")


@pytest.fixture
def h2(lab: Lab) -> LabHost:
    """The hypervisor."""
    return lab.host("h2")


@pytest.fixture(scope="session")
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
    h1 = lab.host("h1")
    until(lambda: NET in story.docker_networks(h1), "the Docker network to appear", timeout_s=60)
    return made


@pytest.fixture(scope="session")
def bound(cloud: Cloud, network: dict[str, Any]) -> dict[str, Any]:
    """A port that Neutron has bound to the hypervisor, as Nova would have it."""
    made = cloud.openstack("port", "create", "vm1", "--network", network["id"], "--host", "h2")
    cloud.in_step()
    shown: dict[str, Any] = cloud.show("port", made["id"])
    return shown


@pytest.fixture(scope="session")
def vm(lab: Lab, bound: dict[str, Any]) -> Iterator[Domain]:
    """A domain of libvirt whose interface has the port's id and MAC address, and no other word about Weft."""
    card = Card(port_id=bound["id"], mac=bound["mac_address"])
    domain = story.machine(lab.host("h2"), "vm1", card)
    domain.create()
    domain.address(timeout_s=120)  # it has booted: its console is heard from now on
    yield domain
    domain.destroy()


@pytest.fixture(scope="session")
def container(lab: Lab, network: dict[str, Any]) -> Iterator[str]:
    """A container on the Docker network of the same name; its address."""
    h1 = lab.host("h1")
    assert network["name"] == NET
    story.run_on_docker_network(h1, "gloomy_jang", NET)
    story.wait_until_up(lab, "gloomy_jang")
    yield story.address_of(lab, "gloomy_jang")
    run_on(h1, "docker", "rm", "-f", "gloomy_jang")
