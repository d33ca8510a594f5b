"""The way out and the way in, with real packets: a router's address outside, and floating IPs."""

import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from weft.lab import life, story
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import local, run_on, until

GATEWAY, ROUTER = "203.0.113.1", "203.0.113.9"
FLOATING = {"out-1": "203.0.113.21", "out-2": "203.0.113.22"}


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """Whom the station outside has served, a line for each."""
    return tmp_path / "served"


@pytest.fixture
def outside(lab: Lab, h1: LabHost, served: Path) -> Iterator[str]:
    """A station beyond h1's physical network, which serves HTTP; its network namespace."""
    name = f"{lab.prefix}outside"
    local("ip", "netns", "add", name)
    cable = ("type", "veth", "peer", "name", "eth0", "netns", name)
    local("ip", "-n", h1.namespace, "link", "add", "name", "uplink", *cable)
    local("ip", "-n", h1.namespace, "link", "set", "dev", "uplink", "up")
    for argv in (("link", "set", "dev", "eth0", "up"), ("addr", "add", f"{GATEWAY}/24", "dev", "eth0")):
        local("ip", "-n", name, *argv)
    local("nsenter", f"--net=/run/netns/{name}", "ethtool", "-K", "eth0", "tx", "off")
    datapath = run_on(h1, "ovs-vsctl", "get", "bridge", "br-int", "datapath_type").strip()
    bridge = ("add-br", "br-ex", "--", "set", "bridge", "br-ex", f"datapath_type={datapath}")
    run_on(h1, "ovs-vsctl", *bridge, "--", "add-port", "br-ex", "uplink")
    run_on(h1, "ovs-vsctl", "set", "Open_vSwitch", ".", "external_ids:ovn-bridge-mappings=physnet1:br-ex")
    httpd = ["nsenter", f"--net=/run/netns/{name}", "busybox", "httpd", "-fv", "-p", "80", "-h", "/etc"]
    with served.open("ab") as log:
        serving = subprocess.Popen(httpd, stderr=log)
    yield name
    serving.kill()
    serving.wait()
    run_on(h1, "ovs-vsctl", "remove", "Open_vSwitch", ".", "external_ids", "ovn-bridge-mappings")
    run_on(h1, "ovs-vsctl", "del-br", "br-ex")
    local("ip", "netns", "del", name)


@pytest.fixture
def inside(lab: Lab) -> Iterator[None]:
    """A network on a router, and the external network."""
    story.weft(lab, "network", "create", "in-net", "--subnet", "10.43.0.0/24")
    external = ("--subnet", "203.0.113.0/24", "--physical-network", "physnet1")
    story.weft(lab, "network", "create", "internet", *external)
    story.weft(lab, "router", "create", "edge", "--network", "in-net", "--wait")
    yield
    for host in lab.workers:
        left = run_on(host, "docker", "ps", "-aq", "--filter", "label=led=out").split()
        if left:
            run_on(host, "docker", "rm", "-f", *left)
    until(lambda: not {"out-1", "out-2"} & set(story.ports(lab)), "the ports to be freed", timeout_s=30)
    for floating in story.weft(lab, "floating-ip", "list"):
        life.weft_on_central(lab, "floating-ip", "delete", floating["name"])
    life.weft_on_central(lab, "router", "gateway", "clear", "edge", "--wait")
    life.weft_on_central(lab, "router", "detach", "edge", "in-net", "--wait")
    life.weft_on_central(lab, "router", "delete", "edge")
    for name in ("in-net", "internet"):
        life.weft_on_central(lab, "network", "delete", name)


@pytest.mark.usefixtures("inside")
def test_containers_on_both_hosts_go_out_under_the_routers_address(
    lab: Lab, h1: LabHost, h2: LabHost, outside: str
) -> None:
    _run_both(lab, h1, h2)
    assert not story.pings(h1, "out-1", GATEWAY), "the negative control: there is no way out"

    story.weft(
        lab, "router", "gateway", "set", "edge", "--network", "internet", "--address", ROUTER, "--wait"
    )

    until(lambda: story.pings(h1, "out-1", GATEWAY), "a way out from h1", timeout_s=30)
    assert story.fetches(h1, "out-1", GATEWAY)
    until(lambda: story.pings(h2, "out-2", GATEWAY), "a way out from h2", timeout_s=30)
    assert story.fetches(h2, "out-2", GATEWAY)
    _only_the_router_is_seen(h2, outside)


@pytest.mark.usefixtures("inside")
def test_a_floating_ip_leads_in_and_out_wherever_its_container_runs(
    lab: Lab, h1: LabHost, h2: LabHost, outside: str, served: Path
) -> None:
    _run_both(lab, h1, h2)
    way_out = ("--network", "internet", "--address", ROUTER)
    story.weft(lab, "router", "gateway", "set", "edge", *way_out)
    for name, address in FLOATING.items():
        asked = ("--network", "internet", "--address", address, "--port", name)
        story.weft(lab, "floating-ip", "create", *asked, "--wait")
    for name, host in (("out-1", h1), ("out-2", h2)):
        until(partial(story.pings, host, name, GATEWAY), f"a way out of {name}", timeout_s=30)
        assert story.fetches(host, name, GATEWAY)
        assert _served(served, FLOATING[name]), "what it sends comes from its floating address"
        assert not _pings_in(outside, FLOATING[name]), "the network's default lets nobody in from outside"

    story.weft(lab, "network", "set", "in-net", "--default-ingress", "allow", "--wait")

    for address in FLOATING.values():
        until(partial(_pings_in, outside, address), f"a way in by {address}", timeout_s=30)
        assert _fetches_in(outside, address)

    story.weft(lab, "network", "set", "in-net", "--default-ingress", "same-network", "--wait")
    assert not any(_fetches_in(outside, address) for address in FLOATING.values())

    story.weft(lab, "network", "set", "in-net", "--default-ingress", "allow")
    story.weft(lab, "floating-ip", "disassociate", FLOATING["out-2"], "--wait")
    assert _fetches_in(outside, FLOATING["out-1"]), "the other one is as it was"
    assert not _fetches_in(outside, FLOATING["out-2"])
    assert story.fetches(h2, "out-2", GATEWAY)
    assert _served(served, ROUTER), "out-2 goes out as the router does, again"


def _run_both(lab: Lab, h1: LabHost, h2: LabHost) -> None:
    """A container on each host; and the server knows that h1 is connected."""
    story.run_container(h1, "out-1", "in-net", "--label", "led=out")
    story.run_container(h2, "out-2", "in-net", "--label", "led=out")
    story.wait_until_up(lab, "out-1", "out-2")
    until(
        lambda: "physnet1" in story.weft(lab, "host", "show", "h1")["physical_networks"],
        "the server to hear of physnet1",
        timeout_s=30,
    )


def _served(served: Path, address: str) -> bool:
    return f":{address}]" in served.read_text()


def _pings_in(outside: str, address: str) -> bool:
    argv = ["ip", "netns", "exec", outside, "ping", "-c", "2", "-W", "1", address]
    return subprocess.run(argv, check=False, capture_output=True).returncode == 0


def _fetches_in(outside: str, address: str) -> bool:
    """Whether the station outside gets an HTTP answer over TCP."""
    argv = ["ip", "netns", "exec", outside, "busybox", "nc", "-w", "3", address, "80"]
    asked = subprocess.run(argv, check=False, capture_output=True, input=b"GET / HTTP/1.0\r\n\r\n")
    return b"HTTP/1." in asked.stdout


def _only_the_router_is_seen(h2: LabHost, outside: str) -> None:
    """The station outside knows the router's address by ARP, and no workload's."""
    assert story.pings(h2, "out-2", GATEWAY)
    known = {line.split()[0] for line in local("ip", "-n", outside, "-4", "neigh").splitlines()}
    assert known == {ROUTER}
