"""Any part of the control plane may be killed: running traffic loses nothing, and the system converges."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from weft.lab import life, network, story
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import is_running, run_on, try_on, until
from weft.lab.traffic import traffic


def server(lab: Lab) -> None:
    """The API, the store's only user, and the reconciler: one process."""
    life.stop_server(lab, signal.SIGKILL)
    life.run_server(lab)


def agents(lab: Lab) -> None:
    for host in lab.workers:
        life.stop_agent(host, signal.SIGKILL)
        life.run_agent(host)


def northbound(lab: Lab) -> None:
    network.kill(lab.central, "ovn", "ovsdb-nb")
    network.run_database(lab.central, "nb")


def southbound(lab: Lab) -> None:
    network.kill(lab.central, "ovn", "ovsdb-sb")
    network.run_database(lab.central, "sb")


def northd(lab: Lab) -> None:
    network.kill(lab.central, "ovn", "ovn-northd")
    network.start_northd(lab.central)


def controllers_politely(lab: Lab) -> None:
    for host in lab.workers:
        pid = int((host.run / "ovn" / "ovn-controller.pid").read_text())
        run_on(host, "ovn-appctl", "-t", "ovn-controller", "exit", "--restart")
        until(lambda pid=pid: not is_running(pid), "ovn-controller to end", timeout_s=15)  # type: ignore[misc]
        network.run_controller(host)


def controllers(lab: Lab) -> None:
    for host in lab.workers:
        network.kill(host, "ovn", "ovn-controller")
        network.run_controller(host)


def everything(lab: Lab) -> None:
    """As when the control plane and all agents lose their power in one moment."""
    for host in lab.workers:
        network.kill(host, "ovn", "ovn-controller")
        life.stop_agent(host, signal.SIGKILL)
    for name in ("ovsdb-nb", "ovsdb-sb", "ovn-northd"):
        network.kill(lab.central, "ovn", name)
    life.stop_server(lab, signal.SIGKILL)
    for host in lab.workers:
        network.run_controller(host)
    for database in ("nb", "sb"):
        network.run_database(lab.central, database)
    network.start_northd(lab.central)
    life.run_server(lab)
    for host in lab.workers:
        life.run_agent(host)


@dataclass(frozen=True)
class Pair:
    """Containers on two hosts, `aa` on the first, and the address of the other."""

    lab: Lab
    here: LabHost
    there: LabHost
    address: str


@pytest.fixture(scope="module")
def pair(lab: Lab) -> Iterator[Pair]:
    here, there = lab.host("h1"), lab.host("h2")
    story.run_container(here, "aa", "DockerSN")
    story.run_container(there, "bb", "DockerSN")
    story.wait_until_up(lab, "aa", "bb")
    yield Pair(lab, here, there, story.address_of(lab, "bb"))
    run_on(here, "docker", "rm", "-f", "aa")
    run_on(there, "docker", "rm", "-f", "bb")


@pytest.fixture
def newcomer(pair: Pair) -> Iterator[str]:
    """The name of a container that a test starts on the second host."""
    yield "cc"
    try_on(pair.there, "docker", "rm", "-f", "cc")
    until(lambda: "cc" not in story.ports(pair.lab), "its port to be freed", timeout_s=20)


@pytest.mark.parametrize(
    "restart",
    [server, agents, northbound, southbound, northd, controllers_politely, controllers, everything],
    ids=lambda restart: restart.__name__,
)
def test_a_restart_loses_no_packet_and_the_next_container_is_attached(
    pair: Pair, newcomer: str, restart: Callable[[Lab], None]
) -> None:
    with traffic(pair.here, "aa", pair.address) as stream:
        restart(pair.lab)
        story.run_container(pair.there, newcomer, "DockerSN")
        story.wait_until_up(pair.lab, newcomer, timeout_s=60)
        address = story.address_of(pair.lab, newcomer)
        until(lambda: story.pings(pair.here, "aa", address), "the newcomer to be reached", timeout_s=20)

    assert stream.lost() == []


def test_an_attachment_changes_no_route_of_its_host(pair: Pair, newcomer: str) -> None:
    """Or Open vSwitch's userspace datapath would lose what arrives in tunnels while it reads them anew."""

    def routes() -> list[str]:
        return [run_on(pair.there, "ip", family, "route") for family in ("-4", "-6")]

    before = routes()
    story.run_container(pair.there, newcomer, "DockerSN")
    story.wait_until_up(pair.lab, newcomer)

    assert routes() == before


def test_the_stream_sees_a_loss(pair: Pair) -> None:
    with traffic(pair.here, "aa", pair.address) as stream:
        run_on(pair.there, "sh", "-c", "ip link set eth0 down; sleep 0.2; ip link set eth0 up")

    assert stream.lost() != []
