"""The way out by a host's own address, with real packets: no spare interface, and policy in between."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest

from weft.lab import life, story
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import local, run_on, try_on, until

LED = ("--label", "led=out")


@dataclass(frozen=True)
class Outside:
    """A station beyond an interface of the host's, on a network that no overlay knows."""

    namespace: str
    address: str
    host_address: str
    address6: str
    host_address6: str

    def knows(self) -> set[str]:
        """The addresses that have spoken to the station, but for those of the link alone."""
        listed = local("ip", "-n", self.namespace, "neigh").splitlines()
        return {line.split()[0] for line in listed if "lladdr" in line and not line.startswith("fe80:")}


def station_beyond(host: LabHost, octet: str) -> Iterator[Outside]:
    """A station that serves HTTP, on an Ethernet with `host`: 203.0.OCTET.0/24, 2001:db8:OCTET::/64."""
    name = f"{host.lab.prefix}beyond-{host.name}"
    here, there = f"203.0.{octet}.11", f"203.0.{octet}.1"
    here6, there6 = f"2001:db8:{octet}::11", f"2001:db8:{octet}::1"
    local("ip", "netns", "add", name)
    cable = ("type", "veth", "peer", "name", "eth0", "netns", name)
    local("ip", "-n", host.namespace, "link", "add", "name", "lan0", *cable)
    ends = ((host.namespace, "lan0", here, here6), (name, "eth0", there, there6))
    for namespace, device, address, address6 in ends:
        local("ip", "-n", namespace, "addr", "add", f"{address}/24", "dev", device)
        local("ip", "-n", namespace, "addr", "add", f"{address6}/64", "dev", device, "nodad")
        local("ip", "-n", namespace, "link", "set", "dev", device, "up")
    httpd = ["nsenter", f"--net=/run/netns/{name}", "busybox", "httpd", "-f", "-p", "80", "-h", "/etc"]
    serving = subprocess.Popen(httpd)
    try:
        yield Outside(name, there, here, there6, here6)
    finally:
        serving.kill()
        serving.wait()
        local("ip", "-n", host.namespace, "link", "del", "lan0")
        local("ip", "netns", "del", name)


@pytest.fixture
def beyond_h1(h1: LabHost) -> Iterator[Outside]:
    yield from station_beyond(h1, "113")


@pytest.fixture
def beyond_h2(h2: LabHost) -> Iterator[Outside]:
    yield from station_beyond(h2, "114")


@pytest.fixture
def led_out(lab: Lab, h1: LabHost, h2: LabHost) -> Iterator[None]:
    """A network on a router; nothing leads out yet."""
    story.weft(lab, "network", "create", "yard", "--subnet", "10.44.0.0/24", "--subnet", "fd00:44::/64")
    story.weft(lab, "router", "create", "way", "--network", "yard", "--wait")
    yield
    for host in (h1, h2):
        left = run_on(host, "docker", "ps", "-aq", "--filter", "label=led=out").split()
        if left:
            run_on(host, "docker", "rm", "-f", *left)
    names = {"way-1", "way-2"}
    until(lambda: not names & set(story.ports(lab)), "the ports to be freed", timeout_s=30)
    for argv in (
        ("router", "gateway", "clear", "way", "--wait"),
        ("router", "detach", "way", "yard", "--wait"),
        ("router", "delete", "way"),
        ("network", "delete", "host"),
        ("network", "delete", "yard"),
    ):
        life.weft_on_central(lab, *argv)
    for host in (h1, h2):
        until(partial(_no_door_on, host), f"no door to stay on {host.name}", timeout_s=30)


def _no_door_on(host: LabHost) -> bool:
    return door_left_on(host) == []


def door_left_on(host: LabHost) -> list[str]:
    """What the door has left on a host, in words."""
    signs = {
        "the device": try_on(host, "ip", "link", "show", "dev", "weft-door").returncode == 0,
        "the rules": "weft_door" in run_on(host, "nft", "list", "tables"),
        "a routing rule": "22510:" in run_on(host, "ip", "rule") + run_on(host, "ip", "-6", "rule"),
        "what iptables accepts": any(
            "weft-door" in run_on(host, tool, "-S", "FORWARD") for tool in ("iptables", "ip6tables")
        ),
    }
    return [sign for sign, there in signs.items() if there]


@pytest.mark.usefixtures("led_out")
def test_each_container_leaves_by_its_own_host_under_policy(
    lab: Lab, h1: LabHost, h2: LabHost, beyond_h1: Outside, beyond_h2: Outside
) -> None:
    story.run_container(h1, "way-1", "yard", *LED)
    story.run_container(h2, "way-2", "yard", *LED)
    story.wait_until_up(lab, "way-1", "way-2")
    for address in (beyond_h1.address, beyond_h1.address6):
        assert not story.pings(h1, "way-1", address), "the negative control: there is no way out"

    story.weft(lab, "router", "gateway", "set", "way", "--network", "host", "--wait")

    for host, name, beyond in ((h1, "way-1", beyond_h1), (h2, "way-2", beyond_h2)):
        for address in (beyond.address, beyond.address6):
            found = partial(story.pings, host, name, address)
            until(found, f"a way out from {name}", timeout_s=40, log=host.logs / "weft-agent.log")
            assert story.fetches(host, name, address)
        assert beyond.knows() == {beyond.host_address, beyond.host_address6}, (
            "the host hides what leaves by it"
        )
    _nothing_comes_in(lab, h1, beyond_h1)
    assert "eth1" not in run_on(h1, "docker", "exec", "way-1", "ip", "-o", "link"), "no second interface"
    _egress_rules_bite(lab, h1, beyond_h1)
    _is_taken_away_and_made_again(h1, beyond_h1)


@pytest.mark.usefixtures("led_out")
def test_workloads_of_two_projects_with_one_address_leave_by_the_same_host(
    lab: Lab, h1: LabHost, beyond_h1: Outside
) -> None:
    twin = ("--project", "twin")
    story.weft(lab, "project", "create", "twin")
    story.weft(lab, "host", "set", "h1", "--serves", "default", "--serves", "twin")
    try:
        story.weft(lab, "network", "create", "yard", "--subnet", "10.44.0.0/24", *twin)
        story.weft(lab, "router", "gateway", "set", "way", "--network", "host")
        story.weft(lab, "router", "create", "way", "--network", "yard", "--outside", "host", *twin, "--wait")
        one_address = ("--label", "weft.ip=10.44.0.77")
        story.run_container(h1, "way-1", "yard", *LED, *one_address)
        story.run_container(h1, "way-2", "yard", *LED, *one_address, "--label", "weft.project=twin")
        story.wait_until_up(lab, "way-1", "way-2")

        for name in ("way-1", "way-2"):
            until(partial(story.fetches, h1, name, beyond_h1.address), f"a way out from {name}", timeout_s=40)
        assert all(story.fetches(h1, name, beyond_h1.address) for name in ("way-1", "way-2") * 3)
    finally:
        run_on(h1, "docker", "rm", "-f", "way-2")
        until(lambda: "way-2" not in story.ports(lab), "the port to be freed", timeout_s=30)
        for argv in (
            ("router", "detach", "way", "yard"),
            ("router", "delete", "way"),
            ("network", "delete", "yard"),
        ):
            life.weft_on_central(lab, *argv, *twin)
        life.weft_on_central(lab, "host", "set", "h1", "--serves", "default")
        life.weft_on_central(lab, "project", "delete", "twin")


def _nothing_comes_in(lab: Lab, h1: LabHost, beyond: Outside) -> None:
    """A station that takes the host for the way to a workload does not get there, nor it to the host."""
    (own,) = (ip["address"] for ip in story.port_of(lab, "way-1")["fixed_ips"] if ":" in ip["address"])
    local("ip", "-n", beyond.namespace, "route", "add", "fd00:44::/64", "via", beyond.host_address6)
    ping = ("ip", "netns", "exec", beyond.namespace, "ping", "-c", "2", "-W", "1", str(own))
    assert subprocess.run(ping, capture_output=True, check=False).returncode != 0
    assert not story.pings(h1, "way-1", beyond.host_address6), "the host itself is not outside"


def _is_taken_away_and_made_again(h1: LabHost, beyond: Outside) -> None:
    """As weft host leave does it; the next agent, which finds the host without, makes it all again."""
    life.stop_agent(h1)
    run_on(h1, sys.executable, "-c", "from weft.agent.door.kernel import Kernel; Kernel().close()")
    assert door_left_on(h1) == ["the device"], "which goes with its bridge"
    for address in (beyond.address, beyond.address6):
        assert not story.pings(h1, "way-1", address)
    life.run_agent(h1)
    for address in (beyond.address, beyond.address6):
        until(partial(story.pings, h1, "way-1", address), "the door to be made again", timeout_s=30)


def _egress_rules_bite(lab: Lab, h1: LabHost, beyond: Outside) -> None:
    try:
        story.weft(lab, "policy", "create", "closed", "--order", "1")
        rule = ("--direction", "egress", "--action", "drop", "--peer", f"{beyond.address}/32")
        story.weft(lab, "policy", "rule", "add", "closed", *rule, "--wait")
        assert not story.pings(h1, "way-1", beyond.address)
        assert not story.fetches(h1, "way-1", beyond.address)
    finally:
        story.weft(lab, "policy", "delete", "closed", "--wait")
    assert story.fetches(h1, "way-1", beyond.address)
