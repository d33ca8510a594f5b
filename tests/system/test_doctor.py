"""The doctor finds what is broken for real, names the cure, and finds nothing once it is repaired."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.support.eventually import eventually
from tests.system.labs import lab_beside

from weft.lab import life, story
from weft.lab.layout import UNDERLAY_MTU, HostSpec, Lab, LabHost
from weft.lab.processes import run_on, try_on

FIREWALL = """table bridge firewall {
 chain between_hosts {
  type filter hook forward priority 0
  udp dport 4789 counter drop
 }
}"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = lab_beside("dr", HostSpec("h1", docker=True), HostSpec("h2"))
    life.up(lab)
    story.weft(lab, "network", "create", "DockerSN", "--subnet", "192.168.200.0/24")
    yield lab
    life.down(lab)


@pytest.fixture
def h1(lab: Lab) -> LabHost:
    """A host on which the doctor finds nothing but notes."""
    host = lab.host("h1")
    eventually(lambda: examined(host) == (0, []), within_s=20)
    return host


def examined(host: LabHost) -> tuple[int, list[dict[str, str]]]:
    """The exit code, and all findings but notes."""
    done = try_on(host, sys.executable, "-m", "weft.cli", "doctor", "-o", "json")
    found: list[dict[str, str]] = json.loads(done.stdout)
    return done.returncode, [finding for finding in found if finding["severity"] != "note"]


def on_underlay(lab: Lab, *argv: str, stdin: str = "") -> None:
    inside = ["nsenter", f"--net=/run/netns/{lab.underlay}", *argv]
    subprocess.run(inside, input=stdin, text=True, check=True, capture_output=True)


@contextmanager
def firewalled(lab: Lab) -> Iterator[None]:
    on_underlay(lab, "nft", "-f", "-", stdin=FIREWALL)
    try:
        yield
    finally:
        on_underlay(lab, "nft", "delete", "table", "bridge", "firewall")


def reported(lab: Lab, name: str) -> dict[str, Any]:
    """What the host itself told the server."""
    host: dict[str, Any] = story.weft(lab, "host", "show", name)
    found: dict[str, Any] = host["status"]["details"].get("health") or {}
    return found


def test_a_firewall_that_drops_the_tunnels_is_found_though_ping_passes(lab: Lab, h1: LabHost) -> None:
    def found() -> bool:
        code, findings = examined(h1)
        return code == 1 and [f["check"] for f in findings] == ["tunnel"] and "4789" in findings[0]["cure"]

    with firewalled(lab):
        assert try_on(h1, "ping", "-c1", "-W2", str(lab.host("h2").address)).returncode == 0

        eventually(found, within_s=60)

        eventually(lambda: reported(lab, "h1").get("counts", {}).get("error") == 1, within_s=60)
        assert "h2" in reported(lab, "h1")["findings"][0]["says"]

    eventually(lambda: examined(h1) == (0, []), within_s=20)
    eventually(lambda: reported(lab, "h1")["counts"]["error"] == 0, within_s=60)


def test_a_cable_too_narrow_for_a_network_is_found(h1: LabHost) -> None:
    run_on(h1, "ip", "link", "set", "eth0", "mtu", "1400")
    try:
        code, findings = examined(h1)
    finally:
        run_on(h1, "ip", "link", "set", "eth0", "mtu", str(UNDERLAY_MTU))

    assert code == 1
    assert [finding["check"] for finding in findings] == ["mtu"]
    assert "ip link set eth0 mtu" in findings[0]["cure"]
    eventually(lambda: examined(h1) == (0, []))


def test_a_path_too_narrow_behind_this_host_is_found(lab: Lab, h1: LabHost) -> None:
    h2 = lab.host("h2")
    run_on(h2, "ip", "link", "set", "eth0", "mtu", "1400")
    try:
        findings = examined(h1)[1]
    finally:
        run_on(h2, "ip", "link", "set", "eth0", "mtu", str(UNDERLAY_MTU))

    assert [(finding["check"], "h2" in finding["says"]) for finding in findings] == [("mtu", True)]


def test_another_user_of_the_tunnels_port_is_found(h1: LabHost) -> None:
    run_on(h1, "ip", "link", "add", "dev", "theirs", "type", "vxlan", "id", "9", "dstport", "4789")
    try:
        code, findings = examined(h1)
    finally:
        run_on(h1, "ip", "link", "delete", "theirs")

    assert (code, [finding["check"] for finding in findings]) == (1, ["clash"])
    assert "theirs" in findings[0]["says"]


def test_a_docker_that_joins_a_swarm_is_found(h1: LabHost) -> None:
    run_on(h1, "docker", "swarm", "init", "--advertise-addr", str(h1.address))
    try:
        findings = examined(h1)[1]
    finally:
        run_on(h1, "docker", "swarm", "leave", "--force")

    assert ["swarm" in finding["says"] for finding in findings] == [True]


def test_settings_that_somebody_took_away_are_found(h1: LabHost) -> None:
    keys = ("ovn-ofctrl-wait-before-clear", "ovn-monitor-all")
    for key in keys:
        run_on(h1, "ovs-vsctl", "remove", "Open_vSwitch", ".", "external_ids", key)
    try:
        findings = examined(h1)[1]
    finally:
        run_on(
            h1,
            "ovs-vsctl",
            "set",
            "Open_vSwitch",
            ".",
            "external_ids:ovn-ofctrl-wait-before-clear=8000",
            "external_ids:ovn-monitor-all=true",
        )

    assert [key in finding["cure"] for key, finding in zip(keys, findings, strict=True)] == [True, True]


def test_the_doctor_works_while_the_server_is_away(lab: Lab, h1: LabHost) -> None:
    life.stop_server(lab)
    try:
        code, findings = examined(h1)
    finally:
        life.run_server(lab)

    assert (code, [finding["check"] for finding in findings]) == (1, ["server"])


def test_a_machine_that_has_not_joined_is_told_so(lab: Lab) -> None:
    done = try_on(lab.central, sys.executable, "-m", "weft.cli", "doctor", "-o", "json")

    notes = [finding["says"] for finding in json.loads(done.stdout) if finding["check"] == "host"]
    assert len(notes) == 1
    assert "no host" in notes[0]
