"""weft host join and weft host leave, on a machine in memory."""

import json

from tests.unit.cli.conftest import Weft
from tests.unit.cli.fake_machine import FakeMachine


def test_a_join_says_what_it_will_do_before_it_does_it(weft: Weft, machine: FakeMachine) -> None:
    result = weft("host", "join", "weft1.token")

    assert result.exit_code == 0
    assert machine.hosts == ["h1"]
    assert result.stdout.index("will change something") < result.stdout.index("done: changed something")
    assert "h1 has joined https://weft:7443" in result.stdout


def test_a_dry_run_does_nothing(weft: Weft, machine: FakeMachine) -> None:
    result = weft("host", "join", "weft1.token", "--dry-run")

    assert "will change something" in result.stdout
    assert machine.hosts == []


def test_a_machine_that_must_not_be_touched_is_not(weft: Weft, machine: FakeMachine) -> None:
    machine.refusal = "this host belongs to another OVN"

    result = weft("host", "join", "weft1.token")

    assert "error: this host belongs to another OVN" in result.stderr
    assert (result.exit_code, machine.hosts) == (1, [])


def test_what_is_left_to_do_is_said_and_in_the_document(weft: Weft, machine: FakeMachine) -> None:
    machine.hosts, machine.left = ["h1"], ["run weft host retire h1"]

    said = weft("host", "leave", "-o", "json")

    assert json.loads(said.stdout) == {"left": ["run weft host retire h1"]}
    assert "left to do: run weft host retire h1" in said.stderr


def test_force_reaches_the_machine(weft: Weft, machine: FakeMachine) -> None:
    weft("host", "leave", "--force")

    assert machine.forced
