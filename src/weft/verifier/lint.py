"""What is declared and does nothing, or more than is needed: found by the verdicts, not by how it looks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import product
from math import prod

from weft.model.policy import AddressGroup, Group, Policy
from weft.model.selector import Selector
from weft.model.snapshot import Snapshot
from weft.verifier.lines import Line, OfGroup
from weft.verifier.usefulness import Usefulness
from weft.verifier.world import World

MOST_EXPLAINED = 200
"""For how many rules it is found out who decides instead; more are listed without."""

_MOST_COMBINATIONS = 100_000


class Problem(StrEnum):
    """What is wrong.

    A `shadowed` rule decides nothing because others come first, a `never-matching` one because nobody is
    meant. Without a `redundant` one everybody would reach just whom they reach. A `wide` one could name a
    group. One that is `ending-soon` expires, and its successor may be missing.
    """

    SHADOWED = "shadowed"
    NEVER_MATCHING = "never-matching"
    REDUNDANT = "redundant"
    WIDE = "wide"
    NO_EFFECT = "no-effect"
    EMPTY_GROUP = "empty-group"
    IMPOSSIBLE_SELECTOR = "impossible-selector"
    UNUSED_ADDRESS_GROUP = "unused-address-group"
    ENDING_SOON = "ending-soon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`problem` of `item`; of a policy's rule, `place` is which.

    `instead` is who decides, None where it was not found out. `narrower` is what a wide rule could name.
    """

    problem: Problem
    item: Policy | Group | AddressGroup
    place: int | None = None
    instead: tuple[Line, ...] | None = None
    narrower: OfGroup | None = None


def lint(world: World) -> list[Finding]:
    """All findings: of policies in the order of their names, then of groups and address groups.

    Of policies that are not in force nothing is found.
    """
    snapshot = world.snapshot
    useful = Usefulness(world)
    found: list[Finding] = []
    explained = 0
    in_force = (policy for policy in snapshot.policies.values() if policy.in_force)
    for policy in sorted(in_force, key=lambda p: (p.name, p.id)):
        rules = list(_of_rules(useful, policy, MOST_EXPLAINED - explained))
        explained += sum(finding.instead is not None for finding in rules)
        found += rules
        if not any(useful.decides(policy, place) for place in range(len(policy.rules))):
            found.append(Finding(problem=Problem.NO_EFFECT, item=policy))
    found += _of_groups(snapshot)
    found += _of_address_groups(snapshot)
    return found


def ending_soon(snapshot: Snapshot, before: datetime) -> list[Finding]:
    """The rules that expire `before` a moment, the first of them first."""
    found = [
        (rule.expires, policy, place)
        for policy in snapshot.policies.values()
        for place, rule in enumerate(policy.rules)
        if policy.in_force and rule.expires is not None and rule.expires < before
    ]
    ordered = sorted(found, key=lambda one: (one[0], one[1].name, one[2]))
    return [Finding(problem=Problem.ENDING_SOON, item=policy, place=place) for _, policy, place in ordered]


def _of_rules(useful: Usefulness, policy: Policy, explained: int) -> Iterator[Finding]:
    for place in range(len(policy.rules)):
        if not useful.matters(policy, place):
            decides = useful.decides(policy, place)
            instead = useful.instead(policy, place) if explained > 0 or not decides else None
            explained -= 1
            problem = Problem.REDUNDANT if decides else Problem.SHADOWED
            if not decides and instead is None:
                problem, instead = Problem.NEVER_MATCHING, []
            told = None if instead is None else tuple(instead)
            yield Finding(problem=problem, item=policy, place=place, instead=told)
        elif (narrower := useful.narrower(policy, place)) is not None:
            yield Finding(problem=Problem.WIDE, item=policy, place=place, narrower=narrower)


def _of_groups(snapshot: Snapshot) -> Iterator[Finding]:
    for group in sorted(snapshot.groups.values(), key=lambda g: (g.name, g.id)):
        if group.selector is not None and not satisfiable(group.selector):
            yield Finding(problem=Problem.IMPOSSIBLE_SELECTOR, item=group)
        elif not snapshot.members_of[group.id]:
            yield Finding(problem=Problem.EMPTY_GROUP, item=group)


def _of_address_groups(snapshot: Snapshot) -> Iterator[Finding]:
    used = {rule.peer.address_group_id for policy in snapshot.policies.values() for rule in policy.rules}
    for group in sorted(snapshot.address_groups.values(), key=lambda g: (g.name, g.id)):
        if group.id not in used:
            yield Finding(problem=Problem.UNUSED_ADDRESS_GROUP, item=group)


def satisfiable(selector: Selector) -> bool:
    """Whether any labels at all would match. True also where there are too many combinations to say."""
    offered = {
        key: [None, *sorted(values), f"{''.join(values)}."] for key, values in selector.mentions.items()
    }
    if prod(map(len, offered.values())) > _MOST_COMBINATIONS:
        return True
    every = product(*([(key, value) for value in values] for key, values in offered.items()))
    return any(selector.matches({key: value for key, value in one if value is not None}) for one in every)
