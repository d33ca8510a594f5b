"""Adjacent rules that differ in their ports alone, as one: the engine pays for ACLs, not for ports.

Flows on a host are the members of the peer times the ports when these come in ACLs of their own, and the sum
of both when they come in one: ten rules about a thousand members cost 20,000 flows, merged 2,000.

Rules next to each other with the same verdict could change places, so what is decided stays the same. What is
lost is which of them it was: a rule that is counted, or whose name is to stand in the log, stays alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from weft.model.ids import RuleId
from weft.model.policy import Policy, Rule

MEAN_RUN = 32
"""About how many rules a run has, however many are alike: one row stays small, and so does each change.

A run ends before a rule whose own id says so. If it ended at a length, a rule put in at the front would move
the ends of all that follow, and change all their rows.
"""


def merged(policy: Policy) -> Iterator[Rule]:
    """The rules of `policy`, each run of them as one: its first, with the ports of all.

    None of a policy that is not in force: all that is compiled of rules comes from here.
    """
    for run in runs(policy) if policy.in_force else ():
        first = run[0]
        if len(run) > 1:
            ports = sorted({ports for rule in run for ports in rule.service.ports})
            first = replace(first, service=replace(first.service, ports=tuple(ports)))
        yield first


def runs(policy: Policy) -> Iterator[tuple[Rule, ...]]:
    """The rules of `policy` in order, cut into runs that one ACL can stand for."""
    run: list[Rule] = []
    for rule in policy.rules:
        if run and not _continues(run[-1], rule):
            yield tuple(run)
            run = []
        run.append(rule)
    if run:
        yield tuple(run)


def stands_for(policies: Iterable[Policy]) -> Mapping[RuleId, tuple[RuleId, ...]]:
    """By the rule that an ACL is called after (`names.acl_rule`), all the rules that it stands for."""
    return {run[0].id: tuple(rule.id for rule in run) for policy in policies for run in runs(policy)}


def _continues(before: Rule, rule: Rule) -> bool:
    """Whether one ACL can stand for both. They follow each other in one policy, so the target is the same."""
    return (
        rule.id.int % MEAN_RUN != 0 and may_merge(before) and may_merge(rule) and _what(before) == _what(rule)
    )


def may_merge(rule: Rule) -> bool:
    """Whether one ACL may stand for `rule` and others."""
    return bool(rule.service.ports) and not rule.count and not rule.log


def _what(rule: Rule) -> tuple[object, ...]:
    """All that two rules of a run have in common."""
    return rule.direction, rule.action, rule.peer, rule.service.protocol, rule.stateful
