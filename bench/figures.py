"""What a measurement says: a value, its rival's, their ratio with its interval, and whether the goal is met.

Machines are noisy and other things run on them, so a number alone says little. Contestants take turns within
a round; what is compared are rounds, and the interval comes from drawing rounds anew (bootstrap).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from random import Random
from statistics import median

Round = Mapping[str, float]
"""What each contestant took, or the rate that it reached, in one round."""
Statistic = Callable[[Sequence[Round]], float]

_DRAWS = 4_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A value, and where it lies with a probability of 95 %."""

    value: float
    low: float
    high: float


class Verdict(StrEnum):
    """A goal is missed only when the whole interval is on the wrong side of it."""

    MET = "met"
    UNCLEAR = "unclear"
    MISSED = "missed"
    NONE = "no goal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of a report. With a rival the goal is for the ratio, without one for the value.

    The goal of a rate is the least that it may be; of a time, and of whatever else costs, the most.
    """

    name: str
    unit: str
    value: Interval
    rival: float | None = None
    rival_name: str = ""
    ratio: Interval | None = None
    goal: float | None = None
    note: str = ""
    rounds: Sequence[Round] = ()

    @property
    def is_rate(self) -> bool:
        """Whether more is better: so much a second."""
        return self.unit.endswith("/s")

    @property
    def verdict(self) -> Verdict:
        """What became of the goal."""
        if self.goal is None:
            return Verdict.NONE
        judged = self.ratio or self.value
        if judged.value >= self.goal if self.is_rate else judged.value <= self.goal:
            return Verdict.MET
        beyond = judged.high < self.goal if self.is_rate else judged.low > self.goal
        return Verdict.MISSED if beyond else Verdict.UNCLEAR


def middle(name: str) -> Statistic:
    """The median of a contestant."""
    return lambda rounds: median(each[name] for each in rounds)


def percentile(name: str, share: float) -> Statistic:
    """What a contestant stayed below in `share` of the rounds: the nearest rank."""
    return lambda rounds: sorted(each[name] for each in rounds)[ceil(share * len(rounds)) - 1]


def cost_over(name: str, base: str) -> Statistic:
    """What a contestant costs more than another one: the median of the differences within rounds."""
    return lambda rounds: median(each[name] - each[base] for each in rounds)


def compared(
    name: str,
    unit: str,
    rounds: Sequence[Round],
    ours: Statistic,
    rival: tuple[str, Statistic],
    *,
    goal: float | None,
) -> Figure:
    """A figure beside its rival, who has a name for the report."""
    rival_name, theirs = rival
    return Figure(
        name=name,
        unit=unit,
        value=interval(rounds, ours),
        rival=theirs(rounds),
        rival_name=rival_name,
        ratio=interval(rounds, lambda drawn: _ratio(ours(drawn), theirs(drawn))),
        goal=goal,
        rounds=rounds,
    )


def alone(
    name: str,
    unit: str,
    values: Sequence[float],
    *,
    goal: float | None = None,
    note: str = "",
    of: Statistic | None = None,
) -> Figure:
    """A figure without a rival in the run: the median of `values`, or another statistic `of` them."""
    rounds = [{"weft": value} for value in values]
    value = interval(rounds, of or middle("weft"))
    return Figure(name=name, unit=unit, value=value, goal=goal, note=note, rounds=rounds)


def interval(rounds: Sequence[Round], statistic: Statistic) -> Interval:
    """`statistic` of `rounds`, with its interval. The same rounds always give the same."""
    chance = Random(0)
    drawn = sorted(statistic(chance.choices(rounds, k=len(rounds))) for _ in range(_DRAWS))
    return Interval(statistic(rounds), drawn[int(_DRAWS * 0.025)], drawn[int(_DRAWS * 0.975) - 1])


def _ratio(ours: float, theirs: float) -> float:
    """A rival that costs nothing cannot be beaten; where noise makes it negative, neither can it be met."""
    return ours / theirs if theirs > 0 else float("inf")
