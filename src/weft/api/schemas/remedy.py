"""What would turn a verdict, as it is shown: edits of policy, and what they would open and close in all."""

from enum import StrEnum
from uuid import UUID

from weft.api.schemas.base import Shown
from weft.api.schemas.policy import PeerShown, ServiceShown, service_shown
from weft.model.policy import Action, Direction, Policy, Rule
from weft.model.snapshot import Snapshot
from weft.verifier.lines import policy_lines
from weft.verifier.remedy import Create, Edit, Insert, Join, Remedy, Remove
from weft.verifier.sentences import rule_text


class EditKind(StrEnum):
    """What is done to the model."""

    INSERT_RULE = "insert_rule"
    REMOVE_RULE = "remove_rule"
    CREATE_POLICY = "create_policy"
    JOIN_GROUP = "join_group"


class RuleProposed(Shown):
    """A rule that does not exist yet."""

    direction: Direction
    action: Action
    peer: PeerShown
    service: ServiceShown

    @classmethod
    def from_model(cls, rule: Rule) -> "RuleProposed":
        """The rule as it is shown."""
        return cls(
            direction=rule.direction,
            action=rule.action,
            peer=PeerShown.from_model(rule.peer),
            service=service_shown(rule.service),
        )


class EditShown(Shown):
    """One edit; `text` is for people. `index` is the place of the rule in the policy, from 0.

    A policy to be made has a name and a target group (none: every port of the project), and no id.
    """

    kind: EditKind
    text: str
    policy_id: UUID | None = None
    policy: str | None = None
    index: int | None = None
    rule: RuleProposed | None = None
    group_id: UUID | None = None
    port_id: UUID | None = None

    @classmethod
    def from_model(cls, snapshot: Snapshot, edit: Edit) -> "EditShown":
        """The edit as it is shown."""
        match edit:
            case Insert(policy, place, rule):
                where = (
                    f"before rule {place + 1}"
                    if place < len(policy.rules)
                    else "after the last rule"
                    if place
                    else "as the first rule"
                )
                return cls(
                    kind=EditKind.INSERT_RULE,
                    text=f"add to policy {policy.name}, {where}: {_said(snapshot, policy, rule)}",
                    policy_id=policy.id,
                    policy=policy.name,
                    index=place,
                    rule=RuleProposed.from_model(rule),
                )
            case Remove(policy, place):
                said = _said(snapshot, policy, policy.rules[place])
                return cls(
                    kind=EditKind.REMOVE_RULE,
                    text=f"remove rule {place + 1} of policy {policy.name}: {said}",
                    policy_id=policy.id,
                    policy=policy.name,
                    index=place,
                )
            case Create(policy):
                group = None if policy.target is None else snapshot.groups[policy.target].name
                whom = "every endpoint of the project" if group is None else f"group {group}"
                return cls(
                    kind=EditKind.CREATE_POLICY,
                    text=f"make a policy for {whom}: {_said(snapshot, policy, policy.rules[0])}",
                    policy=policy.name,
                    index=0,
                    rule=RuleProposed.from_model(policy.rules[0]),
                    group_id=policy.target,
                )
            case Join(group_joined, port):
                return cls(
                    kind=EditKind.JOIN_GROUP,
                    text=f"add {port.name} to group {group_joined.name}",
                    group_id=group_joined.id,
                    port_id=port.id,
                )


class RemedyShown(Shown):
    """Edits that together turn the verdict. `opened` and `closed` count pairs of addresses, these two too."""

    text: str
    opened: int
    closed: int
    edits: list[EditShown]

    @classmethod
    def from_model(cls, snapshot: Snapshot, remedy: Remedy) -> "RemedyShown":
        """The remedy as it is shown."""
        edits = [EditShown.from_model(snapshot, edit) for edit in remedy.edits]
        return cls(
            text=", and ".join(edit.text for edit in edits),
            opened=remedy.opened,
            closed=remedy.closed,
            edits=edits,
        )


def _said(snapshot: Snapshot, policy: Policy, rule: Rule) -> str:
    """The rule in words, whether the policy has it or not."""
    alone = Policy(
        id=policy.id, project_id=policy.project_id, name=policy.name, target=policy.target, rules=(rule,)
    )
    return rule_text(snapshot, next(policy_lines(snapshot, alone)))
