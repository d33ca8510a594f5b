"""The way out and the way in, with real packets: a router's address outside, and floating IPs."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.support.station import GATEWAY, Station, station_beyond

from weft.lab import life, story
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, until

ROUTER = "203.0.113.9"
FLOATING = {"out-1": "203.0.113.21", "out-2": "203.0.113.22"}


@pytest.fixture
def outside(h1: LabHost, tmp_path: Path) -> Iterator[Station]:
    """A station beyond h1's physical network."""
    with station_beyond(h1, tmp_path / "served") as station:
        yield station


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
    lab: Lab, h1: LabHost, h2: LabHost, outside: Station
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
    lab: Lab, h1: LabHost, h2: LabHost, outside: Station
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
        assert outside.has_served(FLOATING[name]), "what it sends comes from its floating address"
        assert not outside.pings(FLOATING[name]), "the network's default lets nobody in from outside"

    story.weft(lab, "network", "set", "in-net", "--default-ingress", "allow", "--wait")

    for address in FLOATING.values():
        until(partial(outside.pings, address), f"a way in by {address}", timeout_s=30)
        assert outside.fetches(address)

    story.weft(lab, "network", "set", "in-net", "--default-ingress", "same-network", "--wait")
    assert not any(outside.fetches(address) for address in FLOATING.values())

    story.weft(lab, "network", "set", "in-net", "--default-ingress", "allow")
    story.weft(lab, "floating-ip", "disassociate", FLOATING["out-2"], "--wait")
    assert outside.fetches(FLOATING["out-1"]), "the other one is as it was"
    assert not outside.fetches(FLOATING["out-2"])
    assert story.fetches(h2, "out-2", GATEWAY)
    assert outside.has_served(ROUTER), "out-2 goes out as the router does, again"


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


def _only_the_router_is_seen(h2: LabHost, outside: Station) -> None:
    """The station outside knows the router's address by ARP, and no workload's."""
    assert story.pings(h2, "out-2", GATEWAY)
    assert outside.neighbours() == {ROUTER}
