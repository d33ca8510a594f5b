"""An installation is lost and restored, and OVN follows, while traffic goes on."""

import pytest

from weft.lab import life, story
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, until


def switches(lab: Lab) -> set[str]:
    said = run_on(
        lab.central, "ovn-nbctl", "--timeout=10", "--bare", "--columns=name", "list", "Logical_Switch"
    )
    return set(said.split())


def lose_everything_of_the_server(lab: Lab) -> None:
    life.stop_server(lab)
    run_on(lab.central, "sh", "-ec", "rm -r /var/lib/weft/server.db* /etc/weft/*")


@pytest.fixture
def saved(lab: Lab) -> str:
    path = "/var/lib/weft/saved.tar.gz"
    run_on(lab.central, "rm", "-f", path)
    life.weft_on_central(lab, "backup", path)
    return path


def test_after_a_restore_ovn_is_what_was_saved_and_traffic_went_on(
    lab: Lab, h1: LabHost, h2: LabHost, request: pytest.FixtureRequest
) -> None:
    story.run_container(h1, "aa", "DockerSN")
    story.run_container(h2, "bb", "DockerSN")
    story.wait_until_up(lab, "aa", "bb")
    there, before = story.address_of(lab, "bb"), switches(lab)
    path = request.getfixturevalue("saved")
    story.weft(lab, "network", "create", "later", "--subnet", "10.99.0.0/24", "--wait")
    assert len(switches(lab)) == len(before) + 1
    kept = story.ports(lab)

    lose_everything_of_the_server(lab)
    run_on(lab.central, "ovn-nbctl", "--timeout=10", "lsp-del", kept["aa"]["id"])
    run_on(lab.central, "ovn-nbctl", "--timeout=10", "lsp-add", min(before), kept["aa"]["id"])
    life.weft_on_central(lab, "restore", path)
    life.run_server(lab)

    until(lambda: switches(lab) == before, "what came after the backup to be gone from OVN", timeout_s=20)
    story.wait_until_up(lab, "aa", "bb")
    assert {n: p["fixed_ips"] for n, p in story.ports(lab).items()} == {
        n: p["fixed_ips"] for n, p in kept.items()
    }
    until(lambda: story.fetches(h1, "aa", there), "traffic after the restore", timeout_s=20)
