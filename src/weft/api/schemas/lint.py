"""Body of /lint: what is declared and does nothing, or more than is needed."""

from uuid import UUID

from weft.api.schemas.base import Shown
from weft.model.policy import AddressGroup, Group, Policy
from weft.model.snapshot import Snapshot
from weft.store.kinds import kind_of
from weft.verifier.lines import Line, policy_lines
from weft.verifier.lint import Finding, Problem
from weft.verifier.sentences import rule_text, who_text

_MOST_NAMED = 5


class FindingShown(Shown):
    """`problem` of one object; of a policy's rule `rule_id`, counted from 1 in `rule_number`.

    `why` and `cure` are sentences. `instead` are the rules that decide in place of this one, or would.
    """

    problem: Problem
    kind: str
    id: UUID
    project: str
    name: str
    rule_id: UUID | None
    rule_number: int | None
    rule: str | None
    why: str
    cure: str
    instead: list[str]

    @classmethod
    def from_model(cls, snapshot: Snapshot, finding: Finding) -> "FindingShown":
        """The finding as it is shown."""
        item, place = finding.item, finding.place
        rule = item.rules[place] if isinstance(item, Policy) and place is not None else None
        why, cure = _words(snapshot, finding)
        return cls(
            problem=finding.problem,
            kind=kind_of(item).value.replace("_", "-"),
            id=item.id,
            project=snapshot.projects[item.project_id].name,
            name=item.name,
            rule_id=None if rule is None else rule.id,
            rule_number=None if place is None else place + 1,
            rule=None if rule is None else rule_text(snapshot, _line(snapshot, finding)),
            why=why,
            cure=cure,
            instead=[_called(line) for line in finding.instead or ()],
        )


class LintShown(Shown):
    """All findings as of a revision."""

    revision: int
    items: list[FindingShown]


def _line(snapshot: Snapshot, finding: Finding) -> Line:
    """The line of the rule that a finding is about."""
    if not isinstance(finding.item, Policy) or finding.place is None:
        raise TypeError(f"{finding.item.name} is no rule")
    return next(line for line in policy_lines(snapshot, finding.item) if line.place == finding.place)


def _words(snapshot: Snapshot, finding: Finding) -> tuple[str, str]:
    """Why, and what to do."""
    match finding.problem:
        case Problem.SHADOWED:
            return f"it decides no packet, for {_instead(finding)} before it", "delete it, or move it up"
        case Problem.NEVER_MATCHING:
            return _nobody(snapshot, finding), "delete it, or correct whom it names"
        case Problem.REDUNDANT:
            return (
                f"without it {_instead(finding) or 'the end of the list would do'} just the same",
                _beside(finding),
            )
        case Problem.WIDE:
            who = "" if finding.narrower is None else who_text(snapshot, finding.narrower)
            peer = who_text(snapshot, _line(snapshot, finding).peer)
            return f"it names {peer}, and matters only for {who}", f"name {who} as its peer"
        case Problem.NO_EFFECT | Problem.ENDING_SOON:
            return _of_policy(finding)
        case _:
            return _of_group(snapshot, finding)


def _of_policy(finding: Finding) -> tuple[str, str]:
    rules = finding.item.rules if isinstance(finding.item, Policy) else ()
    if finding.place is None:
        return ("none of its rules decides any packet" if rules else "it has no rules"), "delete it"
    when = f"{rules[finding.place].expires:%Y-%m-%d %H:%M}"
    return f"it ends by itself at {when} UTC", "give it a later time if it is still needed"


def _of_group(snapshot: Snapshot, finding: Finding) -> tuple[str, str]:
    if finding.problem is Problem.UNUSED_ADDRESS_GROUP:
        return "no rule names it", "delete it"
    used = [policy.name for policy in snapshot.policies.values() if _names(policy, finding.item)]
    where = f"; policies {', '.join(sorted(used)[:_MOST_NAMED])} name it" if used else "; no policy names it"
    if finding.problem is Problem.IMPOSSIBLE_SELECTOR:
        return f"no labels can match its selector{where}", "correct the selector"
    return f"nobody is in it{where}", "delete it, or look for what should have its labels"


def _names(policy: Policy, item: Policy | Group | AddressGroup) -> bool:
    return policy.target == item.id or any(rule.peer.group_id == item.id for rule in policy.rules)


def _instead(finding: Finding) -> str:
    if finding.instead is None:
        return "others decide"
    those = list(dict.fromkeys(map(_called, finding.instead)))  # defaults of many networks are called alike
    named = those[:_MOST_NAMED]
    more = len(those) - len(named)
    verb = "decides" if len(those) == 1 else "decide"
    told = ", ".join(named) + (f" and {more} more" if more else "")
    return f"{told} {verb}" if named else ""


def _beside(finding: Finding) -> str:
    """What the rule does beside deciding who reaches whom."""
    if not isinstance(finding.item, Policy) or finding.place is None:
        return "delete it"
    rule = finding.item.rules[finding.place]
    more = [
        word
        for word, has in (
            ("logs", rule.log),
            ("counts", rule.count),
            ("tells the sender", rule.action.value == "reject"),
            ("lets answers pass without tracking connections", not rule.stateful),
        )
        if has
    ]
    return f"delete it, unless you want that it {' and '.join(more)}" if more else "delete it"


def _nobody(snapshot: Snapshot, finding: Finding) -> str:
    line = _line(snapshot, finding)
    policy = finding.item
    if isinstance(policy, Policy) and policy.target is not None and not snapshot.members_of[policy.target]:
        return f"it is about no packet: {who_text(snapshot, line.target)} has no members"
    ends = who_text(snapshot, line.target), who_text(snapshot, line.peer)
    return f"it is about no packet: nobody of {ends[0]} has anything to do with {ends[1]} there"


def _called(line: Line) -> str:
    if line.policy is None:
        return f"the {line.origin.value} of {'egress' if line.direction.value == 'egress' else 'ingress'}"
    return f"rule {line.place + 1} of policy {line.policy.name}"
