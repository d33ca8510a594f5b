"""`weft port plug`: QEMU without libvirt, and any other interface, by hand on a host; all or nothing."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from typing import Any
from uuid import UUID

import pytest
from tests.support.eventually import eventually
from tests.system.estate import await_docker_network
from tests.system.labs import lab_beside

from weft.lab import guest, life, story
from weft.lab.emulator import Emulated
from weft.lab.endpoint import unplugged
from weft.lab.layout import HostSpec, Lab, LabHost
from weft.lab.processes import local, run_on, start_on, try_on, until

NET = "DockerSN"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = lab_beside("pl", HostSpec("h1", docker=True), HostSpec("h2"))
    life.up(lab)
    story.weft(lab, "network", "create", NET, "--subnet", "192.168.200.0/24")
    await_docker_network(lab.host("h1"), NET)
    yield lab
    life.down(lab)


@pytest.fixture
def h1(lab: Lab) -> Iterator[LabHost]:
    host = lab.host("h1")
    yield host
    left = run_on(host, "docker", "ps", "-aq").split()
    if left:
        run_on(host, "docker", "rm", "-f", *left)


@pytest.fixture
def h2(lab: Lab) -> Iterator[LabHost]:
    """Whatever a test leaves plugged is unplugged, and then nothing is left."""
    host = lab.host("h2")
    yield host
    for name in story.ports(lab):
        weft_on(host, "unplug", name)
    eventually(lambda: left_behind(host) == [], within_s=15)


def weft_on(host: LabHost, verb: str, *argv: str) -> dict[str, Any]:
    """`weft port VERB` as root on the host, who has no token of the server's."""
    found: dict[str, Any] = json.loads(run_on(host, *command(verb, *argv, "-o", "json")))
    return found


def command(verb: str, *argv: str) -> list[str]:
    return [sys.executable, "-m", "weft.cli", "port", verb, *argv]


def plug(host: LabHost, name: str, *argv: str) -> dict[str, Any]:
    return weft_on(host, "plug", name, *argv)


def refusal(host: LabHost, *argv: str) -> str:
    """What `weft port plug` says when it fails."""
    done = try_on(host, *command("plug", *argv))
    assert done.returncode != 0, done.stdout
    return done.stderr


def links(host: LabHost) -> set[str]:
    return {line.split(": ")[1].split("@")[0] for line in run_on(host, "ip", "-o", "link").splitlines()}


def on_switch(host: LabHost) -> set[str]:
    return set(run_on(host, "ovs-vsctl", "list-ports", "br-int").split())


def rows(lab: Lab) -> set[str]:
    shown = ("--bare", "--columns=name", "list", "Logical_Switch_Port")
    return set(run_on(lab.central, "ovn-nbctl", "--timeout=10", *shown).split())


def left_behind(host: LabHost) -> list[str]:
    """Taps and ports of the switch that Weft made on the host, and ports and rows that are bound to it."""
    made = [name for name in links(host) | on_switch(host) if name.startswith("wt")]
    bound = [f"port {p['name']}" for p in story.ports(host.lab).values() if p["host"] == host.name]
    return [*made, *bound]


@contextmanager
def frozen(host: LabHost, kind: str, name: str) -> Iterator[None]:
    """A daemon of the host that does not answer meanwhile."""
    pid = int((host.run / kind / f"{name}.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def server_away(lab: Lab) -> Iterator[None]:
    life.stop_server(lab, signal.SIGKILL)
    try:
        yield
    finally:
        life.run_server(lab)


def test_qemu_on_a_plugged_tap_talks_with_a_container_on_another_host(
    lab: Lab, h1: LabHost, h2: LabHost
) -> None:
    story.run_container(h1, "aa", NET)
    told = plug(h2, "vm1", "--network", NET, "--label", "app=db")
    machine = Emulated(host=h2, name="vm1", guest=guest.prepare(lab.cache))
    machine.start(*told["qemu"].split())
    story.wait_until_up(lab, "aa")
    there = story.address_of(lab, "aa")

    address = machine.address()

    shown = story.ports(lab)["vm1"]
    assert (shown["id"], shown["kind"], shown["host"]) == (told["id"], "vm", "h2")
    assert (shown["status"]["state"], shown["labels"]) == ("up", {"app": "db"})
    assert told["addresses"] == [f"{address}/24"]
    assert told["mtu"] == int(machine.run("cat /sys/class/net/eth0/mtu")), "DHCP says it, too"
    assert story.pings(h1, "aa", address)
    assert story.fetches(h1, "aa", address)
    machine.run(f"ping -c 3 -W 2 {there}")
    assert "HTTP/1." in machine.run(f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 {there} 80")

    machine.stop()
    assert plug(h2, "vm1", "--network", NET) == told, "the next QEMU finds its tap, and nothing is new"
    assert weft_on(h2, "unplug", "vm1") == {"port_id": told["id"], "told": True}

    assert told["interface"] not in links(h2) | on_switch(h2)
    assert "vm1" not in story.ports(lab)
    eventually(lambda: told["id"] not in rows(lab), within_s=5)
    assert weft_on(h2, "unplug", "vm1")["port_id"] == "", "again is no error"


def test_an_interface_that_is_there_is_taken_and_given_back(lab: Lab, h1: LabHost, h2: LabHost) -> None:
    story.run_container(h1, "aa", NET)
    declared = story.weft(lab, "port", "create", "probe", "--network", NET, "--label", "owner=ops")
    address = IPv4Address(declared["fixed_ips"][0]["address"])
    probe = unplugged(h2, UUID(declared["id"]), declared["mac"], address, 24, mtu=9000)

    small = refusal(h2, "probe", "--interface", _small(h2))
    told = plug(h2, "probe", "--interface", probe.device, "--label", "app=probe")

    assert "ip link set small0 mtu" in small
    assert (told["id"], told["interface"], told["made"]) == (declared["id"], probe.device, False)
    assert story.ports(lab)["probe"]["labels"] == {"owner": "ops", "app": "probe"}
    story.wait_until_up(lab, "aa")
    there = story.address_of(lab, "aa")
    probe.run("ping", "-c", "3", "-W", "2", there)
    assert "HTTP/1." in probe.run(
        "sh", "-c", f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 3 {there} 80"
    )
    in_use = refusal(h2, "other", "--network", NET, "--interface", probe.device)
    assert f"interface {probe.device} is plugged as port probe already" in in_use

    weft_on(h2, "unplug", probe.device)

    kept = story.ports(lab)["probe"]
    assert (kept["host"], kept["labels"], kept["id"]) == (None, {"owner": "ops"}, declared["id"])
    assert probe.device in links(h2)
    assert probe.device not in on_switch(h2)
    assert plug(h2, declared["id"])["id"] == declared["id"], "by its id, on a tap"
    weft_on(h2, "unplug", "probe")
    life.weft_on_central(lab, "port", "delete", "probe")
    run_on(h2, "ip", "link", "del", "small0")
    local("ip", "netns", "del", probe.namespace)


def _small(host: LabHost) -> str:
    run_on(host, "ip", "tuntap", "add", "small0", "mode", "tap")
    return "small0"


def test_what_cannot_be_plugged_is_refused_with_a_sentence_and_changes_nothing(lab: Lab, h2: LabHost) -> None:
    story.weft(lab, "port", "create", "there", "--network", NET, "--host", "h1")
    before = (links(h2), on_switch(h2), set(story.ports(lab)))

    assert "no network 'nowhere'" in refusal(h2, "vm1", "--network", "nowhere")
    assert "port there is bound to host h1" in refusal(h2, "there")
    assert "has the host's own address" in refusal(h2, "vm1", "--network", NET, "--interface", "br-phys")
    assert "is on a bridge already" in refusal(h2, "vm1", "--network", NET, "--interface", "eth0")

    assert (links(h2), on_switch(h2), set(story.ports(lab))) == before
    life.weft_on_central(lab, "port", "delete", "there")


def test_a_port_whose_flows_do_not_come_is_not_plugged_at_all(lab: Lab, h2: LabHost) -> None:
    with frozen(h2, "ovn", "ovn-controller"):
        said = refusal(h2, "vm1", "--network", NET)

    assert "check ovn-controller" in said
    assert left_behind(h2) == []
    assert "vm1" not in story.ports(lab)


FREEZE = (("ovn", "ovn-controller"), ("openvswitch", "ovsdb-server"))


@pytest.mark.parametrize(("kind", "daemon"), FREEZE)
def test_an_agent_killed_while_it_plugs_leaves_nothing_half(
    lab: Lab, h2: LabHost, kind: str, daemon: str
) -> None:
    """Killed with the tap on the switch and no flows, and with a tap that is not on the switch yet."""
    with frozen(h2, kind, daemon):
        start_on(h2, "plug", command("plug", "vm1", "--network", NET))
        until(lambda: "vm1" in story.ports(lab), "the port to be made", timeout_s=15)
        until(lambda: any(name.startswith("wt") for name in links(h2)), "the tap", timeout_s=15)
        life.stop_agent(h2, signal.SIGKILL)

    life.run_agent(h2)

    eventually(lambda: left_behind(h2) == [], within_s=15)
    assert plug(h2, "vm1", "--network", NET)["state"] == "up"


def test_an_agent_killed_while_it_unplugs_has_unplugged_when_it_is_back(h2: LabHost) -> None:
    told = plug(h2, "vm1", "--network", NET)
    with frozen(h2, "openvswitch", "ovsdb-server"):
        start_on(h2, "unplug", command("unplug", "vm1"))
        until(
            lambda: told["id"] not in run_on(h2, "cat", "/var/lib/weft/attachments.json"),
            "the unplug to begin",
            timeout_s=15,
        )
        life.stop_agent(h2, signal.SIGKILL)

    life.run_agent(h2)

    eventually(lambda: left_behind(h2) == [], within_s=15)


def test_what_is_plugged_outlives_the_agent_and_a_boot_of_the_host(h2: LabHost) -> None:
    told = plug(h2, "vm1", "--network", NET)
    tap = told["interface"]
    life.stop_agent(h2, signal.SIGKILL)
    assert tap in links(h2) & on_switch(h2)
    life.run_agent(h2)
    assert plug(h2, "vm1") == told

    life.stop_agent(h2)
    run_on(h2, "ip", "link", "del", tap)
    run_on(h2, "rm", "/run/weft/taps.made")  # /run is empty after a boot, and the taps are gone
    life.run_agent(h2)

    eventually(lambda: tap in links(h2), within_s=10)
    assert plug(h2, "vm1") == told


def test_a_tap_that_vanished_is_collected_after_the_grace_time(lab: Lab, h2: LabHost) -> None:
    tap = plug(h2, "vm1", "--network", NET)["interface"]

    run_on(h2, "ip", "link", "del", tap)

    assert "vm1" in story.ports(lab)
    eventually(lambda: left_behind(h2) == [] and "vm1" not in story.ports(lab), within_s=20)


def test_without_the_server_a_known_port_is_plugged_and_a_new_one_is_refused_at_once(
    lab: Lab, h2: LabHost
) -> None:
    told = plug(h2, "vm1", "--network", NET)
    with server_away(lab):
        assert plug(h2, "vm1") == told
        said = refusal(h2, "vm2", "--network", NET)
        assert f"the Weft server at {lab.server_url} does not answer" in said
        assert weft_on(h2, "unplug", "vm1") == {"port_id": told["id"], "told": False}
        assert told["interface"] not in links(h2) | on_switch(h2)

    eventually(lambda: story.ports(lab) == {}, within_s=15)


def test_without_an_agent_the_command_says_so_and_what_to_do(h2: LabHost) -> None:
    life.stop_agent(h2)
    try:
        said = refusal(h2, "vm1", "--network", NET)
    finally:
        life.run_agent(h2)

    assert "no agent runs on this host" in said
    assert "systemctl start weft-agent" in said
    assert run_on(h2, "stat", "-c", "%a", "/run/weft/agent.sock").strip() == "600"
