"""Where a rule stands among the rules of its project: a higher rank is evaluated earlier.

A rank is the priority that the engine gets, and changing one is dear there, so ranks are dealt with gaps: an
insertion changes no other rule as long as its neighbours leave room, and a few of them when they do not.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from weft.model.errors import QuotaExceeded
from weft.model.policy import Tier

BANDS: Mapping[Tier, range] = MappingProxyType(
    {
        Tier.ADMIN: range(24_000, 32_000),
        Tier.PROJECT: range(4_000, 24_000),
        Tier.BASELINE: range(1_000, 4_000),
    }
)
"""The ranks of each tier. Above them are the engine's system rules, below them the network's defaults."""

LIMITS: Mapping[Tier, int] = MappingProxyType({tier: len(band) // 2 for tier, band in BANDS.items()})
"""How many rules a project may have in each tier: half of the ranks, so that gaps stay possible."""

STEP = 16
"""The gap that a rule gets at an open end of its band."""

_SPARSER = 1.5
"""How much emptier a neighbourhood of twice the size must be to be spread: what makes moves rare."""


@dataclass(frozen=True, slots=True)
class Placement:
    """`ranks` of the new rules, and by index into the existing ones those that have to `move`."""

    ranks: tuple[int, ...]
    moved: Mapping[int, int] = field(default_factory=dict)


def place(existing: Sequence[int], index: int, count: int, tier: Tier) -> Placement:
    """Ranks for `count` rules inserted before `existing[index]`.

    `existing` are the ranks of the rules of one project and `tier` in the order of evaluation, strictly
    falling. When no gap is left, the smallest neighbourhood with room is spread anew. Raises QuotaExceeded.
    """
    total = len(existing) + count
    check_limit(total, tier)
    reach, wanted = 0, 1.0
    while True:
        first, last = max(0, index - reach), min(len(existing), index + reach)
        whole = first == 0 and last == len(existing)
        dealt = last - first + count
        high, low = _bounds(existing, first, last, tier)
        room = high - low - 1
        if room >= dealt and (whole or room >= dealt * wanted):
            break
        reach, wanted = reach * 2 or 4, min(wanted * _SPARSER, len(BANDS[tier]) / total * 0.9)
    ranks = _spread(high, low, dealt, tier)
    before, after = index - first, index - first + count
    kept = ranks[:before] + ranks[after:]
    moved = {i: r for i, r in zip(range(first, last), kept, strict=True) if existing[i] != r}
    return Placement(tuple(ranks[before:after]), moved)


def arrange(ranks: Sequence[int], tier: Tier) -> list[int]:
    """Strictly falling ranks for all rules of one project and `tier`, in the order of evaluation.

    `ranks` are those that the rules have now; 0, or a rank of another tier, is a rule without a place.
    Of the others as many as possible keep theirs. Raises QuotaExceeded.
    """
    check_limit(len(ranks), tier)
    kept = _longest_falling(ranks, tier)
    result = [ranks[i] for i in kept]
    at = 0
    standing = iter([*kept, len(ranks)])
    upcoming = next(standing)
    while at < len(ranks):
        if at == upcoming:
            at, upcoming = at + 1, next(standing)
            continue
        placement = place(result, at, upcoming - at, tier)
        for i, rank in placement.moved.items():
            result[i] = rank
        result[at:at] = placement.ranks
        at = upcoming
    return result


def check_limit(count: int, tier: Tier) -> None:
    """Raise QuotaExceeded if a project may not have `count` rules in `tier`."""
    if count > LIMITS[tier]:
        raise QuotaExceeded(
            f"a project has at most {LIMITS[tier]:,} rules in the {tier} tier, this would make it {count:,}; "
            "remove some, or name several peers in one group",
            field="rules",
        )


def _bounds(existing: Sequence[int], first: int, last: int, tier: Tier) -> tuple[int, int]:
    """The ranks just outside of what may be dealt anew for `existing[first:last]`."""
    band = BANDS[tier]
    high = existing[first - 1] if first else band.stop
    low = existing[last] if last < len(existing) else band.start - 1
    return high, low


def _spread(high: int, low: int, count: int, tier: Tier) -> list[int]:
    """`count` falling ranks strictly between; at an open end they stay close to the other rules."""
    top, bottom = high == BANDS[tier].stop, low == BANDS[tier].start - 1
    room = high - low
    if room > STEP * (count + 1):
        if top and bottom:
            high -= (room - STEP * count) // 4
        if bottom:
            return [high - STEP * (i + 1) for i in range(count)]
        if top:
            return [low + STEP * (count - i) for i in range(count)]
    return [high - room * (i + 1) // (count + 1) for i in range(count)]


def _longest_falling(ranks: Sequence[int], tier: Tier) -> list[int]:
    """The indexes of a longest strictly falling run of ranks that lie in the band (patience sorting)."""
    heights: list[int] = []
    ends: list[int] = []
    previous: dict[int, int | None] = {}
    for i, rank in enumerate(ranks):
        if rank not in BANDS[tier]:
            continue
        at = bisect_left(heights, -rank)
        previous[i] = ends[at - 1] if at else None
        heights[at : at + 1] = [-rank]
        ends[at : at + 1] = [i]
    run: list[int] = []
    cursor = ends[-1] if ends else None
    while cursor is not None:
        run.append(cursor)
        cursor = previous[cursor]
    return run[::-1]
