"""A goal is met, unclear or missed: a time must not exceed it, a rate must not fall short of it."""

import pytest
from bench import report
from bench.figures import Figure, Interval, Verdict, compared, middle


def a_figure(unit: str, ratio: Interval, goal: float | None) -> Figure:
    return Figure(name="a figure", unit=unit, value=ratio, ratio=ratio, rival=1, rival_name="it", goal=goal)


@pytest.mark.parametrize(
    ("unit", "goal", "ratio", "verdict"),
    [
        ("ms", 1.03, Interval(1.03, 1.01, 1.09), Verdict.MET),
        ("ms", 1.03, Interval(1.05, 1.02, 1.09), Verdict.UNCLEAR),
        ("ms", 1.03, Interval(1.05, 1.04, 1.09), Verdict.MISSED),
        ("MB", 1.03, Interval(0.50, 0.40, 0.60), Verdict.MET),
        ("Mbit/s", 0.97, Interval(0.97, 0.90, 0.99), Verdict.MET),
        ("Mbit/s", 0.97, Interval(0.95, 0.90, 0.98), Verdict.UNCLEAR),
        ("Mbit/s", 0.97, Interval(0.95, 0.90, 0.96), Verdict.MISSED),
        ("/s", 0.97, Interval(1.20, 1.10, 1.30), Verdict.MET),
        ("/s", None, Interval(0.10, 0.10, 0.10), Verdict.NONE),
    ],
)
def test_a_goal_is_missed_only_when_the_whole_interval_is_beyond_it(
    unit: str, goal: float | None, ratio: Interval, verdict: Verdict
) -> None:
    assert a_figure(unit, ratio, goal).verdict is verdict


@pytest.mark.parametrize(("unit", "told"), [("ms", "goal ≤ 0.97: missed"), ("Mbit/s", "goal ≥ 0.97: met")])
def test_a_report_says_on_which_side_of_its_goal_a_figure_should_be(unit: str, told: str) -> None:
    assert told in report.line(a_figure(unit, Interval(1.0, 0.99, 1.01), 0.97))


def test_a_rate_is_compared_as_ours_over_the_rivals() -> None:
    rounds = [{"weft": 190.0, "raw": 200.0}, {"weft": 192.0, "raw": 200.0}, {"weft": 188.0, "raw": 200.0}]
    figure = compared("a rate", "Mbit/s", rounds, middle("weft"), ("it", middle("raw")), goal=0.97)
    assert figure.ratio == Interval(0.95, 0.94, 0.96)
    assert figure.verdict is Verdict.MISSED
