"""What is dropped, rejected or logged is told with its rule and its workloads; a flood is bounded."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.system.frames import frame, send
from tests.system.streams import plugged

from weft.lab import life, story
from weft.lab.endpoint import Endpoint
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, until
from weft.model.policy import Protocol
from weft.verifier.packet import transport

NAME = "shut"
TOLD_S = 40
RATE = 100
"""Packets a second that a host logs for a project, unless the server's settings say otherwise."""

_UDP = """
import socket, sys
here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[3])):
    here.sendto(b"x", (sys.argv[1], int(sys.argv[2])))
"""
_TCP = """
import socket, sys
here = socket.socket()
here.settimeout(0.5)
try:
    here.connect((sys.argv[1], int(sys.argv[2])))
except OSError:
    pass
"""

Drop = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """`asker` is on h1, `far` on h2, which drops tcp/80, rejects tcp/81, logs tcp/82, and lets no more in."""

    lab: Lab
    asker: Endpoint
    far: Endpoint

    def connects(self, port: int) -> None:
        self.asker.run(sys.executable, "-c", _TCP, str(self.far.address), str(port))

    def sends(self, port: int, count: int) -> None:
        """Datagrams, which nobody sends again by himself."""
        self.asker.run(sys.executable, "-c", _UDP, str(self.far.address), str(port), str(count), timeout_s=60)

    def drops(self, **different: object) -> list[Drop]:
        """Of single packets; a kernel without an IPv6 address is refused a few when its card comes up."""
        found: list[Drop] = story.weft(self.lab, "drops", "--port", "far")["items"]
        logged = [drop for drop in found if drop["by"] != "anti-spoofing"]
        return [drop for drop in logged if all(drop[name] == value for name, value in different.items())]

    def wait_for(self, holds: Callable[[], object], what: str) -> None:
        log = self.lab.host("h2").logs / "weft-agent.log"
        until(holds, f"{what}; told is {self.drops()}", timeout_s=TOLD_S, log=log)


@pytest.fixture(scope="module")
def stage(lab: Lab) -> Iterator[Stage]:
    story.weft(lab, "network", "create", NAME, "--subnet", "10.83.0.0/24", "--default-ingress", "drop")
    story.weft(lab, "group", "create", NAME, "--selector", "side=asked")
    story.weft(lab, "policy", "create", NAME, "--target", NAME)
    add = ("policy", "rule", "add", NAME, "--direction", "ingress", "--service")
    story.weft(lab, *add, "tcp/80", "--action", "drop", "--description", "no plain text")
    story.weft(lab, *add, "tcp/81", "--action", "reject")
    story.weft(lab, *add, "tcp/82", "--action", "allow", "--log")
    with (
        plugged(lab.host("h1"), "asker", NAME, "side=asking") as asker,
        plugged(lab.host("h2"), "far", NAME, "side=asked") as far,
    ):
        yield Stage(lab, asker, far)
    for kind in ("policy", "group", "network"):
        life.weft_on_central(lab, kind, "delete", NAME)


def test_what_is_dropped_rejected_or_logged_is_told_with_its_rule_and_both_workloads(stage: Stage) -> None:
    for port in (80, 81, 82, 83):
        stage.connects(port)

    stage.wait_for(lambda: len({d["destination_port"] for d in stage.drops()}) == 4, "four flows to be told")

    told = {drop["destination_port"]: drop for drop in stage.drops()}
    verdicts = {port: drop["verdict"] for port, drop in told.items()}
    assert verdicts == {80: "drop", 81: "reject", 82: "allow", 83: "drop"}
    assert [told[port]["rule"]["index"] for port in (80, 81, 82)] == [1, 2, 3]
    assert (told[80]["rule"]["policy"], told[80]["rule"]["description"]) == (NAME, "no plain text")
    assert (told[83]["rule"], told[83]["network"]) == (None, NAME)
    for drop in told.values():
        assert (drop["source"]["port"], drop["destination"]["port"], drop["host"]) == ("asker", "far", "h2")
        assert not drop["at_least"]
    said = life.weft_on_central(stage.lab, "drops", "--verdict", "reject", "--port", "far")
    assert "asker (10.83.0.2)" in said
    assert f"rule 2 of {NAME} (project, ingress)" in said


def test_what_is_dropped_while_the_agent_is_away_is_told_once_it_is_back(stage: Stage, h2: LabHost) -> None:
    life.stop_agent(h2)
    try:
        stage.sends(90, 5)
        until(lambda: _logged(h2, "tp_dst=90") == 5, "five packets in the log", timeout_s=TOLD_S)
    finally:
        life.run_agent(h2)
    stage.sends(91, 1)

    stage.wait_for(lambda: stage.drops(destination_port=91), "one more packet to be told")
    assert [drop["count"] for drop in stage.drops(destination_port=90)] == [5]


def test_a_flood_is_logged_within_its_meter_and_what_is_missing_is_said(stage: Stage, h2: LabHost) -> None:
    before = story.weft(stage.lab, "drops")["unlogged"]
    began = time.monotonic()
    stage.sends(92, 3000)
    stage.wait_for(
        lambda: stage.drops(destination_port=92, at_least=True), "the flood to be told as at least"
    )
    took = time.monotonic() - began

    logged, told = _logged(h2, "tp_dst=92"), stage.drops(destination_port=92)[0]["count"]
    missing = story.weft(stage.lab, "drops")["unlogged"] - before
    assert told == logged <= RATE * (took + 2)
    assert 0 < missing <= 3000
    assert told + missing <= 3000
    assert "more packets, which OVN did not log" in life.weft_on_central(stage.lab, "drops")


def _logged(host: LabHost, word: str) -> int:
    lines = run_on(host, "cat", "/var/log/ovn/ovn-controller.log").splitlines()
    return sum(1 for line in lines if "acl_log" in line and f"{word}," in f"{line},")


def test_what_anti_spoofing_drops_is_counted_at_the_port_that_sent_it(stage: Stage) -> None:
    def counted() -> int:
        found: list[Drop] = story.weft(stage.lab, "drops", "--port", "asker")["items"]
        return sum(drop["count"] for drop in found if drop["by"] == "anti-spoofing")

    before = counted()
    mac = stage.asker.run("cat", "/sys/class/net/eth0/address").strip()
    forged = (IPv4Address("10.83.0.99"), stage.far.address)
    header = transport(4, Protocol.UDP, 90)
    send(stage.asker, [frame(n, (mac, "02:00:00:00:00:99"), forged, header) for n in range(20)])

    stage.wait_for(lambda: counted() >= before + 20, "forged packets to be counted")
    said = life.weft_on_central(stage.lab, "drops", "--port", "asker")
    assert f"anti-spoofing egress of network {NAME}" in said
    assert "what anti-spoofing dropped lately on" not in said
