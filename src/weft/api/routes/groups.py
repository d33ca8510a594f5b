"""/groups: ports that a rule means, by their labels or listed by hand."""

from typing import Annotated

from fastapi import APIRouter, Depends

from weft.api import references
from weft.api.context import Asking, Reading, Writing
from weft.api.pages import Paging, page
from weft.api.schemas.base import Page
from weft.api.schemas.group import GroupCreate, GroupPatch, GroupShown
from weft.api.schemas.port import PortShown
from weft.model.ids import PortId, ProjectId
from weft.model.policy import Group
from weft.model.port import Port
from weft.model.selector import Selector
from weft.store import Kind, Transaction, policies

router = APIRouter(prefix="/groups", tags=["groups"])


@router.get("")
def list_groups(
    asking: Reading, paging: Annotated[Paging, Depends()], project: str | None = None
) -> Page[GroupShown]:
    """The groups of a project, or all that the caller may see."""
    view = asking.api.view()
    owner = references.asked_project(view.snapshot, asking.caller, project)
    found = (g for g in view.snapshot.groups.values() if owner in (None, g.project_id))
    items, following = page(found, paging)
    return Page(items=[GroupShown.from_model(view, g) for g in items], next_cursor=following)


@router.post("", status_code=201)
def create_group(asking: Writing, body: GroupCreate) -> GroupShown:
    """Make a group."""
    with asking.write() as tx:
        owner = references.project(tx.snapshot, asking.caller, body.project).id
        made = policies.add_group(
            tx,
            project_id=owner,
            name=body.name,
            description=body.description,
            selector=_selector(body.selector),
            members=_members(tx, owner, body.members),
        )
    return _shown(asking, made)


@router.get("/{reference}")
def read_group(asking: Reading, reference: str, project: str | None = None) -> GroupShown:
    """One group, by id, or by name within a project."""
    snapshot = asking.store.snapshot()
    return _shown(asking, references.visible(snapshot, asking.caller, Group, reference, project))


@router.get("/{reference}/ports")
def list_members(
    asking: Reading,
    reference: str,
    paging: Annotated[Paging, Depends()],
    project: str | None = None,
) -> Page[PortShown]:
    """The ports of a group."""
    view = asking.api.view()
    group = references.visible(view.snapshot, asking.caller, Group, reference, project)
    found = (view.snapshot.ports[port] for port in view.snapshot.members_of[group.id])
    items, following = page(found, paging)
    return Page(items=PortShown.all_from_model(view, items), next_cursor=following)


@router.patch("/{reference}")
def change_group(asking: Writing, reference: str, body: GroupPatch, project: str | None = None) -> GroupShown:
    """Change a group."""
    changes = body.sent()
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Group, reference, project)
        asking.check_version(Kind.GROUPS, found.id)
        if "selector" in changes:
            changes["selector"] = _selector(body.selector)
        if "members" in changes:
            changes["members"] = _members(tx, found.project_id, body.members)
        after = policies.change_group(tx, found.id, **changes)
    return _shown(asking, after)


@router.delete("/{reference}", status_code=204)
def remove_group(asking: Writing, reference: str, project: str | None = None) -> None:
    """Remove a group that no policy names."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Group, reference, project)
        asking.check_version(Kind.GROUPS, found.id)
        policies.remove_group(tx, found.id)


def _selector(text: str | None) -> Selector | None:
    return None if text is None else Selector(text)


def _members(tx: Transaction, owner: ProjectId, asked: list[str]) -> frozenset[PortId]:
    return frozenset(
        references.owned(tx, Port, owner, reference, field=f"members.{number}").id
        for number, reference in enumerate(asked)
    )


def _shown(asking: Asking, group: Group) -> GroupShown:
    shown = GroupShown.from_model(asking.api.view(), group)
    asking.tag(shown.revision)
    return shown
