"""weft doctor, on a machine in memory; and the report of a host where it is shown."""

import json

from tests.unit.cli.conftest import Weft
from tests.unit.cli.fake_machine import FakeMachine

from weft.agent.health.finding import error, note
from weft.cli.render import COLUMNS

CLASH = error("clash", "device vx9 is on UDP port 4789, too", "ip link delete vx9")


def test_a_host_that_is_well_ends_with_0(weft: Weft, machine: FakeMachine) -> None:
    machine.findings = (note("datapath", "userspace datapath"),)

    result = weft("doctor")

    assert result.exit_code == 0
    assert "userspace datapath" in result.stdout
    assert result.stdout.endswith("all is well\n")


def test_a_finding_ends_with_1_and_names_its_cure(weft: Weft, machine: FakeMachine) -> None:
    machine.findings = (CLASH,)

    result = weft("doctor")

    assert result.exit_code == 1
    assert "error" in result.stdout
    assert "ip link delete vx9" in result.stdout
    assert "all is well" not in result.stdout


def test_findings_are_a_document(weft: Weft, machine: FakeMachine) -> None:
    machine.findings = (CLASH,)

    result = weft("doctor", "-o", "json")

    assert json.loads(result.stdout) == [
        {"severity": "error", "check": "clash", "says": CLASH.says, "cure": CLASH.cure}
    ]


def test_no_findings_are_an_empty_document(weft: Weft) -> None:
    result = weft("doctor", "-o", "yaml")

    assert (result.exit_code, result.stdout) == (0, "[]\n")


def test_a_list_of_hosts_says_how_each_is() -> None:
    health = dict(COLUMNS["hosts"])["HEALTH"]

    def host(**counts: int) -> dict[str, object]:
        return {"status": {"details": {"health": {"counts": counts, "findings": []}}}}

    assert health(host(error=2, warning=1, note=4), {}) == "2 errors, 1 warning"
    assert health(host(error=0, warning=0, note=4), {}) == "ok"
    assert health({"status": {"details": {}}}, {}) == ""
