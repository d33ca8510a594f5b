"""/policies: ordered rules. Those of the tier `admin` bind projects and are administrators' to change."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from weft.api import references
from weft.api.auth import require_admin
from weft.api.context import Asking, Reading, Writing
from weft.api.pages import Paging, page
from weft.api.rules import Target, rule_of, rules_of, target_of
from weft.api.schemas.base import Page
from weft.api.schemas.policy import PolicyCreate, PolicyPatch, PolicyShown, RuleInsert
from weft.model.ids import RuleId
from weft.model.policy import Policy, Tier
from weft.store import Kind, Transaction, policies
from weft.store.policies import NewPolicy

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
                mode=body.mode,
                rules=rules_of(tx, owner, body.rules),
                **target_of(tx, owner, body),
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
        if changes.keys() & Target.__annotations__.keys():
            changes.update(target_of(tx, found.project_id, body))
        if "rules" in changes:
            changes["rules"] = rules_of(tx, found.project_id, body.rules)
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
        rule = rule_of(tx, found.project_id, body.rule, "rule")
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


def _shown(asking: Asking, policy: Policy) -> PolicyShown:
    shown = PolicyShown.from_model(asking.api.view(), policy)
    asking.tag(shown.revision)
    return shown
