"""When a goal is met, and when it is missed."""

import pytest
from bench.figures import Figure, Interval, Verdict
from bench.report import line


def figure(ratio: Interval, unit: str) -> Figure:
    return Figure(
        name="ports",
        unit=unit,
        value=Interval(8, 7, 9),
        rival=4,
        rival_name="theirs",
        ratio=ratio,
        goal=1.5,
    )


@pytest.mark.parametrize(
    ("ratio", "most", "least"),
    [
        (Interval(2.0, 1.6, 2.4), Verdict.MISSED, Verdict.MET),
        (Interval(1.6, 1.4, 1.8), Verdict.UNCLEAR, Verdict.MET),
        (Interval(1.5, 1.4, 1.6), Verdict.MET, Verdict.MET),
        (Interval(1.4, 1.2, 1.6), Verdict.MET, Verdict.UNCLEAR),
        (Interval(1.0, 0.8, 1.2), Verdict.MET, Verdict.MISSED),
    ],
)
def test_a_goal_is_missed_only_when_the_whole_interval_is_on_its_wrong_side(
    ratio: Interval, most: Verdict, least: Verdict
) -> None:
    assert figure(ratio, "ms").verdict is most
    assert figure(ratio, "ports/s").verdict is least


def test_a_line_says_which_side_of_the_goal_is_the_right_one() -> None:
    ratio = Interval(1.6, 1.4, 1.8)

    assert "goal ≥ 1.5: met" in line(figure(ratio, "ports/s"))
    assert "goal ≤ 1.5: unclear" in line(figure(ratio, "ms"))
