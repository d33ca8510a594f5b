"""An ordinary compose file whose networks are Weft's, with the docker-compose of Debian."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.system.estate import Estate, await_docker_network, estate_of
from tests.system.test_docker_faults import left_behind

from weft.lab import story
from weft.lab.dockerd import IMAGE
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, try_on, until

NET = "DockerSN"
FILE = f"""
services:
  web:
    image: {IMAGE}
    command: [/bin/httpd, -f, -p, "80", -h, /etc]
    labels: {{app: web}}
    networks:
      front:
        aliases: [site]
      back:
  db:
    image: {IMAGE}
    command: [/bin/httpd, -f, -p, "80", -h, /etc]
    networks: [back]
  client:
    image: {IMAGE}
    command: [sleep, "100000"]
    networks: [front]
networks:
  front:
    external: true
    name: {NET}
  back:
    driver: weft
    ipam:
      driver: weft
      options: {{weft.network: blue}}
"""


@dataclass(frozen=True)
class Composition:
    """The file above on a host, as the compose project `app`."""

    host: LabHost

    def __call__(self, *argv: str) -> str:
        return run_on(
            self.host, "docker-compose", "-p", "app", "-f", "/run/compose.yaml", *argv, timeout_s=120
        )


@pytest.fixture
def compose(lab: Lab, h1: LabHost, h2: LabHost) -> Iterator[Composition]:
    for host in (h1, h2):
        await_docker_network(host, NET)
    (h1.run / "compose.yaml").write_text(FILE)
    with estate_of(lab) as estate:
        _blue(estate, h1, h2)
        composition = Composition(h1)
        yield composition
        composition("down", "-t", "0")
    until(lambda: left_behind(lab, h1) == [], f"nothing to stay: {left_behind(lab, h1)}", timeout_s=30)


def _blue(estate: Estate, *hosts: LabHost) -> None:
    estate.network("blue", "10.61.0.0/24", *hosts)


def on(lab: Lab, network: str) -> list[str]:
    """The workloads that have a port on a Weft network, one name for each port."""
    listed = story.weft(lab, "port", "list", "--network", network)
    return sorted(port["workload"]["name"] for port in listed if port["workload"])


def address(host: LabHost, container: str, network: str) -> str:
    shown = json.loads(run_on(host, "docker", "inspect", container))[0]
    return str(shown["NetworkSettings"]["Networks"][network]["IPAddress"])


def test_services_and_aliases_resolve_on_the_networks_that_they_share(
    lab: Lab, h1: LabHost, compose: Composition
) -> None:
    compose("up", "-d")

    assert on(lab, NET) == ["app_client_1", "app_web_1"]
    assert on(lab, "blue") == ["app_db_1", "app_web_1"]
    for name in ("web", "site"):
        assert story.pings(h1, "app_client_1", name), name
        assert story.fetches(h1, "app_client_1", name), name
    assert story.fetches(h1, "app_web_1", "db")
    assert not story.pings(h1, "app_client_1", "db"), "they share no network"
    assert not story.fetches(h1, "app_client_1", address(h1, "app_db_1", "app_back"))


def test_a_service_reaches_a_container_of_another_host_on_both_kinds_of_network(
    lab: Lab, h1: LabHost, h2: LabHost, compose: Composition
) -> None:
    compose("up", "-d")
    story.run_native(h2, "front", NET)
    story.run_native(h2, "back", "blue")
    story.wait_until_up(lab, "front", "back")

    assert story.fetches(h1, "app_client_1", address(h2, "front", NET))
    assert story.fetches(h1, "app_db_1", address(h2, "back", "blue"))
    assert story.fetches(h2, "front", address(h1, "app_web_1", NET))
    assert not story.fetches(h1, "app_client_1", address(h2, "back", "blue")), "the negative control"


def test_a_service_is_scaled_up_and_down(lab: Lab, h1: LabHost, compose: Composition) -> None:
    compose("up", "-d", "--scale", "web=4")
    webs = [f"app_web_{number}" for number in range(1, 5)]
    addresses = {address(h1, name, NET) for name in webs}
    assert len(addresses) == 4
    assert on(lab, "blue") == ["app_db_1", *webs]
    assert all(story.fetches(h1, "app_client_1", one) for one in addresses)
    labels = {
        port["workload"]["name"]: port["labels"] for port in story.weft(lab, "port", "list") if port["id"]
    }
    assert {labels[name]["app"] for name in webs} == {"web"}

    compose("up", "-d", "-t", "0", "--scale", "web=1")

    wanted = ["app_db_1", "app_web_1"]
    until(lambda: on(lab, "blue") == wanted, f"the others to be freed: {on(lab, 'blue')}", timeout_s=30)


def test_up_down_up_keeps_nothing_behind(lab: Lab, h1: LabHost, compose: Composition) -> None:
    compose("up", "-d")
    compose("down", "-t", "0")

    until(lambda: left_behind(lab, h1) == [], "nothing to stay", timeout_s=30)
    assert "app_back" not in story.docker_networks(h1)
    assert {NET, "blue"} <= story.docker_networks(h1), "what compose only uses stays"
    assert story.weft(lab, "network", "show", "blue")["name"] == "blue"

    compose("up", "-d")
    assert on(lab, "blue") == ["app_db_1", "app_web_1"]
    assert story.fetches(h1, "app_web_1", "db")


def test_a_compose_network_that_names_no_weft_network_is_an_error(h1: LabHost, compose: Composition) -> None:
    del compose
    (h1.run / "compose.yaml").write_text(FILE.replace("weft.network: blue", "weft.network: nowhere"))

    done = try_on(h1, "docker-compose", "-p", "app", "-f", "/run/compose.yaml", "up", "-d", timeout_s=120)

    assert done.returncode != 0
    assert "this host serves no network 'nowhere'" in done.stderr
    assert run_on(h1, "docker", "ps", "-aq") == ""
    assert "app_back" not in story.docker_networks(h1)
