"""A real dockerd while the agent is away or stuck: it is answered in time, and nothing stays behind."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.system.activation import Activated
from tests.system.estate import await_docker_network, estate_of
from tests.system.test_docker_faults import left_behind, placed, running

from weft.lab import story
from weft.lab.dockerd import IMAGE
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, signal_on, try_on, until

NET = "DockerSN"
IN_TIME_S = 5.0
AWAY = "the agent of this host does not answer"


@pytest.fixture
def activated(lab: Lab, h1: LabHost) -> Iterator[Activated]:
    await_docker_network(h1, NET)
    made = Activated(h1)
    try:
        with estate_of(lab):
            yield made
    finally:
        made.end()
    until(lambda: left_behind(lab, h1) == [], f"nothing to stay: {left_behind(lab, h1)}", timeout_s=30)


@contextmanager
def stuck(host: LabHost) -> Iterator[None]:
    """The agent lives, holds its lock and its connections, and does nothing."""
    signal_on(host, "weft-agent", signal.SIGSTOP)
    try:
        yield
    finally:
        signal_on(host, "weft-agent", signal.SIGCONT)


def refused(host: LabHost, *argv: str) -> tuple[str, float]:
    """What `docker` says when it refuses, and after how many seconds."""
    began = time.monotonic()
    done = try_on(host, "docker", *argv, timeout_s=30)
    took = time.monotonic() - began
    assert done.returncode != 0, done.stdout
    return done.stderr, took


def run_new(host: LabHost) -> tuple[str, float]:
    """A container that cannot start, and is removed again."""
    said = refused(host, "run", "-d", "--name", "new", "--net", NET, IMAGE, "sleep", "1000")
    run_on(host, "docker", "rm", "-f", "new")
    return said


def test_an_agent_that_dies_again_and_again_leaves_docker_answered(
    lab: Lab, h1: LabHost, activated: Activated
) -> None:
    story.run_native(h1, "aa", NET)
    story.run_native(h1, "bb", NET)
    before = placed(lab, "aa", "bb")

    for _ in range(3):
        activated.kill_agent()
        for _ in range(2):
            said, took = run_new(h1)
            assert AWAY in said
            assert took < IN_TIME_S
        assert story.fetches(h1, "aa", before[1][1]), "who runs loses nothing"
        activated.run_agent()

    story.run_native(h1, "cc", NET)
    assert placed(lab, "aa", "bb") == before
    assert story.pings(h1, "cc", before[0][1])
    assert story.fetches(h1, "cc", before[0][1])


def test_what_ends_while_the_agent_is_away_ends_at_once_and_is_collected_later(
    lab: Lab, h1: LabHost, activated: Activated
) -> None:
    for name in ("aa", "bb", "cc", "dd"):
        story.run_native(h1, name, NET)
    before = placed(lab, "bb", "dd")

    activated.kill_agent()
    began = time.monotonic()
    run_on(h1, "docker", "rm", "-f", "aa")
    run_on(h1, "docker", "stop", "-t", "0", "bb")
    run_on(h1, "docker", "network", "disconnect", NET, "cc")
    took = time.monotonic() - began
    said, waited = refused(h1, "restart", "-t", "0", "dd")
    assert {"aa", "cc"} <= set(story.ports(lab)), "there is something to collect"
    activated.run_agent()

    assert took < IN_TIME_S + 3 * 1.0, "it is waited for the agent once, and not for each call"
    assert AWAY in said
    assert waited < IN_TIME_S
    until(lambda: not {"aa", "cc"} & set(story.ports(lab)), "the ports of aa and cc to go", timeout_s=30)
    run_on(h1, "docker", "start", "bb", "dd")
    assert placed(lab, "bb", "dd") == before
    assert running(h1) == {"bb", "cc", "dd"}
    assert story.fetches(h1, "bb", before[1][1])


def test_networks_are_refused_and_removed_while_the_agent_is_away(h1: LabHost, activated: Activated) -> None:
    mine = ("network", "create", "-d", "weft", "--ipam-driver", "weft", "--ipam-opt", f"weft.network={NET}")
    run_on(h1, "docker", *mine, "mine")

    activated.kill_agent()
    said, took = refused(h1, *mine, "another")
    run_on(h1, "docker", "network", "rm", "mine")
    left = story.docker_networks(h1)
    activated.run_agent()

    assert AWAY in said
    assert took < IN_TIME_S
    assert not {"mine", "another"} & left


def test_a_stuck_agent_does_not_keep_docker_waiting(lab: Lab, h1: LabHost, activated: Activated) -> None:
    """Its connections with Docker are open, too: a call must not go into one of these."""
    del activated
    story.run_native(h1, "aa", NET)
    story.run_native(h1, "bb", NET)

    with stuck(h1):
        try:
            said, took = refused(h1, "run", "-d", "--name", "new", "--net", NET, IMAGE, "sleep", "1000")
        except subprocess.TimeoutExpired:
            pytest.fail("docker waits for the stuck agent")

    run_on(h1, "docker", "rm", "-f", "new")
    assert AWAY in said
    assert took < IN_TIME_S
    story.run_native(h1, "cc", NET)
    assert story.pings(h1, "cc", story.address_of(lab, "bb"))
