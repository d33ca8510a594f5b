"""Ranks fall from rule to rule, stay in their band, and few of them ever move."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.model.errors import QuotaExceeded
from weft.model.policy import Tier
from weft.model.rank import BANDS, LIMITS, arrange, place

tiers = st.sampled_from(list(Tier))


def insert(ranks: list[int], index: int, count: int, tier: Tier) -> int:
    """Insert into `ranks`; how many of the old ones moved."""
    placement = place(ranks, index, count, tier)
    for i, rank in placement.moved.items():
        ranks[i] = rank
    ranks[index:index] = placement.ranks
    return len(placement.moved)


def assert_in_order(ranks: list[int], tier: Tier) -> None:
    assert all(earlier > later for earlier, later in pairwise(ranks))
    assert all(rank in BANDS[tier] for rank in ranks)


@given(tiers, st.lists(st.tuples(st.floats(0, 1), st.integers(1, 40)), max_size=40))
def test_any_insertions_keep_the_order_and_the_band(tier: Tier, insertions: list[tuple[float, int]]) -> None:
    ranks: list[int] = []
    for where, count in insertions:
        if len(ranks) + count <= LIMITS[tier]:
            insert(ranks, int(where * len(ranks)), count, tier)
            assert_in_order(ranks, tier)


@given(tiers, st.lists(st.integers(0, 32_767), max_size=60))
def test_rules_in_any_state_are_arranged(tier: Tier, ranks: list[int]) -> None:
    arranged = arrange(ranks, tier)
    assert len(arranged) == len(ranks)
    assert_in_order(arranged, tier)


@given(tiers, st.data())
def test_rules_that_are_in_place_stay(tier: Tier, data: st.DataObject) -> None:
    ranks = sorted(data.draw(st.sets(st.sampled_from(BANDS[tier]), max_size=60)), reverse=True)
    assert arrange(ranks, tier) == ranks


def test_a_rule_that_goes_to_the_front_moves_alone() -> None:
    assert arrange([5_000, 9_000, 8_000, 7_000], Tier.PROJECT)[1:] == [9_000, 8_000, 7_000]


@pytest.mark.parametrize("where", ["front", "middle", "back"])
def test_insertions_at_one_place_move_few_others(where: str) -> None:
    ranks: list[int] = []
    moved = 0
    for _ in range(2_000):
        index = {"front": 0, "middle": len(ranks) // 2, "back": len(ranks)}[where]
        moved += insert(ranks, index, 1, Tier.PROJECT)
    assert_in_order(ranks, Tier.PROJECT)
    assert moved <= 20 * len(ranks)


@pytest.mark.parametrize("tier", Tier)
def test_a_band_holds_its_limit_and_says_so_beyond(tier: Tier) -> None:
    ranks: list[int] = []
    while len(ranks) < LIMITS[tier]:
        insert(ranks, len(ranks) // 3, min(37, LIMITS[tier] - len(ranks)), tier)
    assert_in_order(ranks, tier)
    with pytest.raises(QuotaExceeded, match=f"at most {LIMITS[tier]:,} rules in the {tier} tier"):
        place(ranks, 0, 1, tier)


def test_a_project_has_ten_thousand_rules_in_its_own_tier() -> None:
    assert LIMITS[Tier.PROJECT] == 10_000
