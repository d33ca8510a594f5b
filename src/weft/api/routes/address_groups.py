"""/address-groups: prefixes that rules name together."""

from typing import Annotated

from fastapi import APIRouter, Depends

from weft.api import references
from weft.api.context import Asking, Reading, Writing
from weft.api.pages import Paging, page
from weft.api.schemas.base import Page
from weft.api.schemas.group import AddressGroupCreate, AddressGroupPatch, AddressGroupShown
from weft.model.policy import AddressGroup
from weft.store import Kind, policies

router = APIRouter(prefix="/address-groups", tags=["address groups"])


@router.get("")
def list_address_groups(
    asking: Reading, paging: Annotated[Paging, Depends()], project: str | None = None
) -> Page[AddressGroupShown]:
    """The address groups of a project, or all that the caller may see."""
    view = asking.api.view()
    owner = references.asked_project(view.snapshot, asking.caller, project)
    found = (g for g in view.snapshot.address_groups.values() if owner in (None, g.project_id))
    items, following = page(found, paging)
    shown = [AddressGroupShown.from_model(view, group) for group in items]
    return Page(items=shown, next_cursor=following)


@router.post("", status_code=201)
def create_address_group(asking: Writing, body: AddressGroupCreate) -> AddressGroupShown:
    """Make an address group."""
    with asking.write() as tx:
        made = policies.add_address_group(
            tx,
            project_id=references.project(tx.snapshot, asking.caller, body.project).id,
            name=body.name,
            description=body.description,
            cidrs=tuple(body.cidrs),
        )
    return _shown(asking, made)


@router.get("/{reference}")
def read_address_group(asking: Reading, reference: str, project: str | None = None) -> AddressGroupShown:
    """One address group, by id, or by name within a project."""
    snapshot = asking.store.snapshot()
    found = references.visible(snapshot, asking.caller, AddressGroup, reference, project)
    return _shown(asking, found)


@router.patch("/{reference}")
def change_address_group(
    asking: Writing, reference: str, body: AddressGroupPatch, project: str | None = None
) -> AddressGroupShown:
    """Change an address group."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, AddressGroup, reference, project)
        asking.check_version(Kind.ADDRESS_GROUPS, found.id)
        after = policies.change_address_group(tx, found.id, **body.to_model())
    return _shown(asking, after)


@router.delete("/{reference}", status_code=204)
def remove_address_group(asking: Writing, reference: str, project: str | None = None) -> None:
    """Remove an address group that no rule names."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, AddressGroup, reference, project)
        asking.check_version(Kind.ADDRESS_GROUPS, found.id)
        policies.remove_address_group(tx, found.id)


def _shown(asking: Asking, group: AddressGroup) -> AddressGroupShown:
    shown = AddressGroupShown.from_model(asking.api.view(), group)
    asking.tag(shown.revision)
    return shown
