"""Groups, address groups, policies with their rules, and QoS policies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

from weft.model.errors import Invalid, NotFound
from weft.model.ids import (
    AddressGroupId,
    GroupId,
    NetworkId,
    PolicyId,
    PortId,
    ProjectId,
    QosPolicyId,
    RuleId,
)
from weft.model.network import Prefix
from weft.model.policy import (
    Action,
    AddressGroup,
    Direction,
    Group,
    Mode,
    Peer,
    Policy,
    QosPolicy,
    RateLimit,
    Rule,
    Service,
    Tier,
)
from weft.model.selector import Selector
from weft.store.change import Kind
from weft.store.lookup import check_name, refuse_in_use, require, require_within, revised
from weft.store.ranks import rerank
from weft.store.transaction import Transaction

_POLICY_CHANGES = (
    *("name", "description", "tier", "order", "mode", "rules"),
    *("target", "target_network", "target_zone"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRule:
    """A rule as asked for. An `id` that the policy already has keeps that rule and its rank."""

    direction: Direction
    action: Action
    id: RuleId | None = None
    peer: Peer = field(default_factory=Peer)
    service: Service = field(default_factory=Service)
    stateful: bool = True
    log: bool = False
    count: bool = False
    description: str = ""
    expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPolicy:
    """A policy as asked for, with its rules in order."""

    project_id: ProjectId
    name: str
    description: str = ""
    tier: Tier = Tier.PROJECT
    order: int = 1000
    target: GroupId | None = None
    target_network: NetworkId | None = None
    target_zone: str | None = None
    mode: Mode = Mode.ENFORCED
    rules: tuple[NewRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewQosPolicy:
    """A QoS policy as asked for."""

    project_id: ProjectId
    name: str
    description: str = ""
    egress: RateLimit | None = None
    ingress: RateLimit | None = None
    dscp: int | None = None
    id: QosPolicyId | None = None


def add_group(  # noqa: PLR0913 - what a group is made of
    tx: Transaction,
    *,
    project_id: ProjectId,
    name: str,
    description: str = "",
    selector: Selector | None = None,
    members: frozenset[PortId] = frozenset(),
    id: GroupId | None = None,  # noqa: A002
) -> Group:
    """A new group; members must be ports of its project. Raises NotFound, NameTaken."""
    _check_new(tx, Kind.GROUPS, project_id, name)
    group = Group(
        id=id or GroupId(tx.new_id()),
        project_id=project_id,
        name=name,
        description=description,
        selector=selector,
        members=members,
    )
    _check_members(tx, group, members)
    tx.put(group)
    return group


def change_group(tx: Transaction, group_id: GroupId, **changes: object) -> Group:
    """Change `name`, `description`, `selector` or `members`."""
    group = require(tx.snapshot.groups, group_id, "group")
    after = revised(group, changes, ("name", "description", "selector", "members"))
    if after.name != group.name:
        check_name(tx, Kind.GROUPS, group.project_id, after.name)
    _check_members(tx, after, after.members - group.members)
    tx.put(after)
    return after


def remove_group(tx: Transaction, group_id: GroupId) -> None:
    """Remove a group that no policy names. Raises NotFound, StillInUse."""
    group = require(tx.snapshot.groups, group_id, "group")
    users = [
        f"policy {p.name}"
        for p in tx.snapshot.policies.values()
        if p.target == group_id or any(r.peer.group_id == group_id for r in p.rules)
    ]
    users += [
        f"invariant {one.name}"
        for one in tx.snapshot.invariants.values()
        if group_id in (one.source.group_id, one.destination.group_id)
    ]
    refuse_in_use(f"group {group.name}", users, "change these first")
    tx.remove(group)


def add_address_group(
    tx: Transaction,
    *,
    project_id: ProjectId,
    name: str,
    description: str = "",
    cidrs: tuple[Prefix, ...] = (),
    id: AddressGroupId | None = None,  # noqa: A002
) -> AddressGroup:
    """A new address group. Raises NotFound, NameTaken."""
    _check_new(tx, Kind.ADDRESS_GROUPS, project_id, name)
    group = AddressGroup(
        id=id or AddressGroupId(tx.new_id()),
        project_id=project_id,
        name=name,
        description=description,
        cidrs=cidrs,
    )
    tx.put(group)
    return group


def change_address_group(
    tx: Transaction, address_group_id: AddressGroupId, **changes: object
) -> AddressGroup:
    """Change `name`, `description` or `cidrs`."""
    group = require(tx.snapshot.address_groups, address_group_id, "address group")
    after = revised(group, changes, ("name", "description", "cidrs"))
    if after.name != group.name:
        check_name(tx, Kind.ADDRESS_GROUPS, group.project_id, after.name)
    tx.put(after)
    return after


def remove_address_group(tx: Transaction, address_group_id: AddressGroupId) -> None:
    """Remove an address group that no rule names. Raises NotFound, StillInUse."""
    group = require(tx.snapshot.address_groups, address_group_id, "address group")
    users = [
        f"policy {p.name}"
        for p in tx.snapshot.policies.values()
        if any(r.peer.address_group_id == address_group_id for r in p.rules)
    ]
    refuse_in_use(f"address group {group.name}", users, "change these first")
    tx.remove(group)


def add_policy(tx: Transaction, new: NewPolicy) -> Policy:
    """A new policy with its rules ranked. Raises NotFound, NameTaken, Invalid."""
    _check_new(tx, Kind.POLICIES, new.project_id, new.name)
    policy = Policy(
        id=PolicyId(tx.new_id()),
        project_id=new.project_id,
        name=new.name,
        description=new.description,
        tier=new.tier,
        order=new.order,
        target=new.target,
        target_network=new.target_network,
        target_zone=new.target_zone,
        mode=new.mode,
        rules=_rules(tx, new.rules, {}),
    )
    return _put_policy(tx, policy)


def change_policy(tx: Transaction, policy_id: PolicyId, **changes: object) -> Policy:
    """Change any field but `id` and `project_id`; `rules` are NewRules.

    Raises NotFound, NameTaken, Invalid.
    """
    policy = require(tx.snapshot.policies, policy_id, "policy")
    if "rules" in changes:
        known = {rule.id: rule for rule in policy.rules}
        asked = cast("Sequence[NewRule]", changes["rules"])
        changes["rules"] = _rules(tx, asked, known)
    after = revised(policy, changes, _POLICY_CHANGES)
    if after.name != policy.name:
        check_name(tx, Kind.POLICIES, policy.project_id, after.name)
    return _put_policy(tx, after)


def put_policy(tx: Transaction, policy_id: PolicyId, new: NewPolicy) -> Policy:
    """The policy that somebody else declares, with the ids that it and its rules have there. Idempotent.

    A rule keeps its rank while it is there. Raises NotFound, NameTaken, Invalid.
    """
    before = tx.snapshot.policies.get(policy_id)
    if before is None or before.name != new.name:
        _check_new(tx, Kind.POLICIES, new.project_id, new.name)
    ranks: dict[RuleId, int] = {} if before is None else {rule.id: rule.rank for rule in before.rules}
    rules = tuple(
        replace(_rule(tx, replace(rule, id=None), {}), id=rule.id, rank=ranks.get(rule.id, 0))
        for rule in new.rules
        if rule.id is not None
    )
    policy = Policy(
        id=policy_id,
        project_id=new.project_id,
        name=new.name,
        description=new.description,
        tier=new.tier,
        order=new.order,
        target=new.target,
        target_network=new.target_network,
        target_zone=new.target_zone,
        mode=new.mode,
        rules=rules,
    )
    return _put_policy(tx, policy)


def insert_rule(
    tx: Transaction, policy_id: PolicyId, new: NewRule, index: int | None = None
) -> tuple[Policy, Rule]:
    """Put a rule before the one at `index` (None: last)."""
    policy = require(tx.snapshot.policies, policy_id, "policy")
    place = len(policy.rules) if index is None else index
    if not 0 <= place <= len(policy.rules):
        raise Invalid(
            f"policy {policy.name} has {len(policy.rules)} rules: index {index} is not "
            f"between 0 and {len(policy.rules)}",
            field="index",
        )
    rule = _rule(tx, replace(new, id=None), {})
    rules = (*policy.rules[:place], rule, *policy.rules[place:])
    after = _put_policy(tx, replace(policy, rules=rules), field=f"rules.{place}")
    return after, after.rules[place]


def remove_rule(tx: Transaction, policy_id: PolicyId, rule_id: RuleId) -> Policy:
    """Take a rule out of a policy. Raises NotFound."""
    policy = require(tx.snapshot.policies, policy_id, "policy")
    rules = tuple(rule for rule in policy.rules if rule.id != rule_id)
    if len(rules) == len(policy.rules):
        raise NotFound("rule", rule_id)
    return _put_policy(tx, replace(policy, rules=rules))


def end_expired(tx: Transaction) -> list[Rule]:
    """Take the rules that have expired out of their policies; which they were. Idempotent."""
    ended: list[Rule] = []
    for policy in list(tx.snapshot.policies.values()):
        over = [rule for rule in policy.rules if rule.is_over(tx.now)]
        if over:
            ended += over
            _put_policy(tx, replace(policy, rules=tuple(r for r in policy.rules if not r.is_over(tx.now))))
    return ended


def remove_policy(tx: Transaction, policy_id: PolicyId) -> None:
    """Remove a policy and its rules. Raises NotFound."""
    tx.remove(require(tx.snapshot.policies, policy_id, "policy"))


def add_qos_policy(tx: Transaction, new: NewQosPolicy) -> QosPolicy:
    """A new QoS policy. Raises NotFound, NameTaken."""
    _check_new(tx, Kind.QOS_POLICIES, new.project_id, new.name)
    policy = QosPolicy(
        id=new.id or QosPolicyId(tx.new_id()),
        project_id=new.project_id,
        name=new.name,
        description=new.description,
        egress=new.egress,
        ingress=new.ingress,
        dscp=new.dscp,
    )
    tx.put(policy)
    return policy


def change_qos_policy(tx: Transaction, qos_policy_id: QosPolicyId, **changes: object) -> QosPolicy:
    """Change `name`, `description`, `egress`, `ingress` or `dscp`."""
    policy = require(tx.snapshot.qos_policies, qos_policy_id, "QoS policy")
    after = revised(policy, changes, ("name", "description", "egress", "ingress", "dscp"))
    if after.name != policy.name:
        check_name(tx, Kind.QOS_POLICIES, policy.project_id, after.name)
    tx.put(after)
    return after


def remove_qos_policy(tx: Transaction, qos_policy_id: QosPolicyId) -> None:
    """Remove a QoS policy that no network or port uses. Raises NotFound, StillInUse."""
    policy = require(tx.snapshot.qos_policies, qos_policy_id, "QoS policy")
    users = [f"network {n.name}" for n in tx.snapshot.networks.values() if n.qos_policy_id == qos_policy_id]
    users += [f"port {p.name}" for p in tx.snapshot.ports.values() if p.qos_policy_id == qos_policy_id]
    refuse_in_use(f"QoS policy {policy.name}", users, "change these first")
    tx.remove(policy)


def _check_new(tx: Transaction, kind: Kind, project: ProjectId, name: str) -> None:
    require(tx.snapshot.projects, project, "project", field="project")
    check_name(tx, kind, project, name)


def _check_members(tx: Transaction, group: Group, members: frozenset[PortId]) -> None:
    for member in members:
        require_within(tx.snapshot.ports, member, "port", group.project_id, field="members")


def _rules(tx: Transaction, asked: Sequence[NewRule], known: Mapping[RuleId, Rule]) -> tuple[Rule, ...]:
    rules = tuple(_rule(tx, new, known, f"rules.{place}") for place, new in enumerate(asked))
    if len({rule.id for rule in rules}) < len(rules):
        raise Invalid("two rules have the same id; leave it out of new rules", field="rules")
    return rules


def _rule(tx: Transaction, new: NewRule, known: Mapping[RuleId, Rule], place: str = "rule") -> Rule:
    if new.expires is not None and new.expires <= tx.now:
        raise Invalid(
            f"the rule would be over before it began: it expires at {new.expires:%Y-%m-%dT%H:%M:%SZ}, and it "
            f"is {tx.now:%Y-%m-%dT%H:%M:%SZ}; leave the rule out, or give it a later time or none",
            field=f"{place}.expires",
        )
    if new.id is not None and new.id not in known:
        raise NotFound("rule", new.id, field="rules")
    return Rule(
        id=RuleId(tx.new_id()) if new.id is None else new.id,
        direction=new.direction,
        action=new.action,
        peer=new.peer,
        service=new.service,
        stateful=new.stateful,
        log=new.log,
        count=new.count,
        description=new.description,
        rank=0 if new.id is None else known[new.id].rank,
        expires=new.expires,
    )


def _put_policy(tx: Transaction, policy: Policy, *, field: str = "rules") -> Policy:
    """Keep the policy, with its rules ranked among those of its project."""
    project = policy.project_id
    require_within(tx.snapshot.groups, policy.target, "group", project, field="target")
    require_within(tx.snapshot.networks, policy.target_network, "network", project, field="target_network")
    for rule in policy.rules:
        peer = rule.peer
        require_within(tx.snapshot.groups, peer.group_id, "group", project, field=field)
        require_within(tx.snapshot.networks, peer.network_id, "network", project, field=field)
        require_within(
            tx.snapshot.address_groups, peer.address_group_id, "address group", project, field=field
        )
    tx.put(policy)
    rerank(tx, project)
    return tx.snapshot.policies[policy.id]
