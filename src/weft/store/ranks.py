"""Give the rules of a project their ranks: higher is earlier, with gaps for what comes later."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from weft.model.errors import QuotaExceeded
from weft.model.ids import ProjectId
from weft.model.policy import Tier
from weft.store.transaction import Transaction

HIGHEST = 30_000
_STEP = 32
_TIERS = tuple(Tier)


def rerank(tx: Transaction, project: ProjectId) -> None:
    """Put every rule of `project` in its place; rules that are in place keep their rank."""
    policies = sorted(
        (p for p in tx.snapshot.policies.values() if p.project_id == project),
        key=lambda p: (_TIERS.index(p.tier), p.order, p.id),
    )
    ranks = iter(places([rule.rank for policy in policies for rule in policy.rules]))
    for policy in policies:
        rules = tuple(replace(rule, rank=next(ranks)) for rule in policy.rules)
        if rules != policy.rules:
            tx.put(replace(policy, rules=rules))


def places(ranks: Sequence[int]) -> list[int]:
    """Strictly falling ranks, from what is there (0: none yet); as few as possible are changed.

    Raises QuotaExceeded if there are more rules than ranks.
    """
    if len(ranks) > HIGHEST:
        raise QuotaExceeded(
            f"a project has at most {HIGHEST} rules, not {len(ranks)}; "
            "remove some, or name more peers in one group"
        )
    result = list(ranks)
    bounds = [-1, *_kept(ranks), len(ranks)]
    for before, after in pairwise(bounds):
        high = HIGHEST + 1 if before < 0 else ranks[before]
        low = 0 if after == len(ranks) else ranks[after]
        fresh = _between(high, low, after - before - 1)
        if fresh is None:
            return _between(HIGHEST + 1, 0, len(ranks)) or []
        result[before + 1 : after] = fresh
    return result


def _between(high: int, low: int, count: int) -> list[int] | None:
    """`count` falling numbers strictly between; at an open end close to the other rules."""
    room = high - low
    if room <= count:
        return None
    step = room / (count + 1)
    if low == 0 and high <= HIGHEST and step > _STEP:
        return [high - _STEP * (i + 1) for i in range(count)]
    if high > HIGHEST and low > 0 and step > _STEP:
        return [low + _STEP * (count - i) for i in range(count)]
    return [high - int(step * (i + 1)) for i in range(count)]


def _kept(ranks: Sequence[int]) -> list[int]:
    """The places of a longest falling run of existing ranks (patience sorting)."""
    tails: list[int] = []
    previous: dict[int, int | None] = {}
    for place, rank in enumerate(ranks):
        if rank == 0:
            continue
        at = _first_not_above(tails, ranks, rank)
        previous[place] = tails[at - 1] if at else None
        tails[at : at + 1] = [place]
    kept: list[int] = []
    cursor = tails[-1] if tails else None
    while cursor is not None:
        kept.append(cursor)
        cursor = previous[cursor]
    return kept[::-1]


def _first_not_above(tails: list[int], ranks: Sequence[int], rank: int) -> int:
    low, high = 0, len(tails)
    while low < high:
        middle = (low + high) // 2
        if ranks[tails[middle]] > rank:
            low = middle + 1
        else:
            high = middle
    return low
