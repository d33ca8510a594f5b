"""Routers, with real packets: across networks and hosts, under policy, and back to nothing."""

from collections.abc import Iterator

import pytest

from weft.lab import life, story
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, until


@pytest.fixture
def networks(lab: Lab) -> Iterator[None]:
    """Two networks of a project, with no way between them."""
    for name, cidr in (("web-net", "10.41.0.0/24"), ("db-net", "10.42.0.0/24")):
        story.weft(lab, "network", "create", name, "--subnet", cidr, "--default-ingress", "allow")
    yield
    for host in lab.workers:
        left = run_on(host, "docker", "ps", "-aq", "--filter", "label=routed").split()
        if left:
            run_on(host, "docker", "rm", "-f", *left)
    names = ("web-1", "db-1")
    until(lambda: not set(names) & set(story.ports(lab)), "the ports to be freed", timeout_s=30)
    for name in ("web-net", "db-net"):
        life.weft_on_central(lab, "network", "delete", name)


@pytest.mark.usefixtures("networks")
def test_networks_reach_each_other_through_a_router_that_comes_later_and_not_without(
    lab: Lab, h1: LabHost, h2: LabHost
) -> None:
    story.run_container(h1, "web-1", "web-net", "--label", "routed=yes", "--label", "app=web")
    story.run_container(h2, "db-1", "db-net", "--label", "routed=yes", "--label", "app=db")
    story.wait_until_up(lab, "web-1", "db-1")
    there = story.address_of(lab, "db-1")
    assert not story.pings(h1, "web-1", there), "the negative control: there is no router"

    story.weft(lab, "router", "create", "shop", "--network", "web-net", "--network", "db-net", "--wait")

    until(lambda: story.pings(h1, "web-1", there), "a way through the router", timeout_s=20)
    assert story.fetches(h1, "web-1", there)
    _a_rule_holds_across_networks(lab, h1, there)
    life.weft_on_central(lab, "router", "detach", "shop", "db-net", "--wait")
    assert not story.pings(h1, "web-1", there)
    life.weft_on_central(lab, "router", "detach", "shop", "web-net", "--wait")
    until(
        lambda: "default" not in run_on(h1, "docker", "exec", "web-1", "ip", "route"),
        "the default route to go with the router",
        timeout_s=20,
    )
    life.weft_on_central(lab, "router", "delete", "shop")


def _a_rule_holds_across_networks(lab: Lab, h1: LabHost, there: str) -> None:
    for name in ("web", "db"):
        story.weft(lab, "group", "create", f"routed-{name}", "--selector", f"routed=yes && app={name}")
    story.weft(lab, "policy", "create", "no-web", "--target", "routed-db")
    story.weft(
        lab,
        *("policy", "rule", "add", "no-web", "--direction", "ingress", "--action", "drop"),
        *("--peer", "group:routed-web", "--service", "tcp/80", "--wait"),
    )
    assert not story.fetches(h1, "web-1", there)
    assert story.pings(h1, "web-1", there)
    life.weft_on_central(lab, "policy", "delete", "no-web", "--wait")
    assert story.fetches(h1, "web-1", there)
    for name in ("web", "db"):
        life.weft_on_central(lab, "group", "delete", f"routed-{name}")
