"""weft trace: OVN's own trace in the lab, in our names, and the verdict beside it."""

from collections.abc import Iterator

import pytest

from weft.lab import life, story
from weft.lab.layout import Lab, LabHost


@pytest.fixture
def apart(lab: Lab) -> Iterator[None]:
    """Nothing from the containers labelled ta may reach those labelled tb on tcp/80."""
    for name in ("ta", "tb"):
        story.weft(lab, "group", "create", name, "--selector", f"me={name}")
    story.weft(lab, "policy", "create", "apart", "--target", "tb")
    rule = ("--direction", "ingress", "--action", "drop", "--peer", "group:ta", "--service", "tcp/80")
    story.weft(lab, "policy", "rule", "add", "apart", *rule)
    yield
    life.weft_on_central(lab, "policy", "delete", "apart")
    for name in ("ta", "tb"):
        life.weft_on_central(lab, "group", "delete", name)


@pytest.mark.usefixtures("apart")
def test_the_trace_names_our_rule_and_agrees_with_the_verdict_and_the_packets(
    lab: Lab, h1: LabHost, h2: LabHost
) -> None:
    story.run_container(h1, "ta", "DockerSN", "--label", "me=ta")
    story.run_container(h2, "tb", "DockerSN", "--label", "me=tb")
    story.wait_until_up(lab, "ta", "tb")
    there = story.address_of(lab, "tb")

    dropped = life.weft_on_central(lab, "trace", "ta", "tb", "tcp/80")
    passes = life.weft_on_central(lab, "trace", "ta", "tb", "icmp")

    assert "rule 1 of policy apart decides where it is received" in dropped
    assert "OVN: it does not arrive" in dropped
    assert "They agree." in dropped
    assert "OVN: it arrives" in passes
    assert not story.fetches(h1, "ta", there)
    assert story.pings(h1, "ta", there)
