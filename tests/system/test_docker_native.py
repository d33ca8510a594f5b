"""Docker's own networks: what `docker network ls`, `docker run --net` and the like do with Weft's."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.system.estate import Estate, await_docker_network, estate_of

from weft.lab import life, story
from weft.lab.dockerd import IMAGE
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, try_on, until

NET = "DockerSN"
CLI_OF_DEBIAN = "/usr/bin/docker"
"""A command line as old as the engine: newer ones refuse --mac-address to it by themselves."""


@pytest.fixture
def estate(lab: Lab, h1: LabHost, h2: LabHost) -> Iterator[Estate]:
    for host in (h1, h2):
        await_docker_network(host, NET)
    with estate_of(lab) as made:
        yield made


def inspect(host: LabHost, name: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(run_on(host, "docker", "inspect", name))[0]


def cards(host: LabHost, name: str) -> list[str]:
    """The interfaces inside a container, but for the loopback."""
    shown = run_on(host, "docker", "exec", name, "ls", "/sys/class/net").split()
    return [card for card in shown if card != "lo"]


def says(host: LabHost, *argv: str) -> str:
    """What `docker` says when it refuses."""
    done = try_on(host, "docker", *argv)
    assert done.returncode != 0, done.stdout
    return done.stderr


def test_a_served_network_appears_in_docker_and_goes_with_it(lab: Lab, h1: LabHost, estate: Estate) -> None:
    estate.network("blue", "10.61.0.0/24", h1)

    story.weft(lab, "network", "delete", "blue")

    until(lambda: "blue" not in story.docker_networks(h1), "blue to go", timeout_s=20)


def test_the_first_packet_of_the_first_process_arrives_on_its_own_host(h1: LabHost, estate: Estate) -> None:
    del estate
    story.run_native(h1, "aa", NET)
    there = inspect(h1, "aa")["NetworkSettings"]["Networks"][NET]["IPAddress"]

    tries = [
        try_on(h1, "docker", "run", "--rm", "--net", NET, IMAGE, "ping", "-c1", "-W1", there)
        for _ in range(10)
    ]

    assert [done.returncode for done in tries] == [0] * 10


def test_containers_on_two_hosts_meet_on_dockers_network(
    lab: Lab, h1: LabHost, h2: LabHost, estate: Estate
) -> None:
    del estate
    story.run_native(h1, "aa", NET)
    story.run_native(h2, "bb", NET)
    there = story.address_of(lab, "bb")

    assert story.pings(h1, "aa", there)
    assert story.fetches(h1, "aa", there)


def test_a_container_has_the_cards_of_its_networks_and_no_other(h1: LabHost, estate: Estate) -> None:
    estate.network("blue", "10.61.0.0/24", h1)
    story.run_native(h1, "aa", NET)
    run_on(h1, "docker", "network", "connect", "blue", "aa")

    assert cards(h1, "aa") == ["eth0", "eth1"]
    assert "default" not in run_on(h1, "docker", "exec", "aa", "ip", "route")
    assert "docker_gwbridge" not in story.docker_networks(h1)
    assert "docker_gwbridge" not in run_on(h1, "ip", "link", "show")


def test_names_and_aliases_resolve_between_containers(h1: LabHost, estate: Estate) -> None:
    del estate
    story.run_native(h1, "aa", NET)
    story.run_native(h1, "bb", NET, "--network-alias", "database")

    assert story.pings(h1, "aa", "bb")
    assert story.pings(h1, "aa", "database")
    assert not story.pings(h1, "aa", "nobody"), "the negative control"


def test_the_asked_address_and_mac_are_those_of_container_and_port(
    lab: Lab, h1: LabHost, estate: Estate
) -> None:
    del estate
    asked = ("--ip", "192.168.200.77", "--mac-address", "02:aa:bb:cc:dd:ee")
    run = (CLI_OF_DEBIAN, "run", "-d", "--name", "aa", "--net", NET, *asked, IMAGE, "sleep", "1000")
    run_on(h1, *run)
    story.run_native(h1, "bb", NET)

    port = story.port_of(lab, "aa")
    shown = inspect(h1, "aa")["NetworkSettings"]["Networks"][NET]
    assert (port["fixed_ips"][0]["address"], port["mac"]) == ("192.168.200.77", "02:aa:bb:cc:dd:ee")
    assert (shown["IPAddress"], shown["MacAddress"]) == ("192.168.200.77", "02:aa:bb:cc:dd:ee")
    assert story.pings(h1, "aa", story.address_of(lab, "bb"))


def test_an_asked_address_that_is_taken_is_refused_with_its_holder(h1: LabHost, estate: Estate) -> None:
    del estate
    story.run_native(h1, "aa", NET, "--ip", "192.168.200.77")

    said = says(h1, "run", "--rm", "--net", NET, "--ip", "192.168.200.77", IMAGE, "true")

    assert "192.168.200.77" in said
    assert "port aa" in said


def test_driver_options_set_mac_and_labels(lab: Lab, h1: LabHost, estate: Estate) -> None:
    estate.network("blue", "10.61.0.0/24", h1)
    options = "name=blue,driver-opt=weft.mac=02:aa:bb:cc:dd:01,driver-opt=weft.label.zone=red"
    story.run_native(h1, "aa", options, "--label", "app=web")

    port = story.port_of(lab, "aa")
    assert port["mac"] == "02:aa:bb:cc:dd:01"
    assert port["labels"] == {"app": "web", "zone": "red"}
    assert "weft.zone means nothing" in says(
        h1, "run", "--rm", "--net", "name=blue,driver-opt=weft.zone=red", IMAGE, "true"
    )


def test_a_running_container_is_connected_and_disconnected(lab: Lab, h1: LabHost, estate: Estate) -> None:
    estate.network("blue", "10.61.0.0/24", h1)
    story.run_native(h1, "aa", NET, "--label", "app=web")
    story.run_native(h1, "bb", "blue")
    there = inspect(h1, "bb")["NetworkSettings"]["Networks"]["blue"]["IPAddress"]
    assert not story.pings(h1, "aa", there), "the negative control"

    run_on(h1, "docker", "network", "connect", "--ip", "10.61.0.9", "blue", "aa")
    reached = story.pings(h1, "aa", there) and story.fetches(h1, "aa", there)
    on_blue = [port for port in story.weft(lab, "port", "list", "--network", "blue") if port["name"] != "bb"]
    run_on(h1, "docker", "network", "disconnect", "blue", "aa")

    assert reached
    assert [(p["fixed_ips"][0]["address"], p["labels"]) for p in on_blue] == [("10.61.0.9", {"app": "web"})]
    assert cards(h1, "aa") == ["eth0"]
    until(
        lambda: [p["name"] for p in story.weft(lab, "port", "list", "--network", "blue")] == ["bb"],
        "the port on blue to be freed",
        timeout_s=20,
    )


def test_a_restart_keeps_address_and_mac_and_removal_frees_them(
    lab: Lab, h1: LabHost, estate: Estate
) -> None:
    del estate
    for name in ("aa", "bb", "cc"):
        story.run_native(h1, name, NET)
    run_on(h1, "docker", "stop", "-t", "0", "cc")
    before = story.ports(lab)

    run_on(h1, "docker", "restart", "-t", "0", "aa")
    run_on(h1, "docker", "stop", "-t", "0", "bb")
    run_on(h1, "docker", "start", "bb")

    after = story.ports(lab)
    for name in ("aa", "bb"):
        assert (after[name]["id"], after[name]["mac"]) == (before[name]["id"], before[name]["mac"])
        assert after[name]["fixed_ips"] == before[name]["fixed_ips"]
    assert story.pings(h1, "aa", story.address_of(lab, "bb"))
    run_on(h1, "docker", "rm", "-f", "aa")
    until(lambda: "aa" not in story.ports(lab), "the port to be freed", timeout_s=20)


def test_containers_that_start_at_once_are_told_apart(lab: Lab, h1: LabHost, estate: Estate) -> None:
    estate.create("group", "odd", "--selector", "parity=odd")
    numbers = range(10)

    def start(number: int) -> None:
        parity = "odd" if number % 2 else "even"
        story.run_native(h1, f"c{number}", NET, "--label", f"number={number}", "--label", f"parity={parity}")

    with ThreadPoolExecutor(10) as threads:
        list(threads.map(start, numbers))

    ports = story.ports(lab)
    for number in numbers:
        port = ports[f"c{number}"]
        inside = inspect(h1, f"c{number}")["NetworkSettings"]["Networks"][NET]
        assert port["labels"]["number"] == str(number)
        assert port["fixed_ips"][0]["address"] == inside["IPAddress"]
        assert port["mac"] == inside["MacAddress"]
        assert port["quarantined"] is False
        assert port["groups"] == (["odd"] if number % 2 else [])
    assert story.pings(h1, "c0", ports["c9"]["fixed_ips"][0]["address"])


def test_a_group_rule_holds_from_the_first_packet(lab: Lab, h1: LabHost, estate: Estate) -> None:
    story.run_native(h1, "db", NET, "--label", "app=db")
    there = story.address_of(lab, "db")
    for name in ("web", "db"):
        estate.create("group", name, "--selector", f"app={name}")
    estate.create("policy", "no-web", "--target", "db")
    rule = ("--direction", "ingress", "--action", "drop", "--peer", "group:web", "--service", "any")
    story.weft(lab, "policy", "rule", "add", "no-web", *rule, "--wait")
    run = ("docker", "run", "--rm", "--net", NET)

    web = [try_on(h1, *run, "--label", "app=web", IMAGE, "ping", "-c1", "-W1", there) for _ in range(5)]
    other = try_on(h1, *run, "--label", "app=other", IMAGE, "ping", "-c1", "-W1", there)

    assert [done.returncode for done in web] == [1] * 5
    assert other.returncode == 0, "the negative control"


def test_two_projects_with_one_name_and_one_prefix_do_not_meet(lab: Lab, h1: LabHost, estate: Estate) -> None:
    estate.create("project", "shop")
    story.weft(lab, "host", "set", "h1", "--serves", "default", "--serves", "shop")
    try:
        estate.network("web", "10.62.0.0/24", h1)
        estate.network("web", "10.62.0.0/24", h1, project="shop")
        until(
            lambda: (
                {"default.web", "shop.web"} <= story.docker_networks(h1)
                and "web" not in story.docker_networks(h1)
            ),
            "both networks to carry their projects",
            timeout_s=20,
        )
        story.run_native(h1, "aa", "default.web", "--ip", "10.62.0.10")
        story.run_native(h1, "same", "default.web", "--ip", "10.62.0.11")
        story.run_native(h1, "other", "shop.web", "--ip", "10.62.0.12")
        story.run_native(h1, "twin", "shop.web", "--ip", "10.62.0.10")

        assert story.pings(h1, "aa", "10.62.0.11"), "the negative control"
        assert story.fetches(h1, "aa", "10.62.0.11"), "the negative control"
        assert story.pings(h1, "twin", "10.62.0.12"), "the negative control"
        assert not story.pings(h1, "aa", "10.62.0.12")
        assert not story.fetches(h1, "aa", "10.62.0.12")
        assert not story.pings(h1, "twin", "10.62.0.11")
    finally:
        run_on(h1, "docker", "rm", "-f", "aa", "same", "other", "twin")
        until(lambda: not story.ports(lab), "the ports to be freed", timeout_s=20)
        story.weft(lab, "host", "set", "h1", "--serves", "default")


def test_a_host_shows_only_the_networks_of_projects_it_serves(h1: LabHost, estate: Estate) -> None:
    estate.create("project", "secret")
    estate.network("vault", "10.63.0.0/24", project="secret")
    estate.network("blue", "10.61.0.0/24", h1)

    assert not {name for name in story.docker_networks(h1) if "vault" in name}
    made = says(
        h1,
        *("network", "create", "-d", "weft", "--ipam-driver", "weft"),
        *("--ipam-opt", "weft.network=secret.vault", "mine"),
    )
    assert "serves no network 'secret.vault'" in made


def test_a_pruned_network_comes_back(h1: LabHost, estate: Estate) -> None:
    estate.network("blue", "10.61.0.0/24", h1)
    story.run_native(h1, "aa", NET)

    gone = run_on(h1, "docker", "network", "prune", "-f")

    assert "blue" in gone
    await_docker_network(h1, "blue")
    story.run_native(h1, "bb", "blue")


def test_an_internal_network_of_docker_has_no_way_out_also_when_a_router_comes(
    lab: Lab, h1: LabHost, estate: Estate
) -> None:
    estate.network("blue", "10.61.0.0/24", h1)
    inner = ("--internal", "-d", "weft", "--ipam-driver", "weft", "--ipam-opt", "weft.network=blue")
    run_on(h1, "docker", "network", "create", *inner, "inner")
    story.run_native(h1, "aa", "inner")
    story.run_native(h1, "bb", "blue")

    story.weft(lab, "router", "create", "way", "--network", "blue", "--wait")
    try:
        until(lambda: "default" in _routes(h1, "bb"), "a way out for who is to have one", timeout_s=20)
        story.run_native(h1, "cc", "inner")

        assert "default" not in _routes(h1, "aa")
        assert "default" not in _routes(h1, "cc")
        assert story.fetches(h1, "aa", story.address_of(lab, "bb"))
    finally:
        life.weft_on_central(lab, "router", "detach", "way", "blue", "--wait")
        life.weft_on_central(lab, "router", "delete", "way")
        run_on(h1, "docker", "rm", "-f", "aa", "cc")
        run_on(h1, "docker", "network", "rm", "inner")


def _routes(host: LabHost, container: str) -> str:
    return run_on(host, "docker", "exec", container, "ip", "route")


def test_an_unknown_pool_or_endpoint_is_an_answer_and_not_a_hang(h1: LabHost, estate: Estate) -> None:
    del estate
    ask = ("curl", "-sS", "-m5", "--unix-socket", "/run/docker/plugins/weft.sock", "-d")
    unknown = "11111111-1111-4111-8111-111111111111"

    pool = run_on(h1, *ask, json.dumps({"PoolID": unknown}), "http://x/IpamDriver.RequestAddress")
    joined = run_on(
        h1, *ask, json.dumps({"NetworkID": "no", "EndpointID": "no"}), "http://x/NetworkDriver.Join"
    )
    garbage = run_on(h1, *ask, "not json", "http://x/NetworkDriver.CreateEndpoint")

    for answer in (pool, joined, garbage):
        assert json.loads(answer)["Err"].startswith("weft: "), answer


def test_life_of_the_lab_is_left_as_it_was(lab: Lab, h1: LabHost, estate: Estate) -> None:
    del estate
    story.run_native(h1, "aa", NET)
    run_on(h1, "docker", "rm", "-f", "aa")

    until(lambda: "wf" not in run_on(h1, "ovs-vsctl", "list-ports", "br-int"), "no port", timeout_s=10)
    until(lambda: ": wf" not in run_on(h1, "ip", "-o", "link"), "no link", timeout_s=10)
    until(lambda: not story.ports(lab), "no port in Weft", timeout_s=10)
    life.weft_on_central(lab, "network", "show", NET)
