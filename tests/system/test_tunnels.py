"""The first packet to another host arrives."""

import pytest

from weft.lab import life, story
from weft.lab.layout import Lab, LabHost
from weft.lab.network import kernel_has_openvswitch
from weft.lab.processes import run_on, try_on, until

pytestmark = pytest.mark.skipif(
    kernel_has_openvswitch(), reason="the kernel's datapath keeps packets meanwhile"
)


def one_ping(host: LabHost, container: str, address: str) -> bool:
    """Whether the only echo request that is sent is answered within a second."""
    ping = ("docker", "exec", container, "ping", "-c", "1", "-W", "1", address)
    return try_on(host, *ping).returncode == 0


def forget_neighbours(*hosts: LabHost) -> None:
    """As after a long silence: no neighbours, and no flow through which an answer would pass unnoticed."""
    for host in hosts:
        run_on(host, "ovs-appctl", "tnl/arp/flush")
        run_on(host, "ovs-appctl", "dpctl/del-flows")


def knows(host: LabHost, other: LabHost) -> bool:
    return f"{other.address} " in run_on(host, "ovs-appctl", "tnl/arp/show")


def test_the_first_packet_of_a_new_container_reaches_another_host(lab: Lab, h1: LabHost, h2: LabHost) -> None:
    story.run_container(h2, "bb", "DockerSN")
    forget_neighbours(h1, h2)
    until(lambda: knows(h1, h2) and knows(h2, h1), "the agents to have them found again", timeout_s=60)
    story.run_container(h1, "aa", "DockerSN")
    story.wait_until_up(lab, "aa", "bb")

    assert one_ping(h1, "aa", story.address_of(lab, "bb"))


def test_the_first_packet_is_lost_when_no_agent_looks_after_the_tunnels(
    lab: Lab, h1: LabHost, h2: LabHost
) -> None:
    story.run_container(h1, "aa", "DockerSN")
    story.run_container(h2, "bb", "DockerSN")
    story.wait_until_up(lab, "aa", "bb")
    there = story.address_of(lab, "bb")
    for host in (h1, h2):
        life.stop_agent(host)
    try:
        forget_neighbours(h1, h2)

        assert not one_ping(h1, "aa", there)
        until(lambda: one_ping(h1, "aa", there), "the switches to have asked themselves", timeout_s=10)
    finally:
        for host in (h1, h2):
            life.run_agent(host)
