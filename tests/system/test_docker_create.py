"""`docker network create -d weft`: a Docker network of a user's own, and the Weft network that it makes."""

import time
from collections.abc import Iterator

import pytest
from tests.system.estate import Estate, await_docker_network, estate_of
from tests.system.test_docker_faults import server_away

from weft.lab import life, story
from weft.lab.dockerd import IMAGE
from weft.lab.layout import Lab, LabError, LabHost
from weft.lab.processes import run_on, try_on, until

NET = "DockerSN"
CREATE = ("docker", "network", "create", "-d", "weft", "--ipam-driver", "weft")
COMPOSE = f"""
services:
  web:
    image: {IMAGE}
    command: [/bin/httpd, -f, -p, "80", -h, /etc]
    networks: [green]
  client:
    image: {IMAGE}
    command: [sleep, "100000"]
    networks: [green]
networks:
  green:
    driver: weft
    ipam:
      driver: weft
      config: [{{subnet: 10.68.0.0/24}}]
      options: {{weft.network: green}}
"""


class Made:
    """What a test makes through Docker, undone when it ends: the containers first."""

    def __init__(self, lab: Lab, host: LabHost, estate: Estate) -> None:
        self.lab, self.host, self.estate = lab, host, estate

    def create(self, name: str, weft: str, *options: str) -> None:
        run_on(self.host, *CREATE, "--ipam-opt", f"weft.network={weft}", *options, name)

    def refused(self, name: str, *options: str) -> str:
        done = try_on(self.host, *CREATE, *options, name)
        assert done.returncode != 0, done.stdout
        assert name not in story.docker_networks(self.host)
        return done.stderr

    def weft_networks(self) -> set[str]:
        return {network["name"] for network in story.weft(self.lab, "network", "list")}

    def undo(self) -> None:
        self.estate.undo()
        for name in ("green", "mine", "app_green"):
            try_on(self.host, "docker", "network", "rm", name)
        if "green" in self.weft_networks():
            until(self._green_goes, "weft network delete green", timeout_s=30)
        until(lambda: "green" not in story.docker_networks(self.host), "Docker to forget green", timeout_s=30)

    def _green_goes(self) -> bool:
        try:
            life.weft_on_central(self.lab, "network", "delete", "green")
        except LabError:
            return False
        return True


@pytest.fixture
def made(lab: Lab, h1: LabHost, h2: LabHost) -> Iterator[Made]:
    for host in (h1, h2):
        await_docker_network(host, NET)
    with estate_of(lab) as estate:
        found = Made(lab, h1, estate)
        try:
            yield found
        finally:
            found.undo()


def test_a_network_made_by_docker_is_there_on_the_other_hosts_and_outlives_dockers(
    lab: Lab, h1: LabHost, h2: LabHost, made: Made
) -> None:
    made.create("green", "green", "--subnet", "10.68.0.0/24")
    weft_id = story.weft(lab, "network", "show", "green")["id"]
    await_docker_network(h2, "green", weft_id=weft_id)
    names = run_on(h1, "docker", "network", "ls", "--format", "{{.Name}}").split()
    assert names.count("green") == 1
    assert "default.green" not in names, "the user's own is enough"
    story.run_native(h1, "aa", "green")
    story.run_native(h2, "bb", "green")
    story.wait_until_up(lab, "aa", "bb")
    assert story.pings(h1, "aa", story.address_of(lab, "bb"))
    assert story.fetches(h1, "aa", story.address_of(lab, "bb"))

    run_on(h1, "docker", "rm", "-f", "aa")
    run_on(h1, "docker", "network", "rm", "green")

    assert story.weft(lab, "network", "show", "green")["id"] == weft_id
    await_docker_network(h1, "green", weft_id=weft_id)


def test_a_container_on_a_network_that_was_named_by_name_keeps_its_place(
    lab: Lab, h1: LabHost, made: Made
) -> None:
    """Through the collector's passes, an agent's restart, and its own."""
    made.create("mine", NET)
    story.run_native(h1, "aa", "mine", "--label", "app=web")
    story.run_native(h1, "bb", NET)
    story.run_native(h1, "cc", NET)
    before = story.port_of(lab, "aa")
    assert before["labels"] == {"app": "web"}
    assert not before["quarantined"]

    life.stop_agent(h1)
    life.run_agent(h1)
    run_on(h1, "docker", "rm", "-f", "cc")
    until(lambda: "cc" not in story.ports(lab), "the collector to have collected", timeout_s=30)
    assert story.fetches(h1, "aa", story.address_of(lab, "bb"))
    run_on(h1, "docker", "restart", "-t", "0", "aa")

    after = story.port_of(lab, "aa")
    assert (after["id"], after["mac"], after["fixed_ips"]) == (
        before["id"],
        before["mac"],
        before["fixed_ips"],
    )
    assert story.fetches(h1, "aa", story.address_of(lab, "bb"))


def test_a_network_that_cannot_be_made_is_refused_with_the_reason_and_leaves_nothing(
    lab: Lab, made: Made
) -> None:
    named, subnet = ("--ipam-opt", "weft.network=green"), ("--subnet", "10.68.0.0/24")
    before = made.weft_networks()

    assert "weft.network=NAME" in made.refused("green", *subnet)
    assert "with --subnet it is made" in made.refused("green", *named)
    assert "has no 10.68.0.0/24" in made.refused("green", "--ipam-opt", f"weft.network={NET}", *subnet)
    assert "you may see" in made.refused("green", "--ipam-opt", "weft.network=secret.green", *subnet)
    assert "gateway of network green is 10.68.0.1" in made.refused(
        "green", *named, *subnet, "--gateway", "10.68.0.9"
    )
    with server_away(lab):
        began = time.monotonic()
        assert lab.server_url in made.refused("green", *named, *subnet)
        assert time.monotonic() - began < 5
    assert made.weft_networks() == before


def test_a_compose_file_makes_its_network_once(lab: Lab, h1: LabHost, made: Made) -> None:
    (h1.run / "compose.yaml").write_text(COMPOSE)
    compose = ("docker-compose", "-p", "app", "-f", "/run/compose.yaml")

    run_on(h1, *compose, "up", "-d", timeout_s=120)
    weft_id = story.weft(lab, "network", "show", "green")["id"]
    assert story.fetches(h1, "app_client_1", "web")
    run_on(h1, *compose, "down", "-t", "0", timeout_s=120)
    assert "app_green" not in story.docker_networks(h1)
    run_on(h1, *compose, "up", "-d", timeout_s=120)

    assert story.weft(lab, "network", "show", "green")["id"] == weft_id
    assert story.fetches(h1, "app_client_1", "web")
    del made
