"""What rules matched is what was sent, and survives what makes the switch forget."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from weft.agent.hits import flows_in
from weft.lab import life, network, story
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, try_on, until

LOOKS_S = 30


@pytest.fixture
def no_ping(lab: Lab) -> Iterator[None]:
    """Nothing from the containers labelled ha may ping those labelled hb; both may fetch pages, counted."""
    for name in ("ha", "hb"):
        story.weft(lab, "group", "create", name, "--selector", f"me={name}")
    story.weft(lab, "policy", "create", "no-ping", "--target", "hb")
    add = ("policy", "rule", "add", "no-ping", "--direction", "ingress", "--peer", "group:ha")
    story.weft(lab, *add, "--action", "drop", "--service", "icmp")
    story.weft(lab, *add, "--action", "allow", "--service", "tcp/80", "--count")
    yield
    life.weft_on_central(lab, "policy", "delete", "no-ping")
    for name in ("ha", "hb"):
        life.weft_on_central(lab, "group", "delete", name)


def hits(lab: Lab) -> list[int | None]:
    """The packets of each rule."""
    found: dict[str, Any] = story.weft(lab, "policy", "hits", "no-ping")
    return [rule["packets"] for rule in found["rules"]]


def send_pings(host: LabHost, container: str, address: str, count: int) -> None:
    """Exactly `count` echo requests, whether or not they are answered."""
    said = try_on(host, "docker", "exec", container, "ping", "-c", str(count), "-W", "1", address)
    sent = re.search(r"(\d+) packets transmitted", said.stdout)
    assert sent is not None, said
    assert int(sent[1]) == count


def flows_are_younger(host: LabHost, moment: float) -> bool:
    """Whether every flow that OVN made of a policy was put in since `moment`."""
    flows = list(flows_in(run_on(host, "ovs-ofctl", "--no-names", "dump-flows", "br-int")))
    return bool(flows) and all(flow.age_s < time.monotonic() - moment for flow in flows)


@pytest.mark.usefixtures("no_ping")
def test_hits_are_the_packets_that_were_sent_and_survive_an_ovn_controller_that_is_killed(
    lab: Lab, h1: LabHost, h2: LabHost
) -> None:
    story.run_container(h1, "ha", "DockerSN", "--label", "me=ha")
    story.run_container(h2, "hb", "DockerSN", "--label", "me=hb")
    story.wait_until_up(lab, "ha", "hb")
    there = story.address_of(lab, "hb")
    until(lambda: hits(lab) == [0, 0], "both hosts to have told that nothing matched", timeout_s=LOOKS_S)

    send_pings(h1, "ha", there, 5)
    until(lambda: hits(lab)[0] == 5, "five pings to be counted", timeout_s=LOOKS_S)

    killed_at = time.monotonic()
    network.kill(h2, "ovn", "ovn-controller")
    network.run_controller(h2)
    until(lambda: flows_are_younger(h2, killed_at), "the flows to be put in anew", timeout_s=LOOKS_S)
    send_pings(h1, "ha", there, 4)
    until(lambda: hits(lab)[0] == 9, "four more pings to be counted", timeout_s=LOOKS_S)

    assert story.fetches(h1, "ha", there)
    until(lambda: hits(lab)[1], "a page that was fetched to be counted", timeout_s=LOOKS_S)
    assert hits(lab)[0] == 9
    assert "9 packets" in life.weft_on_central(lab, "policy", "show", "no-ping")
