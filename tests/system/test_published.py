"""Published ports, with real packets: `docker run -p` and `ports:` of a compose file, under policy."""

import signal
import subprocess
from collections.abc import Iterator
from functools import partial

import pytest
from tests.system.estate import await_docker_network
from tests.system.test_way_out import Outside, door_left_on, station_beyond

from weft.lab import life, story
from weft.lab.dockerd import IMAGE
from weft.lab.layout import Lab, LabError, LabHost
from weft.lab.processes import run_on, try_on, until

COMPOSE = f"""
services:
  web:
    image: {IMAGE}
    command: [/bin/httpd, -f, -p, "80", -h, /etc]
    ports: ["8080:80"]
    networks: [bazaar]
  client:
    image: {IMAGE}
    command: [sleep, "100000"]
    networks: [bazaar]
networks:
  bazaar:
    driver: weft
    ipam:
      driver: weft
      config: [{{subnet: 10.46.0.0/24}}]
      options: {{weft.network: bazaar}}
"""
WEB = ("/bin/httpd", "-f", "-p", "80", "-h", "/etc")


@pytest.fixture
def beyond(h1: LabHost) -> Iterator[Outside]:
    yield from station_beyond(h1, "113")


@pytest.fixture(scope="module")
def shop(lab: Lab) -> Iterator[str]:
    """The network `shop`, which the project's router `default` leads out by each host's own address."""
    h1 = lab.host("h1")
    story.weft(lab, "router", "create", "default", "--outside", "host", "--wait")
    story.weft(lab, "network", "create", "shop", "--subnet", "10.45.0.0/24")
    story.weft(lab, "router", "attach", "default", "shop", "--wait")
    await_docker_network(h1, "shop")
    yield "shop"
    life.weft_on_central(lab, "router", "detach", "default", "shop")
    life.weft_on_central(lab, "router", "delete", "default", "--wait")
    life.weft_on_central(lab, "network", "delete", "host")
    until(partial(_deleted, lab, "shop"), "network shop to be deleted", timeout_s=60)
    until(partial(_nothing_on, h1), "no door to stay", timeout_s=60)


def _deleted(lab: Lab, network: str) -> bool:
    """Its ports are freed a moment after their containers."""
    try:
        life.weft_on_central(lab, "network", "delete", network)
    except LabError:
        return False
    return True


def _nothing_on(host: LabHost) -> bool:
    return door_left_on(host) == []


def answers(beyond: Outside, port: int, at: str | None = None) -> bool:
    """Whether the station gets an HTTP answer from a port of its host."""
    ask = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 3 {at or beyond.host_address} {port}"
    inside = ["nsenter", f"--net=/run/netns/{beyond.namespace}", "sh", "-c", ask]
    return "HTTP/1." in subprocess.run(inside, capture_output=True, text=True, check=False).stdout


def published(lab: Lab, name: str) -> list[tuple[int, int]]:
    """What the server shows as published of an endpoint: ports of the host, and its own."""
    return [(one["host_port"], one["port"]) for one in story.ports(lab)[name]["published"]]


def test_a_published_port_is_reached_from_outside_under_policy_and_ends_with_its_container(
    lab: Lab, h1: LabHost, shop: str, beyond: Outside
) -> None:
    story.run_native(h1, "pub-1", shop, "-p", "8080:80")
    story.wait_until_up(lab, "pub-1")

    assert published(lab, "pub-1") == [(8080, 80)]
    until(partial(answers, beyond, 8080), "the published port to answer", timeout_s=20)
    assert not answers(beyond, 80), "the negative control: nothing else is published"
    assert not answers(beyond, 80, story.address_of(lab, "pub-1")), "nor its own address"
    ask = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 3 127.0.0.1 8080"
    assert "HTTP/1." in run_on(h1, "sh", "-c", ask), "the host itself reaches it, too"
    told = story.weft(lab, "explain", beyond.address, "pub-1", "tcp/80")
    assert "what its host publishes of it (tcp/80) allows it" in told["verdicts"][0]["sentences"][0]

    story.weft(lab, "policy", "create", "closed", "--tier", "baseline")
    try:
        rule = ("--direction", "ingress", "--action", "drop", "--peer", f"{beyond.address}/32")
        story.weft(lab, "policy", "rule", "add", "closed", *rule, "--wait")
        assert not answers(beyond, 8080), "a rule that drops has its say before"
    finally:
        story.weft(lab, "policy", "delete", "closed", "--wait")
    assert answers(beyond, 8080)

    run_on(h1, "docker", "stop", "-t", "0", "pub-1")
    assert not answers(beyond, 8080)
    assert published(lab, "pub-1") == []


def test_a_port_that_is_taken_is_an_error_of_docker_run_and_leaves_nothing(
    lab: Lab, h1: LabHost, shop: str, beyond: Outside
) -> None:
    story.run_native(h1, "pub-1", shop, "-p", "8080:80")
    other = ("docker", "run", "-d", "--name", "pub-2", "--net", shop, "-p", "8080:80", IMAGE, *WEB)

    done = try_on(h1, *other)

    assert done.returncode != 0
    assert "port 8080/tcp of this host cannot be published" in done.stderr
    assert answers(beyond, 8080), "who has it keeps it"
    run_on(h1, "docker", "rm", "pub-2")
    until(lambda: "pub-2" not in story.ports(lab), "the port to be freed", timeout_s=30)


def test_an_agent_that_is_killed_loses_no_published_port_and_closes_it_in_its_next_life(
    lab: Lab, h1: LabHost, shop: str, beyond: Outside
) -> None:
    story.run_native(h1, "pub-1", shop, "-p", "8080:80")
    until(partial(answers, beyond, 8080), "the published port to answer", timeout_s=20)

    life.stop_agent(h1, signal.SIGKILL)
    assert answers(beyond, 8080), "the kernel answers without the agent"
    life.run_agent(h1)
    assert answers(beyond, 8080)
    assert published(lab, "pub-1") == [(8080, 80)]
    run_on(h1, "docker", "rm", "-f", "pub-1")

    assert not answers(beyond, 8080)


def test_the_label_publishes_what_docker_knows_nothing_of_and_says_why_it_cannot(
    lab: Lab, h1: LabHost, shop: str, beyond: Outside
) -> None:
    story.run_container(h1, "led-1", shop, "--label", "weft.publish=8090:80,127.0.0.1:8091:80/tcp")
    story.wait_until_up(lab, "led-1")

    until(partial(answers, beyond, 8090), "the published port to answer", timeout_s=30)
    assert sorted(published(lab, "led-1")) == [(8090, 80), (8091, 80)]
    assert not answers(beyond, 8091), "published for the host itself alone"
    ask = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 3 127.0.0.1 8091"
    assert "HTTP/1." in run_on(h1, "sh", "-c", ask)

    story.run_container(h1, "led-2", shop, "--label", "weft.publish=8090:80")
    until(
        partial(_is_told, lab, "led-2", "port 8090/tcp of this host cannot be published"), "why", timeout_s=30
    )
    assert published(lab, "led-2") == []
    assert answers(beyond, 8090), "who has it keeps it"

    run_on(h1, "docker", "rm", "-f", "led-1")
    until(lambda: not answers(beyond, 8090), "the published port to close", timeout_s=30)


def _is_told(lab: Lab, name: str, why: str) -> bool:
    """Whether the server shows with an endpoint why something of it is not as it was asked for."""
    port = story.ports(lab).get(name)
    return port is not None and why in port["status"]["reason"]


@pytest.mark.usefixtures("shop")
def test_an_ordinary_compose_file_publishes_and_goes_out_on_a_network_that_it_makes(
    lab: Lab, h1: LabHost, beyond: Outside
) -> None:
    (h1.run / "ports.yaml").write_text(COMPOSE)
    compose = ("docker-compose", "-p", "app", "-f", "/run/ports.yaml")
    try:
        run_on(h1, *compose, "up", "-d", timeout_s=120)

        assert published(lab, "app_web_1") == [(8080, 80)]
        until(partial(answers, beyond, 8080), "the published port to answer", timeout_s=20)
        assert story.fetches(h1, "app_client_1", "web")
        assert story.fetches(h1, "app_client_1", beyond.address), "outbound"
    finally:
        run_on(h1, *compose, "down", "-t", "0", timeout_s=120)
        life.weft_on_central(lab, "router", "detach", "default", "bazaar")
        until(partial(_deleted, lab, "bazaar"), "network bazaar to be deleted", timeout_s=60)
    assert not answers(beyond, 8080)
