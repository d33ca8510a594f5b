"""When a rule stops allowing a flow, the connections that only it allowed end before the receipt says so.

The hard case is a stream that the server pushes over UDP: the client is silent, so nothing travels in the
direction that OVN judges again, and the stream outlives its rule.
"""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.system.streams import Stream, hush, listen, plugged, serve

from weft.lab import life, story
from weft.lab.endpoint import Endpoint
from weft.lab.layout import Lab
from weft.lab.processes import run_on, until

NET = "cutnet"
KINDS = ("udp", "tcp")
INGRESS = ("--direction", "ingress", "--action", "allow")


@dataclass(frozen=True, slots=True)
class Scene:
    """`client` and `friend` on one host may ask `server` on the other, each by a rule of its own.

    The network lets nothing in that no rule allows, so a push is an answer or nothing.
    """

    lab: Lab
    client: Endpoint
    friend: Endpoint
    server: Endpoint

    def change(self, *argv: str) -> None:
        """Make a change; returns with the receipt that every host enforces it."""
        said = life.weft_on_central(self.lab, *argv, "--wait")
        assert "enforced on 2 of 2 hosts" in said

    def reset(self) -> None:
        """What every test begins with."""
        for here in (self.client, self.friend, self.server):
            hush(here)
        serve(self.server)
        story.weft(self.lab, "network", "set", NET, "--default-ingress", "drop")
        story.weft(self.lab, "port", "set", "client", "--label", "role=client", "--release")
        if any(policy["name"] == "pushes" for policy in story.weft(self.lab, "policy", "list")):
            story.weft(self.lab, "policy", "delete", "pushes")
        story.weft(self.lab, "policy", "create", "pushes", "--target", "server")
        for name in ("client", "friend"):
            self.change("policy", "rule", "add", "pushes", *INGRESS, "--peer", f"group:{name}")


@pytest.fixture(scope="module")
def stage(lab: Lab) -> Iterator[Scene]:
    story.weft(lab, "network", "create", NET, "--subnet", "10.80.0.0/24")
    for name in ("client", "friend", "server"):
        story.weft(lab, "group", "create", name, "--selector", f"role={name}")
    h1, h2 = lab.host("h1"), lab.host("h2")
    with (
        plugged(h1, "client", NET, "role=client") as client,
        plugged(h1, "friend", NET, "role=friend") as friend,
        plugged(h2, "server", NET, "role=server") as server,
    ):
        yield Scene(lab, client, friend, server)
    story.weft(lab, "policy", "delete", "pushes")
    for name in ("client", "friend", "server"):
        story.weft(lab, "group", "delete", name)
    story.weft(lab, "network", "delete", NET)


@pytest.fixture
def scene(stage: Scene) -> Scene:
    stage.reset()
    return stage


def heard(scene: Scene) -> tuple[list[Stream], list[Stream]]:
    """The streams that the client hears, and those that its friend hears, all of which run."""
    cut, kept = (
        [listen(here, kind, scene.server) for kind in KINDS] for here in (scene.client, scene.friend)
    )
    assert all(stream.runs() for stream in (*cut, *kept))
    return cut, kept


CUTS = {
    "the rule is removed": ("policy", "rule", "remove", "pushes", "1"),
    "the client loses its label": ("port", "set", "client", "--unlabel", "role"),
    "the client is quarantined": ("port", "set", "client", "--quarantine"),
}


@pytest.mark.parametrize("change", CUTS.values(), ids=CUTS.keys())
def test_a_stream_ends_before_the_receipt_and_the_others_lose_nothing(
    scene: Scene, change: tuple[str, ...]
) -> None:
    cut, kept = heard(scene)

    scene.change(*change)
    receipt = time.time()

    assert all(stream.runs() for stream in kept), "the negative control: the network and the server work"
    assert [stream.sent_after(receipt) for stream in cut] == [[], []]
    assert [stream.lost() for stream in kept] == ["", ""]


def test_a_rule_that_expires_ends_its_stream_at_its_time_and_has_a_receipt(scene: Scene) -> None:
    scene.change("policy", "rule", "remove", "pushes", "1")
    scene.change("policy", "rule", "add", "pushes", *INGRESS, "--peer", "group:client", "--expires", "20s")
    made = story.weft(scene.lab, "status")["revision"]
    cut, kept = heard(scene)

    until(lambda: story.weft(scene.lab, "status")["revision"] > made, "the rule to expire", timeout_s=60)
    (change,) = story.weft(scene.lab, "changes", "--since", str(made))
    said = life.weft_on_central(scene.lab, "wait", str(change["revision"]))
    receipt = time.time()

    assert change["author"] == "expiry"
    assert "enforced on 2 of 2 hosts" in said
    assert all(stream.runs() for stream in kept)
    assert [stream.sent_after(receipt) for stream in cut] == [[], []]
    assert [stream.lost() for stream in kept] == ["", ""]


def test_a_stricter_default_ends_what_it_alone_allowed(scene: Scene) -> None:
    scene.change("network", "set", NET, "--default-ingress", "same-network")
    scene.change("policy", "rule", "remove", "pushes", "1")
    cut, kept = heard(scene)

    scene.change("network", "set", NET, "--default-ingress", "drop")
    receipt = time.time()

    assert all(stream.runs() for stream in kept)
    assert [stream.sent_after(receipt) for stream in cut] == [[], []]
    assert [stream.lost() for stream in kept] == ["", ""]


def test_another_service_between_the_same_two_ports_goes_on(scene: Scene) -> None:
    scene.change("policy", "rule", "remove", "pushes", "1")
    for port in ("5000", "5001"):
        service = ("--peer", "group:client", "--service", f"udp/{port}")
        scene.change("policy", "rule", "add", "pushes", *INGRESS, *service)
    cut, kept = (listen(scene.client, "udp", scene.server, port) for port in (5000, 5001))
    assert cut.runs()

    scene.change("policy", "rule", "remove", "pushes", "2")
    receipt = time.time()

    assert kept.runs()
    assert cut.sent_after(receipt) == []
    assert kept.lost() == ""


def test_without_agents_a_stream_outlives_its_rule_and_no_receipt_denies_it(scene: Scene) -> None:
    """The negative control of all of the above, and what happens when the agents come back."""
    lab, hosts = scene.lab, (scene.client.host, scene.server.host)
    stream = listen(scene.client, "udp", scene.server)
    for host in hosts:
        life.stop_agent(host, signal.SIGKILL)

    story.weft(lab, "policy", "rule", "remove", "pushes", "1")
    revision = str(story.weft(lab, "status")["revision"])
    run_on(lab.central, "ovn-nbctl", "--timeout=20", "--wait=hv", "sync")
    outlived, told = stream.runs(), story.weft(lab, "receipt", revision)["state"]
    for host in hosts:
        life.run_agent(host)
    life.weft_on_central(lab, "wait", revision)

    assert outlived, "OVN alone ends it: then flushing is not needed any more"
    assert told == "applied"
    assert not stream.runs()
