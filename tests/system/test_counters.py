"""What a workload sends is what its port's counters say, on both ends."""

from typing import Any

from weft.lab import life, story
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, until

TOLD_S = 60
PINGS, SIZE = 5, 1000
AT_LEAST = PINGS * (SIZE + 8 + 20 + 14)
"""ICMP, IPv4 and Ethernet headers are counted, too."""


def counters(lab: Lab, port: str) -> Any:  # noqa: ANN401 - JSON
    return story.weft(lab, "port", "counters", port)


def grew(lab: Lab, port: str, direction: str, before: int) -> bool:
    return bool(counters(lab, port)[direction]["bytes"] >= before + AT_LEAST)


def test_counters_grow_by_what_was_sent_at_both_ends(lab: Lab, h1: LabHost, h2: LabHost) -> None:
    story.run_container(h1, "ca", "DockerSN")
    story.run_container(h2, "cb", "DockerSN")
    story.wait_until_up(lab, "ca", "cb")
    until(lambda: counters(lab, "ca")["sent"], "ca to be counted", timeout_s=TOLD_S)
    until(lambda: counters(lab, "cb")["sent"], "cb to be counted", timeout_s=TOLD_S)
    sent, received = counters(lab, "ca")["sent"]["bytes"], counters(lab, "cb")["received"]["bytes"]

    there = story.address_of(lab, "cb")
    run_on(h1, "docker", "exec", "ca", "ping", "-c", str(PINGS), "-s", str(SIZE), "-W", "5", there)

    until(lambda: grew(lab, "ca", "sent", sent), "the pings to be counted where sent", timeout_s=TOLD_S)
    until(lambda: grew(lab, "cb", "received", received), "and where received", timeout_s=TOLD_S)
    found = counters(lab, "ca")
    assert any(sample["sent"]["bytes"] for sample in found["samples"])
    assert not found["silent"]
    assert "received" in life.weft_on_central(lab, "port", "counters", "cb")
