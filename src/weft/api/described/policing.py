"""Groups, address groups, policies, attach rules and invariants of a description, declared."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from uuid import UUID

from weft.api.auth import require_admin
from weft.api.described.scope import Scope, differing
from weft.api.rules import rules_of, target_of
from weft.api.schemas.description import (
    AddressGroupDescribed,
    AttachRuleDescribed,
    EndDescribed,
    GroupDescribed,
    InvariantDescribed,
    PolicyDescribed,
    ProjectDescribed,
)
from weft.api.schemas.policy import PeerIn
from weft.model.attach_rule import AttachRule
from weft.model.ids import RuleId
from weft.model.invariant import Invariant
from weft.model.network import Network
from weft.model.policy import AddressGroup, Group, Peer, Policy, Rule, Tier
from weft.model.port import Port
from weft.model.selector import Selector
from weft.store import attach_rules, invariants, policies
from weft.store.attach_rules import NewAttachRule
from weft.store.invariants import NewInvariant
from weft.store.policies import NewPolicy, NewRule

_NOBODY = RuleId(UUID(int=0))


def declare_policing(scope: Scope, project: ProjectDescribed) -> None:
    """All of it; networks and ports are there already."""
    for number, prefixes in enumerate(project.address_groups):
        with scope.at("address_groups", number):
            _address_group(scope, prefixes)
    for number, group in enumerate(project.groups):
        with scope.at("groups", number):
            _group(scope, group)
    for number, policy in enumerate(project.policies):
        with scope.at("policies", number):
            _policy(scope, policy)
    for number, rule in enumerate(project.attach_rules):
        with scope.at("attach_rules", number):
            _attach_rule(scope, rule)
    for number, invariant in enumerate(project.invariants):
        with scope.at("invariants", number):
            _invariant(scope, invariant)


def _address_group(scope: Scope, asked: AddressGroupDescribed) -> None:
    cidrs = tuple(asked.cidrs)
    known = scope.known(AddressGroup, asked.name)
    if known is None:
        policies.add_address_group(
            scope.tx,
            project_id=scope.project,
            name=asked.name,
            description=asked.description,
            cidrs=cidrs,
        )
    elif changes := differing(known, {"description": asked.description, "cidrs": cidrs}):
        policies.change_address_group(scope.tx, known.id, **changes)


def _group(scope: Scope, asked: GroupDescribed) -> None:
    selector = None if asked.selector is None else Selector(asked.selector)
    members = frozenset(
        scope.named(Port, name, f"members.{place}").id for place, name in enumerate(asked.members)
    )
    known = scope.known(Group, asked.name)
    if known is None:
        policies.add_group(
            scope.tx,
            project_id=scope.project,
            name=asked.name,
            description=asked.description,
            selector=selector,
            members=members,
        )
        return
    held = scope.tx.snapshot.ports
    members |= {port for port in known.members if held[port].declared is None}
    wanted = {"description": asked.description, "selector": selector, "members": members}
    if changes := differing(known, wanted):
        policies.change_group(scope.tx, known.id, **changes)


def _policy(scope: Scope, asked: PolicyDescribed) -> None:
    known = scope.known(Policy, asked.name)
    if Tier.ADMIN in (asked.tier, None if known is None else known.tier):
        require_admin(scope.who)
    target = target_of(scope.tx, scope.project, asked)
    rules = rules_of(scope.tx, scope.project, asked.rules)
    if known is None:
        new = NewPolicy(
            project_id=scope.project,
            name=asked.name,
            description=asked.description,
            tier=asked.tier,
            order=asked.order,
            mode=asked.mode,
            rules=rules,
            **target,
        )
        policies.add_policy(scope.tx, new)
        return
    wanted: dict[str, object] = {
        "description": asked.description,
        "tier": asked.tier,
        "order": asked.order,
        "mode": asked.mode,
        **target,
    }
    changes = differing(known, wanted)
    if [_said(rule) for rule in rules] != [_meaning(rule) for rule in known.rules]:
        changes["rules"] = _kept(known.rules, rules)
    if changes:
        policies.change_policy(scope.tx, known.id, **changes)


def _kept(known: Sequence[Rule], asked: Sequence[NewRule]) -> tuple[NewRule, ...]:
    """Rules that say what they said keep their ids, wherever they stand: first those that stay in order."""
    before, after = [_meaning(rule) for rule in known], [_said(rule) for rule in asked]
    found = list(asked)
    moved = dict(enumerate(before))
    for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        for step in range(block.size):
            found[block.b + step] = replace(asked[block.b + step], id=known[block.a + step].id)
            del moved[block.a + step]
    free: defaultdict[Rule, list[RuleId]] = defaultdict(list)
    for place in reversed(moved):
        free[before[place]].append(known[place].id)
    for place, rule in enumerate(found):
        if rule.id is None and free[after[place]]:
            found[place] = replace(rule, id=free[after[place]].pop())
    return tuple(found)


def _meaning(rule: Rule) -> Rule:
    return replace(rule, id=_NOBODY, rank=0)


def _said(rule: NewRule) -> Rule:
    return Rule(
        id=_NOBODY,
        direction=rule.direction,
        action=rule.action,
        peer=rule.peer,
        service=rule.service,
        stateful=rule.stateful,
        log=rule.log,
        count=rule.count,
        description=rule.description,
        expires=rule.expires,
    )


def _attach_rule(scope: Scope, asked: AttachRuleDescribed) -> None:
    selector, network = Selector(asked.selector), scope.named(Network, asked.network, "network")
    known = scope.known(AttachRule, asked.name)
    if known is None:
        new = NewAttachRule(
            project_id=scope.project,
            name=asked.name,
            selector=selector,
            network_id=network.id,
            order=asked.order,
            description=asked.description,
        )
        attach_rules.add_attach_rule(scope.tx, new)
        return
    wanted: dict[str, object] = {
        "description": asked.description,
        "selector": selector,
        "network_id": network.id,
        "order": asked.order,
    }
    if changes := differing(known, wanted):
        attach_rules.change_attach_rule(scope.tx, known.id, **changes)


def _invariant(scope: Scope, asked: InvariantDescribed) -> None:
    source, destination = _end(scope, asked.source, "source"), _end(scope, asked.destination, "destination")
    service = asked.service.to_model()
    known = scope.known(Invariant, asked.name)
    if known is None:
        new = NewInvariant(
            project_id=scope.project,
            name=asked.name,
            promise=asked.promise,
            description=asked.description,
            source=source,
            destination=destination,
            service=service,
        )
        invariants.add_invariant(scope.tx, new)
        return
    wanted: dict[str, object] = {
        "description": asked.description,
        "promise": asked.promise,
        "source": source,
        "destination": destination,
        "service": service,
    }
    if changes := differing(known, wanted):
        invariants.change_invariant(scope.tx, known.id, **changes)


def _end(scope: Scope, asked: EndDescribed, field: str) -> Peer:
    return scope.peer(PeerIn(group=asked.group, network=asked.network, zone=asked.zone), field)
