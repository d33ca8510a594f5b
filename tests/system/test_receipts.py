"""A receipt tells the truth: what it calls enforced holds, and what does not hold it does not call so."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from weft.lab import life, story
from weft.lab.layout import Lab, LabError, LabHost
from weft.lab.network import run_controller
from weft.lab.processes import run_on, until

COMPLAINT = "error parsing match"


@pytest.fixture
def pair(lab: Lab, h1: LabHost, h2: LabHost) -> tuple[LabHost, LabHost]:
    """Two hosts with a port each, so that a receipt waits for both."""
    story.run_container(h1, "ra", "DockerSN", "--label", "app=ra")
    story.run_container(h2, "rb", "DockerSN", "--label", "app=rb")
    story.wait_until_up(lab, "ra", "rb")
    return h1, h2


@pytest.fixture
def policy(lab: Lab) -> Iterator[str]:
    """A policy of the project, without rules."""
    story.weft(lab, "policy", "create", "told")
    yield "told"
    life.weft_on_central(lab, "policy", "delete", "told")


def add_rule(lab: Lab, policy: str, *more: str) -> int:
    rule = ("--direction", "ingress", "--action", "drop", "--service", "tcp/81")
    made = story.weft(lab, "policy", "rule", "add", policy, *rule, *more)
    return int(made["revision"])


def receipt(lab: Lab, revision: int, wait_s: float = 0) -> dict[str, Any]:
    """What became of a revision by now, or when it was enforced within `wait_s`."""
    if wait_s:
        with suppress(LabError):
            life.weft_on_central(lab, "wait", str(revision), "--timeout", str(wait_s))
    found: dict[str, Any] = story.weft(lab, "receipt", str(revision))
    return found


def nbctl(lab: Lab, *argv: str) -> str:
    return run_on(lab.central, "ovn-nbctl", "--timeout=10", *argv)


def complaints(host: LabHost) -> list[str]:
    log = (host.logs / "ovn" / "ovn-controller.log").read_text(errors="replace")
    return [line for line in log.splitlines() if COMPLAINT in line]


def test_a_receipt_counts_every_host_with_ports_and_does_not_change(
    lab: Lab, pair: tuple[LabHost, LabHost], policy: str
) -> None:
    revision = add_rule(lab, policy)
    said = life.weft_on_central(lab, "wait", str(revision))
    first = receipt(lab, revision)

    run_on(pair[1], "docker", "rm", "-f", "rb")
    until(lambda: "rb" not in story.ports(lab), "the port to be gone", timeout_s=15)

    assert "enforced on 2 of 2 hosts after" in said
    assert receipt(lab, revision) == first


def test_a_host_whose_ovn_controller_was_stopped_is_unverified_and_waited_for(
    lab: Lab, pair: tuple[LabHost, LabHost], policy: str
) -> None:
    run_on(pair[1], "ovn-appctl", "-t", "ovn-controller", "exit")
    until(
        lambda: "h2" not in run_on(lab.central, "ovn-sbctl", "--bare", "--columns=name", "list", "Chassis"),
        "the Chassis to go",
        timeout_s=10,
    )

    try:
        revision = add_rule(lab, policy)
        until(lambda: receipt(lab, revision)["waiting"] != ["h1", "h2"], "h1 to have confirmed", timeout_s=20)
        told = receipt(lab, revision)
    finally:
        run_controller(pair[1])

    assert (told["state"], told["hosts_total"], told["waiting"]) == ("applied", 2, ["h2"])
    assert "host h2 is unverified" in str(told["problems"])
    assert receipt(lab, revision, wait_s=30)["state"] == "enforced"


def test_what_happened_while_the_agent_was_dead_is_not_called_enforced(
    lab: Lab, pair: tuple[LabHost, LabHost], policy: str
) -> None:
    life.stop_agent(pair[1], signal.SIGKILL)

    try:
        revision = add_rule(lab, policy)
        told = receipt(lab, revision, wait_s=2)
    finally:
        life.run_agent(pair[1])

    assert (told["state"], told["enforced"]) == ("applied", False)
    assert receipt(lab, revision, wait_s=30)["state"] == "enforced"


def test_a_match_that_ovn_cannot_parse_fails_the_receipt_until_it_is_gone(
    lab: Lab, pair: tuple[LabHost, LabHost], policy: str
) -> None:
    before = {host.name: len(complaints(host)) for host in pair}
    nbctl(lab, "pg-add", "strangers", *(port["id"] for port in story.ports(lab).values()))
    for match in ("ip4.src == $no_such_set", "tcp.dst == 81 && bogus.field == 3"):
        nbctl(lab, "acl-add", "strangers", "to-lport", "900", match, "drop")

    revision = add_rule(lab, policy)
    with pytest.raises(LabError, match=r"h[12] cannot parse") as failed:
        life.weft_on_central(lab, "wait", str(revision))
    told = receipt(lab, revision)
    nbctl(lab, "pg-del", "strangers")
    later = add_rule(lab, policy, "--description", "after the repair")

    assert "ip4.src == $no_such_set" in str(failed.value)
    assert told["state"] == "failed"
    assert {match for match in ("$no_such_set", "bogus.field") if match in str(told["problems"])} == {
        "$no_such_set",
        "bogus.field",
    }
    assert all(len(complaints(host)) > before[host.name] for host in pair), "OVN itself complained"
    assert receipt(lab, later, wait_s=30)["state"] == "enforced"
    assert receipt(lab, revision)["state"] == "enforced"


def test_none_of_our_own_matches_was_ever_refused(pair: tuple[LabHost, LabHost]) -> None:
    for host in pair:
        run_on(host, "ovn-appctl", "-t", "ovn-controller", "vlog/disable-rate-limit", "lflow")
        before, made = len(complaints(host)), flows_made(host)
        run_on(host, "ovn-appctl", "-t", "ovn-controller", "inc-engine/recompute")
        until(
            partial(lambda host, made: flows_made(host) > made, host, made),
            "all flows to be made anew",
            timeout_s=30,
        )
        assert complaints(host)[before:] == []


def flows_made(host: LabHost) -> int:
    """How often ovn-controller has made all its flows."""
    count = ("inc-engine/show-stats", "logical_flow_output", "recompute")
    return int(run_on(host, "ovn-appctl", "-t", "ovn-controller", *count))
