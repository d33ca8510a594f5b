"""Counters in memory: differences, bounded, and honest about what is not known."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from weft.api import counters as kept
from weft.api.counters import PACE_S, SAMPLES, SILENT, WATCHED, WATCHED_PACE_S, Count, Counters, Totals
from weft.model.ids import HostName, PortId

H1, H2 = HostName("h1"), HostName("h2")
WEB, DB = PortId(UUID(int=1)), PortId(UUID(int=2))
START = datetime(2026, 11, 28, 9, tzinfo=UTC)


def totals(clock_s: float, sent: int, received: int = 0) -> Totals:
    """So many bytes, in packets of 100."""
    return Totals(
        clock_s=clock_s, sent=Count(sent, sent // 100, 0), received=Count(received, received // 100, 0)
    )


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def sent_bytes(counters: Counters, host: HostName = H1, port: PortId = WEB) -> list[int]:
    found = counters.look(host, port, START)
    return [] if found is None else [sample.sent.bytes for sample in found.samples]


def test_what_is_kept_is_what_was_added_between_two_tellings() -> None:
    counters = Counters()
    for clock, sent in ((10, 1000), (15, 1500), (25, 4500)):
        counters.take(H1, {WEB: totals(clock, sent, 2 * sent)}, at(clock))

    found = counters.look(H1, WEB, at(25))
    assert found is not None
    assert (found.last, found.at) == (totals(25, 4500, 9000), at(25))
    assert [(one.at, one.seconds, one.sent.bytes, one.received.packets) for one in found.samples] == [
        (at(15), 5, 500, 10),
        (at(25), 10, 3000, 60),
    ]


def test_a_message_that_comes_twice_is_counted_once() -> None:
    counters = Counters()
    for clock, sent in ((10, 0), (15, 500), (15, 500)):
        counters.take(H1, {WEB: totals(clock, sent)}, at(clock))

    assert sent_bytes(counters) == [500]


def test_a_switch_that_counts_anew_makes_no_negative_rate_and_no_rate_that_never_was() -> None:
    counters = Counters()
    for clock, sent in ((10, 5000), (15, 6000), (20, 100), (25, 300)):
        counters.take(H1, {WEB: totals(clock, sent)}, at(clock))

    assert sent_bytes(counters) == [1000, 200]


def test_a_host_whose_clock_began_anew_is_believed_from_then_on() -> None:
    counters = Counters()
    for clock, sent in ((90000, 500), (3, 600), (8, 700)):
        counters.take(H1, {WEB: totals(clock, sent)}, START)

    assert sent_bytes(counters) == [100]


def test_a_port_that_moves_to_another_host_has_the_counters_of_where_it_is() -> None:
    counters = Counters()
    counters.take(H1, {WEB: totals(10, 100)}, START)

    assert counters.look(H2, WEB, START) is None


def test_the_last_samples_are_kept() -> None:
    counters = Counters()
    for number in range(SAMPLES + 3):
        counters.take(H1, {WEB: totals(5 * number, number * number)}, at(5 * number))

    found = sent_bytes(counters)
    assert len(found) == SAMPLES
    assert found[-1] == (SAMPLES + 2) ** 2 - (SAMPLES + 1) ** 2


def test_a_host_tells_more_often_while_somebody_looks_at_one_of_its_ports() -> None:
    counters = Counters()
    assert counters.take(H1, {}, START) == PACE_S

    counters.look(H1, WEB, START)

    assert counters.take(H1, {}, START + WATCHED) == WATCHED_PACE_S
    assert counters.take(H2, {}, START + WATCHED) == PACE_S
    assert counters.take(H1, {}, START + WATCHED + timedelta(seconds=1)) == PACE_S


def test_too_many_ports_are_not_kept_until_one_is_looked_at_or_others_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, "MOST", 1)
    counters = Counters()
    counters.take(H1, {WEB: totals(10, 0)}, START)
    counters.take(H2, {DB: totals(10, 0)}, START)
    assert counters.look(H2, DB, START) is None

    counters.take(H2, {DB: totals(15, 0)}, START)
    assert counters.look(H2, DB, START) is not None
    assert counters.look(H1, WEB, START) is None

    later = START + WATCHED + SILENT
    counters.take(H1, {WEB: totals(99, 0)}, later)
    assert counters.look(H1, WEB, later) is not None
    assert len(counters) == 1
