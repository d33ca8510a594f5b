"""Containers of another runtime than Docker, by CNI: the same network and policy, and nothing is left."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.support.eventually import eventually
from tests.system.containers import Container, ask, asking, set_up

from weft.lab import life, story
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, try_on

NET = "Pods"


@pytest.fixture(scope="module")
def pods(lab: Lab) -> Iterator[LabHost]:
    """The second host, whose containerd has Weft for a network."""
    story.weft(lab, "network", "create", NET, "--subnet", "192.168.212.0/24")
    host = lab.host("h2")
    set_up(host, NET, {"app": "pod"})
    yield host
    eventually(lambda: of_cni(lab) == [], within_s=60)
    life.weft_on_central(lab, "network", "delete", NET)


@pytest.fixture
def rule(lab: Lab) -> Iterator[None]:
    story.weft(lab, "group", "create", "pods", "--selector", "app=pod")
    story.weft(lab, "policy", "create", "no-pods", "--target", "pods")
    add = ("policy", "rule", "add", "no-pods", "--direction", "ingress", "--service", "tcp/80")
    life.weft_on_central(lab, *add, "--action", "drop", "--wait")
    yield
    life.weft_on_central(lab, "policy", "delete", "no-pods", "--wait")
    life.weft_on_central(lab, "group", "delete", "pods")


@pytest.fixture
def namespace(pods: LabHost) -> Iterator[str]:
    run_on(pods, "ip", "netns", "add", "pod1")
    yield "pod1"
    try_on(pods, "ip", "netns", "del", "pod1")


def of_cni(lab: Lab) -> list[str]:
    return [name for name, p in story.ports(lab).items() if (p["workload"] or {}).get("runtime") == "cni"]


def on_host(host: LabHost) -> list[str]:
    """The host's ends of containers' interfaces, on the switch and among the links."""
    links = run_on(host, "ip", "-o", "link", "show", "type", "veth").splitlines()
    names = {line.split(": ")[1].split("@")[0] for line in links}
    plugged = set(run_on(host, "ovs-vsctl", "list-ports", "br-int").split())
    return sorted(name for name in names | plugged if name.startswith("wf"))


@pytest.mark.usefixtures("rule")
def test_a_container_of_containerds_talks_with_dockers_on_another_host_as_policy_lets_it(
    lab: Lab, h1: LabHost, pods: LabHost
) -> None:
    container = Container(pods, "pod-1")
    try:
        container.start()
        story.run_container(h1, "aa", NET)
        story.wait_until_up(lab, "aa")
        there, port = story.address_of(lab, "aa"), story.ports(lab)["default-pod-1"]
        here = port["fixed_ips"][0]["address"]

        assert (port["host"], port["labels"], port["status"]["state"]) == ("h2", {"app": "pod"}, "up")
        eventually(lambda: container.succeeds("ping", "-c", "1", "-W", "2", there), within_s=30)
        fetch = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 {there} 80 | grep -q HTTP/1."
        eventually(lambda: container.succeeds("/bin/sh", "-c", fetch), within_s=30)
        eventually(lambda: story.pings(h1, "aa", here), within_s=30)
        assert not story.fetches(h1, "aa", here), "the group's rule drops it"

        life.weft_on_central(lab, "policy", "rule", "remove", "no-pods", "1", "--wait")
        eventually(lambda: story.fetches(h1, "aa", here), within_s=30)
    finally:
        container.remove()
    eventually(lambda: of_cni(lab) == [], within_s=60)


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def controller(host: LabHost) -> int:
    return int((host.run / "ovn" / "ovn-controller.pid").read_text())


def test_an_agent_killed_in_the_middle_of_add_leaves_nothing(lab: Lab, pods: LabHost, namespace: str) -> None:
    before = on_host(pods)
    argv, text = asking(pods, "ADD", namespace, NET)
    try:
        with frozen(controller(pods)):
            adding = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert adding.stdin is not None
            adding.stdin.write(text)
            adding.stdin.close()
            eventually(lambda: on_host(pods) != before, within_s=20)
            life.stop_agent(pods, signal.SIGKILL)
            assert adding.wait(timeout=30) == 1
            assert adding.stdout is not None
            assert json.loads(adding.stdout.read())["code"] == 11
            adding.stdout.close()
    finally:
        deleted = ask(pods, "DEL", namespace, NET)
        life.run_agent(pods)

    assert deleted.returncode == 0, "the runtime can go on, agent or not"
    eventually(lambda: (of_cni(lab), on_host(pods)) == ([], before), within_s=60)
    added = ask(pods, "ADD", namespace, NET)
    assert added.returncode == 0, added.stdout
    run_on(pods, "ip", "netns", "del", namespace)
    eventually(lambda: (of_cni(lab), on_host(pods)) == ([], before), within_s=60)
