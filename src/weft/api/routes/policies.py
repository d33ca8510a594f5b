"""/policies: ordered rules. Those of the tier `admin` bind projects and are administrators' to change."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from weft.api import references
from weft.api.auth import require_admin
from weft.api.context import Asking, Reading, Writing
from weft.api.pages import Paging, page
from weft.api.schemas.base import Page
from weft.api.schemas.policy import (
    PeerIn,
    PolicyCreate,
    PolicyPatch,
    PolicyShown,
    RuleIn,
    RuleInsert,
)
from weft.model.errors import Invalid, WeftError
from weft.model.ids import GroupId, ProjectId, RuleId
from weft.model.network import Network
from weft.model.policy import AddressGroup, Group, Peer, Policy, Tier
from weft.store import Kind, Transaction, policies
from weft.store.policies import NewPolicy, NewRule

router = APIRouter(prefix="/policies", tags=["policies"])


@router.get("")
def list_policies(
    asking: Reading, paging: Annotated[Paging, Depends()], project: str | None = None
) -> Page[PolicyShown]:
    """The policies of a project, or all that the caller may see."""
    view = asking.api.view()
    owner = references.asked_project(view.snapshot, asking.caller, project)
    found = (p for p in view.snapshot.policies.values() if owner in (None, p.project_id))
    items, following = page(found, paging)
    return Page(items=[PolicyShown.from_model(view, p) for p in items], next_cursor=following)


@router.post("", status_code=201)
def create_policy(asking: Writing, body: PolicyCreate) -> PolicyShown:
    """Make a policy with its rules."""
    _check_tier(asking, body.tier)
    with asking.write() as tx:
        owner = references.project(tx.snapshot, asking.caller, body.project).id
        made = policies.add_policy(
            tx,
            NewPolicy(
                project_id=owner,
                name=body.name,
                description=body.description,
                tier=body.tier,
                order=body.order,
                target=_target(tx, owner, body.target),
                rules=_rules(tx, owner, body.rules),
            ),
        )
    return _shown(asking, made)


@router.get("/{reference}")
def read_policy(asking: Reading, reference: str, project: str | None = None) -> PolicyShown:
    """One policy, by id, or by name within a project."""
    snapshot = asking.store.snapshot()
    return _shown(asking, references.visible(snapshot, asking.caller, Policy, reference, project))


@router.patch("/{reference}")
def change_policy(
    asking: Writing, reference: str, body: PolicyPatch, project: str | None = None
) -> PolicyShown:
    """Change a policy; `rules` replaces the list, and rules with a known id stay themselves."""
    changes = body.sent()
    with asking.write() as tx:
        found = _changeable(asking, tx, reference, project)
        if "tier" in changes:
            _check_tier(asking, body.tier)
        if "target" in changes:
            changes["target"] = _target(tx, found.project_id, body.target)
        if "rules" in changes:
            changes["rules"] = _rules(tx, found.project_id, body.rules)
        after = policies.change_policy(tx, found.id, **changes)
    return _shown(asking, after)


@router.delete("/{reference}", status_code=204)
def remove_policy(asking: Writing, reference: str, project: str | None = None) -> None:
    """Remove a policy and its rules."""
    with asking.write() as tx:
        policies.remove_policy(tx, _changeable(asking, tx, reference, project).id)


@router.post("/{reference}/rules", status_code=201)
def insert_rule(asking: Writing, reference: str, body: RuleInsert, project: str | None = None) -> PolicyShown:
    """Put a rule before the one at `index`, or last; the policy afterwards."""
    with asking.write() as tx:
        found = _changeable(asking, tx, reference, project)
        rule = _rule(tx, found.project_id, body.rule, "rule")
        after, _ = policies.insert_rule(tx, found.id, rule, body.index)
    return _shown(asking, after)


@router.delete("/{reference}/rules/{rule_id}", status_code=204)
def remove_rule(asking: Writing, reference: str, rule_id: UUID, project: str | None = None) -> None:
    """Take a rule out of a policy."""
    with asking.write() as tx:
        found = _changeable(asking, tx, reference, project)
        policies.remove_rule(tx, found.id, RuleId(rule_id))


def _changeable(asking: Asking, tx: Transaction, reference: str, within: str | None) -> Policy:
    found = references.visible(tx.snapshot, asking.caller, Policy, reference, within)
    asking.check_version(Kind.POLICIES, found.id)
    _check_tier(asking, found.tier)
    return found


def _check_tier(asking: Asking, tier: Tier) -> None:
    if tier is Tier.ADMIN:
        require_admin(asking.caller)


def _target(tx: Transaction, owner: ProjectId, reference: str | None) -> GroupId | None:
    if reference is None:
        return None
    return references.owned(tx, Group, owner, reference, field="target").id


def _rules(tx: Transaction, owner: ProjectId, asked: Iterable[RuleIn]) -> tuple[NewRule, ...]:
    return tuple(_rule(tx, owner, rule, f"rules.{number}") for number, rule in enumerate(asked))


def _rule(tx: Transaction, owner: ProjectId, asked: RuleIn, place: str) -> NewRule:
    try:
        peer = _peer(tx, owner, asked.peer)
    except WeftError as error:
        error.field = f"{place}.{error.field}"
        raise
    try:
        service = asked.service.to_model()
    except Invalid as error:
        error.field = f"{place}.service.{error.field}"
        raise
    return NewRule(
        id=None if asked.id is None else RuleId(asked.id),
        direction=asked.direction,
        action=asked.action,
        peer=peer,
        service=service,
        stateful=asked.stateful,
        log=asked.log,
        count=asked.count,
        description=asked.description,
        expires=asked.expires,
    )


def _peer(tx: Transaction, owner: ProjectId, asked: PeerIn) -> Peer:
    group, network, addresses = asked.group, asked.network, asked.address_group
    return Peer(
        group_id=None if group is None else references.owned(tx, Group, owner, group, field="peer.group").id,
        network_id=None
        if network is None
        else references.owned(tx, Network, owner, network, field="peer.network").id,
        zone=asked.zone,
        address_group_id=None
        if addresses is None
        else references.owned(tx, AddressGroup, owner, addresses, field="peer.address_group").id,
        cidr=asked.cidr,
    )


def _shown(asking: Asking, policy: Policy) -> PolicyShown:
    shown = PolicyShown.from_model(asking.api.view(), policy)
    asking.tag(shown.revision)
    return shown
