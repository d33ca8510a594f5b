"""/attach-rules: which network a container goes to that says nothing itself."""

from typing import Annotated

from fastapi import APIRouter, Depends

from weft.api import references
from weft.api.context import Asking, Hosting, Reading, Writing
from weft.api.pages import Paging, page
from weft.api.schemas.attach_rule import AttachRuleCreate, AttachRulePatch, AttachRuleShown, HostAttachRules
from weft.api.schemas.base import Page
from weft.model.attach_rule import AttachRule, in_order
from weft.model.errors import NotFound
from weft.model.ids import HostName
from weft.model.network import Network
from weft.model.selector import Selector
from weft.store import Kind, attach_rules

router = APIRouter(tags=["attach rules"])


@router.get("/attach-rules")
def list_attach_rules(
    asking: Reading, paging: Annotated[Paging, Depends()], project: str | None = None
) -> Page[AttachRuleShown]:
    """The attach rules of a project, or all that the caller may see."""
    view = asking.api.view()
    owner = references.asked_project(view.snapshot, asking.caller, project)
    found = (rule for rule in view.snapshot.attach_rules.values() if owner in (None, rule.project_id))
    items, following = page(found, paging)
    return Page(items=[AttachRuleShown.from_model(view, rule) for rule in items], next_cursor=following)


@router.post("/attach-rules", status_code=201)
def create_attach_rule(asking: Writing, body: AttachRuleCreate) -> AttachRuleShown:
    """Make an attach rule; it also applies to containers that run without a network by now."""
    with asking.write() as tx:
        owner = references.project(tx.snapshot, asking.caller, body.project).id
        network = references.owned(tx, Network, owner, body.network, field="network")
        made = attach_rules.add_attach_rule(tx, body.to_model(owner, network.id))
    return _shown(asking, made)


@router.get("/attach-rules/{reference}")
def read_attach_rule(asking: Reading, reference: str, project: str | None = None) -> AttachRuleShown:
    """One attach rule, by id, or by name within a project."""
    snapshot = asking.store.snapshot()
    return _shown(asking, references.visible(snapshot, asking.caller, AttachRule, reference, project))


@router.patch("/attach-rules/{reference}")
def change_attach_rule(
    asking: Writing, reference: str, body: AttachRulePatch, project: str | None = None
) -> AttachRuleShown:
    """Change an attach rule; who runs by it stays where it is until it starts again."""
    changes = body.sent()
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, AttachRule, reference, project)
        asking.check_version(Kind.ATTACH_RULES, found.id)
        if "selector" in changes:
            changes["selector"] = Selector(body.selector)
        if "network" in changes:
            del changes["network"]
            network = references.owned(tx, Network, found.project_id, body.network, field="network")
            changes["network_id"] = network.id
        after = attach_rules.change_attach_rule(tx, found.id, **changes)
    return _shown(asking, after)


@router.delete("/attach-rules/{reference}", status_code=204)
def remove_attach_rule(asking: Writing, reference: str, project: str | None = None) -> None:
    """Remove an attach rule; who runs by it stays where it is until it starts again."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, AttachRule, reference, project)
        asking.check_version(Kind.ATTACH_RULES, found.id)
        attach_rules.remove_attach_rule(tx, found.id)


@router.get("/hosts/{host}/attach-rules", tags=["agent"])
def list_host_attach_rules(asking: Hosting, host: str) -> HostAttachRules:
    """The attach rules that a host's agent asks, first to last: those of the projects that it serves."""
    view = asking.api.view()
    here = view.snapshot.hosts.get(HostName(host))
    if here is None:
        raise NotFound("host", host)
    found = [rule for rule in view.snapshot.attach_rules.values() if rule.project_id in here.projects]
    return HostAttachRules(
        revision=view.snapshot.revision,
        items=[AttachRuleShown.from_model(view, rule) for rule in in_order(found)],
    )


def _shown(asking: Asking, rule: AttachRule) -> AttachRuleShown:
    shown = AttachRuleShown.from_model(asking.api.view(), rule)
    asking.tag(shown.revision)
    return shown
