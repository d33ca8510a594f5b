"""Ranks fall from rule to rule, and few of them ever move."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from weft.store.ranks import HIGHEST, places


@given(st.lists(st.integers(0, HIGHEST), max_size=60))
def test_ranks_fall_strictly_within_their_range(ranks: list[int]) -> None:
    placed = places(ranks)
    assert len(placed) == len(ranks)
    assert all(a > b for a, b in pairwise(placed))
    assert all(0 < rank <= HIGHEST for rank in placed)


@given(st.sets(st.integers(1, HIGHEST), max_size=60))
def test_what_is_in_place_stays(ranks: set[int]) -> None:
    falling = sorted(ranks, reverse=True)
    assert places(falling) == falling


def test_a_rule_moved_to_the_front_moves_alone() -> None:
    assert places([10, 500, 400, 300])[1:] == [500, 400, 300]


def test_a_hundred_rules_fit_at_either_end_without_moving_the_first() -> None:
    ranks = places([0])
    first = ranks[0]
    for _ in range(100):
        ranks = places([0, *ranks, 0])
    assert ranks[100] == first


def test_as_many_rules_as_there_are_ranks_fit() -> None:
    assert places([0] * HIGHEST) == list(range(HIGHEST, 0, -1))
