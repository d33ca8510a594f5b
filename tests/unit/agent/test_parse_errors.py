"""What ovn-controller could not parse, as its log tells."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.controller import FakeController

from weft.agent.parse_errors import RECHECK_S, LogTail, ParseErrors, acl_match, unparsed_in


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "ovn-controller.log"


@pytest.fixture
def controller(log: Path) -> FakeController:
    return FakeController(log)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def errors(log: Path, controller: FakeController, clock: Clock) -> Iterator[ParseErrors]:
    tail = LogTail(log)
    yield ParseErrors(tail, controller, clock=clock)
    tail.close()


def matches(errors: ParseErrors, nb_cfg: int = 1) -> list[str]:
    return [one.match for one in errors.look(nb_cfg)]


def test_a_complaint_is_told_in_the_words_of_the_acl() -> None:
    line = (
        '2026-11-25T01:59:34Z|00036|lflow|WARN|error parsing match "reg0[10] == 1 && (outport == @g && '
        'name == "x")": Syntax error at `name\' expecting field name.'
    )

    (found,) = unparsed_in(f"some other line\n{line}\n").values()

    assert found.match == 'outport == @g && name == "x"'
    assert found.problem == "Syntax error at `name' expecting field name."


@pytest.mark.parametrize("flow", ["ip4 && bogus", "reg0[1] == 1 && ip4", "(reg0[1] == 1) && (a) || (b)"])
def test_what_is_not_an_acl_is_told_as_it_is(flow: str) -> None:
    assert acl_match(flow) == flow


def test_what_was_wrong_before_the_agent_came_is_found(
    errors: ParseErrors, controller: FakeController
) -> None:
    controller.bad = ["ip4.src == $a", "ip4.src == $b"]

    assert matches(errors) == ["ip4.src == $a", "ip4.src == $b"]
    assert not controller.limited


def test_what_becomes_wrong_is_found_in_the_log(errors: ParseErrors, controller: FakeController) -> None:
    assert matches(errors) == []

    controller.bad = ["ip4.src == $a"]
    controller.complain("ip4.src == $a")

    assert matches(errors, nb_cfg=2) == ["ip4.src == $a"]


def test_a_complaint_that_is_read_after_its_repair_is_not_told(
    errors: ParseErrors, controller: FakeController
) -> None:
    assert matches(errors) == []

    controller.complain("ip4.src == $a")

    assert matches(errors, nb_cfg=2) == []


def test_a_look_that_ovn_controller_puts_off_is_waited_for(
    errors: ParseErrors, controller: FakeController
) -> None:
    controller.bad = ["ip4.src == $a"]
    matches(errors)

    controller.busy = 5

    assert matches(errors, nb_cfg=2) == ["ip4.src == $a"]


def test_where_nothing_is_wrong_everything_is_looked_at_once(
    errors: ParseErrors, controller: FakeController
) -> None:
    for nb_cfg in range(5):
        matches(errors, nb_cfg)

    assert controller.recomputed == 1


def test_what_was_repaired_is_forgotten(errors: ParseErrors, controller: FakeController) -> None:
    controller.bad = ["ip4.src == $a"]
    matches(errors)
    controller.bad = []

    assert matches(errors, nb_cfg=2) == []


def test_what_was_repaired_without_a_new_configuration_is_forgotten_after_a_while(
    errors: ParseErrors, controller: FakeController, clock: Clock
) -> None:
    controller.bad = ["ip4.src == $a"]
    matches(errors)
    controller.bad = []
    assert matches(errors) == ["ip4.src == $a"]

    clock.now += RECHECK_S

    assert matches(errors) == []


def test_another_process_is_asked_anew(errors: ParseErrors, controller: FakeController) -> None:
    matches(errors)
    controller.process, controller.limited, controller.bad = 8, True, ["ip4.src == $a"]

    assert matches(errors) == ["ip4.src == $a"]
    assert not controller.limited


def test_what_is_wrong_stays_known_while_ovn_controller_is_away(
    errors: ParseErrors, controller: FakeController
) -> None:
    controller.bad = ["ip4.src == $a"]
    matches(errors)

    controller.process = None

    assert matches(errors, nb_cfg=2) == ["ip4.src == $a"]


def test_the_tail_gives_whole_lines_once(log: Path) -> None:
    log.write_text("old\n")
    tail = LogTail(log)

    with log.open("a") as file:
        file.write("new\nhal")
        file.flush()
        first = tail.read()
        file.write("f\n")

    assert (first, tail.read(), tail.read()) == ("new\n", "half\n", "")
    tail.close()


def test_the_tail_follows_a_log_that_was_moved_away(log: Path) -> None:
    log.write_text("old\n")
    tail = LogTail(log)

    with log.open("a") as file:
        file.write("last words\n")
    log.rename(log.with_suffix(".1"))
    between = tail.read()
    log.write_text("new\n")

    assert (between, tail.read(), tail.is_there) == ("last words\n", "new\n", True)
    tail.close()


def test_the_tail_follows_a_log_that_was_truncated(log: Path) -> None:
    log.write_text("a long line of old\n")
    tail = LogTail(log)

    log.write_text("new\n")

    assert tail.read() == "new\n"
    tail.close()


def test_a_log_that_comes_later_is_read_from_its_beginning(log: Path) -> None:
    tail = LogTail(log)
    assert (tail.read(), tail.is_there) == ("", False)

    log.write_text("first\n")

    assert tail.read() == "first\n"
    tail.close()
