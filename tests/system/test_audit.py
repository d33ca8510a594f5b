"""A policy in audit drops nothing, and what it would have dropped is told, from what hosts track."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from tests.system.streams import plugged

from weft.lab import life, story
from weft.lab.endpoint import Endpoint
from weft.lab.layout import Lab
from weft.lab.processes import until

NAME = "audited"
TOLD_S = 60
"""Hosts ask every ten seconds whether a port is audited, and look every ten seconds if one is."""


@pytest.fixture(scope="module")
def ends(lab: Lab) -> Iterator[tuple[Endpoint, Endpoint]]:
    """`near` on h1, and `audited` on h2, for which a policy in audit drops ping from anybody."""
    story.weft(lab, "network", "create", NAME, "--subnet", "10.84.0.0/24")
    story.weft(lab, "group", "create", NAME, "--selector", "side=audited")
    story.weft(lab, "policy", "create", NAME, "--target", NAME, "--mode", "audit")
    rule = ("--direction", "ingress", "--action", "drop", "--service", "icmp")
    story.weft(lab, "policy", "rule", "add", NAME, *rule, "--wait")
    try:
        with (
            plugged(lab.host("h1"), "near", NAME, "side=near") as near,
            plugged(lab.host("h2"), "watched", NAME, "side=audited") as watched,
        ):
            yield near, watched
    finally:
        for kind in ("policy", "group", "network"):
            with suppress(Exception):
                life.weft_on_central(lab, kind, "delete", NAME)


def test_what_an_audited_rule_would_drop_passes_and_is_told(
    lab: Lab, ends: tuple[Endpoint, Endpoint]
) -> None:
    near, watched = ends

    def told() -> bool:
        near.run("ping", "-c", "1", "-W", "5", str(watched.address))
        found = story.weft(lab, "drops", "--policy", NAME)["items"]
        return [(d["verdict"], d["estimate"], d["destination"]["port"]) for d in found] == [
            ("would-drop", True, "watched")
        ]

    log = lab.host("h2").logs / "weft-agent.log"
    until(told, "the ping that would be dropped to be told", timeout_s=TOLD_S, log=log)
    near.run("ping", "-c", "1", "-W", "5", str(watched.address))
