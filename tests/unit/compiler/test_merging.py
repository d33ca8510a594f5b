"""Rules that are alike are one ACL, which decides the same; and it can still be told whose ACL it is."""

from dataclasses import replace

import pytest
from tests.support.builders import (
    a_group,
    a_network,
    a_peer,
    a_policy,
    a_port,
    a_rule,
    a_snapshot,
    a_subnet,
    an_id,
)
from tests.support.changes import touched_between

from weft.compiler import Compilation, CompilerSettings, names
from weft.compiler.merging import MEAN_RUN, runs, stands_for
from weft.model.ids import RuleId
from weft.model.policy import Action, Direction, Policy, Rule
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Acl

SETTINGS = CompilerSettings()
V4 = "10.0.0.0/24"


def about(name: str, service: str = "tcp/80") -> Rule:
    return a_rule(name, peer=a_peer(group="web"), service=service)


def declared(*rules: Rule) -> Snapshot:
    ranked = [replace(rule, rank=20_000 - n) for n, rule in enumerate(rules)]
    return a_snapshot(
        a_network(),
        a_subnet(V4),
        a_port("one", {"10.0.0.5": V4}, labels={"app": "web"}),
        a_group("web", "app=web"),
        a_policy("p", *ranked, target="web"),
    )


def services(*rules: Rule) -> list[str]:
    """What the ACLs of the rules say after port group, IP version and peer."""
    rows = Compilation(declared(*rules), SETTINGS).rows.values()
    return [row.match.split(" && ", 3)[3] for row in rows if isinstance(row, Acl) and names.acl_rule(row.key)]


def policy_of(*rules: Rule) -> Policy:
    return a_policy("p", *rules)


def test_adjacent_rules_are_one_acl_with_their_ports_in_a_set() -> None:
    found = services(about("r1"), about("r2", "tcp/443"), about("r3", "tcp/8000-8080,80"))

    assert found == ["(tcp.dst == {80, 443} || (tcp.dst >= 8000 && tcp.dst <= 8080))"]


DIFFERENCES = {
    "direction": replace(about("r2"), direction=Direction.EGRESS),
    "action": replace(about("r2"), action=Action.ALLOW),
    "peer": replace(about("r2"), peer=a_peer()),
    "protocol": about("r2", "udp/80"),
    "statefulness": replace(about("r2"), stateful=False),
    "all ports": about("r2", "tcp"),
    "count": replace(about("r2"), count=True),
    "log": replace(about("r2"), log=True),
}


@pytest.mark.parametrize("other", DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_rules_that_differ_in_more_than_their_ports_stay_apart(other: Rule) -> None:
    assert len(list(runs(policy_of(about("r1"), other)))) == 2
    assert len(list(runs(policy_of(other, about("r1"))))) == 2


def test_rules_that_are_counted_or_logged_stay_apart_even_from_their_like() -> None:
    for alone in (replace(about("r1"), count=True), replace(about("r1"), log=True)):
        like = replace(alone, id=about("r2").id)
        assert len(list(runs(policy_of(alone, like)))) == 2


def test_a_rule_between_them_keeps_two_rules_apart() -> None:
    between = replace(about("r2", "tcp/443"), action=Action.ALLOW)

    assert [len(run) for run in runs(policy_of(about("r1"), between, about("r3")))] == [1, 1, 1]


def test_every_acl_of_a_rule_says_which_rules_it_stands_for() -> None:
    snapshot = declared(
        about("r1"), about("r2", "tcp/443"), about("r3", "udp/53"), replace(about("r4"), stateful=False)
    )
    told = stands_for(snapshot.policies.values())

    compiled = {names.acl_rule(key) for key in Compilation(snapshot, SETTINGS).rows if key.startswith("acl:")}

    assert compiled - {None} == told.keys()
    assert [rule for rules in told.values() for rule in rules] == [
        RuleId(an_id("rule", name)) for name in ("r1", "r2", "r3", "r4")
    ]


def test_most_rules_that_are_alike_merge_and_not_all_into_one() -> None:
    sizes = [len(run) for run in runs(policy_of(*many()))]

    assert 1 < len(sizes) < len(many()) / 8


@pytest.mark.parametrize("place", [0, 1, 20 * MEAN_RUN, 40 * MEAN_RUN])
def test_a_rule_put_in_anywhere_changes_few_rows_however_many_are_alike(place: int) -> None:
    before = declared(*many())
    (policy,) = before.policies.values()
    new = replace(about("new", "tcp/9999"), rank=policy.rules[min(place, len(policy.rules) - 1)].rank)
    rules = (*policy.rules[:place], new, *policy.rules[place:])
    after = replace(before, policies={policy.id: replace(policy, rules=rules)})

    changed = Compilation(before, SETTINGS).advance(after, touched_between(before, after))

    assert 1 <= len(changed) <= 4


def many() -> list[Rule]:
    return [about(f"many-{n}", f"tcp/{n + 1}") for n in range(40 * MEAN_RUN)]
