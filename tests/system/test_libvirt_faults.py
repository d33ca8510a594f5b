"""An agent killed while it attaches a machine of libvirt's: nothing lost, nothing left, nothing twice."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from tests.support.eventually import eventually
from tests.system.labs import lab_beside
from tests.system.relay import unanswered

from weft.lab import life, story
from weft.lab.domain import Card, Domain
from weft.lab.layout import HostSpec, Lab, LabHost
from weft.lab.processes import run_on, until

pytestmark = pytest.mark.long

NET = "DockerSN"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = lab_beside("vf", HostSpec("h1", libvirt=True))
    life.up(lab)
    story.weft(lab, "network", "create", NET, "--subnet", "192.168.200.0/24")
    story.wait_for_libvirt_network(lab.host("h1"), NET)
    yield lab
    life.down(lab)


@contextmanager
def frozen(pid_file: Path) -> Iterator[None]:
    pid = int(pid_file.read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def server_frozen(host: LabHost) -> AbstractContextManager[None]:
    return frozen(host.lab.central.run / "weft-server.lab-pid")


def controller_frozen(host: LabHost) -> AbstractContextManager[None]:
    return frozen(host.run / "ovn" / "ovn-controller.pid")


@contextmanager
def answers_lost(host: LabHost) -> Iterator[None]:
    """The server does what this host asks for its machines, and this host hears nothing of it."""
    with unanswered(host, f"/api/v1/hosts/{host.name}/attach"):
        life.stop_agent(host)  # a new one has no connection of old
        life.run_agent(host)
        yield


def is_asking(host: LabHost) -> bool:
    """The tap is there, and so the agent asks."""
    return "vnet" in run_on(host, "ovs-vsctl", "list-ports", "br-int")


def has_a_port(host: LabHost) -> bool:
    return "vm1" in story.ports(host.lab)


def is_carried(host: LabHost) -> bool:
    """The tap has the id of the port, and no flows."""
    port = story.ports(host.lab).get("vm1")
    ids = run_on(host, "ovs-vsctl", "--bare", "--columns=external_ids", "list", "Interface")
    return port is not None and port["id"] in ids


Step = tuple[Callable[[LabHost], AbstractContextManager[None]], Callable[[LabHost], bool]]

STEPS: dict[str, Step] = {
    "the tap is there and the server does not answer": (server_frozen, is_asking),
    "the server has made the port and is not heard": (answers_lost, has_a_port),
    "the tap is the port's and has no flows": (controller_frozen, is_carried),
}


@pytest.fixture(params=STEPS)
def killed(request: pytest.FixtureRequest, lab: Lab) -> Iterator[Domain]:
    """A machine that has just started, and whose agent was killed at a step of attaching it."""
    host = lab.host("h1")
    disturbed, reached = STEPS[request.param]
    domain = story.machine(host, "vm1", Card(network=NET, mac="52:54:00:00:00:01"))
    try:
        with disturbed(host):
            domain.create()
            until(lambda: reached(host), request.param, timeout_s=30, log=host.logs / "weft-agent.log")
            life.stop_agent(host, signal.SIGKILL)
        yield domain
    finally:
        end(domain)
    eventually(lambda: nothing_is_left(host), within_s=30)


def end(domain: Domain) -> None:
    """Pull the plug, unless it was pulled already."""
    if domain.name in domain.virsh("list", "--name").split():
        domain.destroy()


def nothing_is_left(host: LabHost) -> bool:
    """No port, no row of OVN's, and no interface with a port's id."""
    shown = ("--bare", "--columns=name", "list", "Logical_Switch_Port")
    carried = ("--bare", "--columns=name", "find", "Interface", "external_ids:iface-id!=''")
    assert not story.ports(host.lab)
    assert not run_on(host.lab.central, "ovn-nbctl", "--timeout=10", *shown).strip()
    assert not run_on(host, "ovs-vsctl", *carried).strip()
    return True


def test_the_agent_that_is_back_makes_the_attach_whole(killed: Domain) -> None:
    life.run_agent(killed.host)

    address = killed.address()

    story.wait_until_up(killed.host.lab, "vm1")
    (port,) = story.ports(killed.host.lab).values()
    assert (port["name"], port["host"]) == ("vm1", "h1")
    assert address == port["fixed_ips"][0]["address"]


def test_what_was_begun_for_a_machine_that_is_gone_is_collected(killed: Domain) -> None:
    end(killed)

    life.run_agent(killed.host)

    eventually(lambda: nothing_is_left(killed.host), within_s=30)
