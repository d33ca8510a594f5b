"""What fails around Docker's own networks, and that nothing stays behind: real kills at chosen points."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.system.estate import await_docker_network, estate_of
from tests.system.plugin_proxy import PluginProxy

from weft.lab import life, story
from weft.lab.dockerd import IMAGE, run_docker
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, stop_on, try_on, until

NET = "DockerSN"


@pytest.fixture(autouse=True)
def _as_it_was(lab: Lab, h1: LabHost) -> Iterator[None]:
    await_docker_network(h1, NET)
    with estate_of(lab):
        yield
    until(lambda: left_behind(lab, h1) == [], f"nothing to stay: {left_behind(lab, h1)}", timeout_s=30)


@pytest.fixture
def proxy(h1: LabHost) -> Iterator[PluginProxy]:
    """The agent listens elsewhere, and Docker reaches it through the proxy."""
    settings = h1.directory / "etc-weft" / "agent.toml"
    before = settings.read_text()
    settings.write_text(before + 'plugin_dir = "/run/weft/plugins"\n')
    life.stop_agent(h1)
    made = PluginProxy(h1.run / "docker" / "plugins" / "weft.sock", h1.run / "weft" / "plugins" / "weft.sock")
    life.run_agent(h1)
    yield made
    made.close()
    settings.write_text(before)
    life.stop_agent(h1)
    life.run_agent(h1)


def left_behind(lab: Lab, host: LabHost) -> list[str]:
    """What Weft has made for workloads on `host` and in OVN."""
    links = [line.split(": ")[1] for line in run_on(host, "ip", "-o", "link").splitlines()]
    rows = run_on(
        lab.central, "ovn-nbctl", "--timeout=10", "--bare", "--columns=name", "list", "Logical_Switch_Port"
    ).split()
    return [
        *(
            name
            for name in run_on(host, "ovs-vsctl", "list-ports", "br-int").split()
            if name.startswith("wf")
        ),
        *(name for name in links if name.startswith(("wf", "wp"))),
        *(f"port {name}" for name in story.ports(lab)),
        *(f"row {name}" for name in rows),
    ]


@contextmanager
def server_away(lab: Lab) -> Iterator[None]:
    life.stop_server(lab, signal.SIGKILL)
    try:
        yield
    finally:
        life.run_server(lab)


@contextmanager
def server_frozen(lab: Lab) -> Iterator[None]:
    pid = int((lab.central.run / "weft-server.lab-pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def try_run(host: LabHost, name: str, *options: str) -> str:
    """`docker run` that must fail; what it says."""
    done = try_on(host, "docker", "run", "-d", "--name", name, "--net", NET, *options, IMAGE, "sleep", "1000")
    assert done.returncode != 0
    return done.stderr


def placed(lab: Lab, *names: str) -> list[tuple[str, str, str]]:
    """Id, address and MAC of ports."""
    ports = story.ports(lab)
    return [(p["id"], p["fixed_ips"][0]["address"], p["mac"]) for p in (ports[name] for name in names)]


STEPS = ("IpamDriver.RequestAddress", "NetworkDriver.CreateEndpoint", "NetworkDriver.Join")


@pytest.mark.parametrize("heard", ["heard", "unheard"])
@pytest.mark.parametrize("step", STEPS)
def test_an_agent_killed_at_a_step_of_an_attach_leaks_nothing(
    lab: Lab, h1: LabHost, proxy: PluginProxy, step: str, heard: str
) -> None:
    """Killed after the step is done, once before Docker hears of it and once after."""
    proxy.trap(step, lambda: life.stop_agent(h1, signal.SIGKILL), answered=heard == "heard")

    done = try_on(h1, "docker", "run", "-d", "--name", "aa", "--net", NET, IMAGE, "sleep", "1000")
    assert proxy.sprung.is_set()
    try_on(h1, "docker", "rm", "-f", "aa")
    life.run_agent(h1)

    assert done.returncode == 0 or "weft" in done.stderr
    until(lambda: left_behind(lab, h1) == [], "everything to be collected", timeout_s=30)
    story.run_native(h1, "bb", NET)
    story.run_native(h1, "cc", NET)
    assert story.pings(h1, "cc", story.address_of(lab, "bb"))


def test_without_the_server_a_new_container_fails_with_its_url_and_a_known_one_restarts(
    lab: Lab, h1: LabHost
) -> None:
    for name in ("aa", "bb"):
        story.run_native(h1, name, NET)
    before = placed(lab, "aa", "bb")

    with server_away(lab):
        began = time.monotonic()
        said = try_run(h1, "new")
        took = time.monotonic() - began
        run_on(h1, "docker", "restart", "-t", "0", "aa")
        reached = story.pings(h1, "aa", before[1][1])

    assert lab.server_url in said
    assert took < 5
    assert reached
    assert placed(lab, "aa", "bb") == before


def test_a_server_that_hangs_makes_docker_wait_less_than_five_seconds(lab: Lab, h1: LabHost) -> None:
    with server_frozen(lab):
        began = time.monotonic()
        said = try_run(h1, "new")
        took = time.monotonic() - began

    assert f"{lab.server_url} does not answer" in said
    assert took < 5


def test_what_stops_without_the_server_is_collected_when_it_is_back(lab: Lab, h1: LabHost) -> None:
    for name in ("aa", "bb"):
        story.run_native(h1, name, NET)

    with server_away(lab):
        run_on(h1, "docker", "stop", "-t", "0", "aa")
        run_on(h1, "docker", "rm", "-f", "bb")
        run_on(h1, "docker", "rm", "aa")

    until(lambda: left_behind(lab, h1) == [], "everything to be collected", timeout_s=30)


def test_a_restart_of_docker_keeps_addresses_and_labels(lab: Lab, h1: LabHost) -> None:
    names = ("aa", "bb", "cc")
    for name in names:
        story.run_native(h1, name, NET, "--restart=always", "--label", f"me={name}")
    before = placed(lab, *names)

    stop_on(h1, "dockerd", timeout_s=40)
    run_docker(h1)

    story.wait_until_up(lab, *names)
    until(lambda: running(h1) == set(names), "all to run again", timeout_s=40, log=h1.logs / "weft-agent.log")
    assert placed(lab, *names) == before
    assert {name: port["labels"]["me"] for name, port in story.ports(lab).items()} == {n: n for n in names}
    assert story.pings(h1, "aa", before[2][1])


def test_a_docker_with_live_restore_restarts_under_traffic(lab: Lab, h1: LabHost) -> None:
    config = h1.directory / "etc-docker" / "daemon.json"
    before = config.read_text()
    config.write_text(before.replace("{", '{"live-restore": true, ', 1))
    try:
        stop_on(h1, "dockerd", timeout_s=40)
        run_docker(h1)
        await_docker_network(h1, NET)
        story.run_native(h1, "aa", NET)
        story.run_native(h1, "bb", NET)
        placed_before = placed(lab, "aa", "bb")
        run_on(
            h1,
            *("docker", "exec", "-d", "aa", "sh", "-c"),
            f"ping -i 0.1 -c 100 {placed_before[1][1]} > /tmp/ping",
        )

        stop_on(h1, "dockerd", timeout_s=40)
        run_docker(h1)

        until(
            lambda: "packets" in run_on(h1, "docker", "exec", "aa", "cat", "/tmp/ping"), "ping", timeout_s=40
        )
        told = run_on(h1, "docker", "exec", "aa", "cat", "/tmp/ping")
        assert " 0% packet loss" in told
        run_on(h1, "docker", "restart", "-t", "0", "aa")
        assert placed(lab, "aa", "bb") == placed_before
    finally:
        run_on(h1, "docker", "rm", "-f", "aa", "bb")
        config.write_text(before)
        stop_on(h1, "dockerd", timeout_s=40)
        run_docker(h1)


def test_a_cold_boot_without_the_server_brings_back_what_ran(
    lab: Lab, h1: LabHost, proxy: PluginProxy
) -> None:
    del proxy  # so that Docker's calls fail at once while there is no agent
    names = ("aa", "bb")
    for name in names:
        story.run_native(h1, name, NET, "--restart=always")
    story.run_native(h1, "once", NET)
    before = placed(lab, *names)

    with server_away(lab):
        stop_on(h1, "dockerd", timeout_s=40)
        life.stop_agent(h1, signal.SIGKILL)
        run_docker(h1)
        assert running(h1) == set()
        life.run_agent(h1)
        until(lambda: running(h1) == set(names), "both to run", timeout_s=40, log=h1.logs / "weft-agent.log")
        reached = story.pings(h1, "aa", before[1][1])

    assert reached
    assert placed(lab, *names) == before
    assert running(h1) == set(names), "without a restart policy nobody starts it"


def running(host: LabHost) -> set[str]:
    return set(run_on(host, "docker", "ps", "--format", "{{.Names}}").split())
