"""Every line of a log is read once, whatever becomes of the log and of who reads it."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from weft.agent.kept_log import MOST, KeptLog

FIRST = "2026-11-28T00:15:22.404Z|00001|vlog|INFO|opened log file\n"
OTHER = "2026-11-29T00:00:00.001Z|00001|vlog|INFO|opened log file\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "ovn-controller.log"
    found.write_text(FIRST)
    return found


Reader = Callable[[Path], KeptLog]


@pytest.fixture
def reader() -> Iterator[Reader]:
    """Makes one that starts (again)."""
    with ExitStack() as stack:

        def start(path: Path) -> KeptLog:
            log = KeptLog(path, path.parent / "state" / "drops.json")
            stack.callback(log.close)
            return log

        yield start


def add(path: Path, *lines: str) -> None:
    with path.open("a") as log:
        log.writelines(f"{line}\n" for line in lines)


def told(log: KeptLog) -> list[str]:
    """What the next piece tells, which arrives."""
    text = log.next()
    log.taken({})
    return text.splitlines()


def test_what_was_there_before_the_first_reader_is_old(path: Path, reader: Reader) -> None:
    add(path, "old")
    log = reader(path)
    add(path, "a", "b")

    assert told(log) == ["a", "b"]
    assert told(log) == []


def test_a_line_is_told_when_it_is_whole(path: Path, reader: Reader) -> None:
    log = reader(path)
    with path.open("a") as file:
        file.write("a\nhal")
    first = told(log)
    with path.open("a") as file:
        file.write("f\n")

    assert (first, told(log)) == (["a"], ["half"])


def test_one_that_starts_again_goes_on_where_the_last_one_was(path: Path, reader: Reader) -> None:
    log = reader(path)
    add(path, "a")
    told(log)
    add(path, "while it was away")

    again = reader(path)

    assert told(again) == ["while it was away"]
    assert not again.place.gap


def test_a_piece_that_was_under_way_comes_again_under_its_number_and_as_it_was(
    path: Path, reader: Reader
) -> None:
    log = reader(path)
    add(path, "a")
    log.next()
    number = log.place.number
    add(path, "b")

    again = reader(path)

    assert (again.next(), again.place.number, again.place.run) == ("a\n", number, log.place.run)
    again.taken({})
    assert (again.next(), again.place.number) == ("b\n", number + 1)


def test_a_number_that_may_have_been_used_is_not_used_again(path: Path, reader: Reader) -> None:
    log = reader(path)
    add(path, "a")
    told(log)
    log.next()  # nothing new, and maybe told: that leaves no trace
    number = log.place.number
    add(path, "b")

    again = reader(path)

    assert again.next() == "b\n"
    assert again.place.number > number


@pytest.mark.parametrize("compressed", [False, True])
def test_a_log_that_is_moved_away_is_read_to_its_end_and_then_its_successor(
    path: Path, reader: Reader, *, compressed: bool
) -> None:
    log = reader(path)
    add(path, "a")
    rotate(path, compressed=compressed)

    assert [told(log), told(log)] == [["a"], [OTHER.strip()]]
    assert not log.place.gap


@pytest.mark.parametrize("compressed", [False, True])
def test_that_holds_when_nobody_reads_meanwhile(path: Path, reader: Reader, *, compressed: bool) -> None:
    told(reader(path))
    add(path, "a")
    rotate(path, compressed=compressed)
    add(path, "b")

    again = reader(path)

    assert [told(again), told(again)] == [["a"], [OTHER.strip(), "b"]]


def test_lines_that_are_gone_are_told_as_a_gap_once(path: Path, reader: Reader) -> None:
    told(reader(path))
    add(path, "lost")
    path.write_text(OTHER)

    again = reader(path)

    assert (again.next(), again.place.gap) == (OTHER, True)
    again.taken({})
    add(path, "b")
    assert (again.next(), again.place.gap) == ("b\n", False)


def test_a_log_that_is_cut_short_is_a_gap(path: Path, reader: Reader) -> None:
    log = reader(path)
    add(path, "a", "b", "c")
    told(log)
    path.write_text("new\n")

    assert (log.next(), log.place.gap) == ("new\n", True)


def test_a_log_that_comes_later_is_read_from_its_beginning_and_is_no_gap(path: Path, reader: Reader) -> None:
    path.unlink()
    log = reader(path)
    nothing = told(log)
    path.write_text(FIRST)

    assert (nothing, log.next(), log.place.gap) == ([], FIRST, False)


def test_a_long_log_comes_in_pieces_of_whole_lines(path: Path, reader: Reader) -> None:
    log = reader(path)
    lines = [f"line {number:06}" for number in range(60_000)]
    add(path, *lines)

    found: list[str] = []
    pieces = 0
    while piece := told(log):
        assert sum(len(line) + 1 for line in piece) <= MOST
        found += piece
        pieces += 1

    assert found == lines
    assert pieces > 1


def rotate(path: Path, *, compressed: bool) -> None:
    """As logrotate(8) does, with a daemon that opens its log anew."""
    moved = Path(f"{path}.1")
    path.rename(moved)
    path.write_text(OTHER)
    if compressed:
        with gzip.open(f"{moved}.gz", "wb") as packed:
            packed.write(moved.read_bytes())
        moved.unlink()
