"""Policy slack: rules that allow and that nobody used, as far as that is known. No hits may mean unknown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from weft.compiler.merging import may_merge, runs
from weft.model.ids import RuleId
from weft.model.policy import Action, Policy, Rule
from weft.store import Kind, Store
from weft.store.hits import Hits, Knowledge, Subject
from weft.store.provenance import rules_changed_since

_TOGETHER = "it is counted with rules that are like it, and one of them was used; --count counts it apart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack:
    """A rule without a hit that is known of. It is unused, unless `unknown` says why nobody can tell."""

    policy: Policy
    place: int
    last: Hits | None
    unknown: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of the time since `since`; `changed` says of rules that differ since then how long so."""

    since: datetime
    knowledge: Knowledge
    hits: Mapping[Subject, Hits]
    changed: Mapping[RuleId, datetime]

    def used(self, hits: Hits | None) -> bool:
        """Whether that is a hit since then."""
        return hits is not None and hits.last_at >= self.since


def subjects_of(policies: Sequence[Policy]) -> list[Subject]:
    """Under what hits of the rules of `policies` may be counted."""
    return [Subject(rule.id) for policy in policies for rule in policy.rules]


def changed_since(store: Store, policies: Sequence[Policy], since: datetime) -> Mapping[RuleId, datetime]:
    """The rules that were written after `since`, or may have been counted under one that is gone."""
    found: dict[RuleId, datetime] = {}
    for policy in policies:
        newest = store.revised_at(Kind.POLICIES, policy.id)
        at = None if newest is None else store.committed_at(newest)
        if at is not None and at > since:
            written = rules_changed_since(store, policy, since)
            for rule in policy.rules:
                if may_merge(rule):
                    found[rule.id] = at
                elif rule.id in written:
                    found[rule.id] = written[rule.id]
    return found


def slack(policies: Sequence[Policy], past: Past) -> Iterator[Slack]:
    """The rules that allow and were not hit since then, in the order of `policies`."""
    for policy in policies:
        places = {rule.id: place for place, rule in enumerate(policy.rules)}
        for run in runs(policy):
            for rule in run:
                if rule.action is Action.ALLOW and (found := _without_hit(rule, run, past)):
                    last, why = found
                    yield Slack(policy=policy, place=places[rule.id], last=last, unknown=why)


def _without_hit(rule: Rule, run: Sequence[Rule], past: Past) -> tuple[Hits | None, str | None] | None:
    """The last hit of a rule, and why it may not be the last; None when it is certain that it was used."""
    own, together = (past.hits.get(Subject(each.id)) for each in (rule, run[0]))
    is_alone = len(run) == 1
    if past.used(own) and (is_alone or rule is not run[0]):
        return None
    last = max((one for one in (own, together) if one), key=lambda one: one.last_at, default=None)
    return last, _TOGETHER if past.used(together) else _unknown(rule, past)


def _unknown(rule: Rule, past: Past) -> str | None:
    """Why nobody can tell whether a rule without hits was used; None if it was not."""
    known = past.knowledge
    if known.silent:
        return f"hosts {', '.join(known.silent)} have not told of their hits lately"
    if known.since is None:
        return "no host has told of its hits yet"
    if known.since > past.since:
        return f"hits are known without a gap since {_time(known.since)} only"
    if rule.id in past.changed:
        return f"it, or one that it was counted with, was written later: {_time(past.changed[rule.id])}"
    return None


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
