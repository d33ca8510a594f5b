"""/invariants: what must hold whatever the policies say, and whether it does."""

from typing import Annotated

from fastapi import APIRouter, Depends

from weft.api import references
from weft.api.context import Asking, Reading, Writing
from weft.api.pages import Paging, page
from weft.api.reachability import breach_shown
from weft.api.schemas.base import Page
from weft.api.schemas.description import EndDescribed
from weft.api.schemas.invariant import InvariantCreate, InvariantPatch, InvariantShown
from weft.api.view import View
from weft.model.ids import ProjectId
from weft.model.invariant import Invariant
from weft.model.network import Network
from weft.model.policy import Group, Peer
from weft.store import Kind, Transaction, invariants
from weft.store.invariants import NewInvariant

router = APIRouter(prefix="/invariants", tags=["invariants"])


@router.get("")
def list_invariants(
    asking: Reading, paging: Annotated[Paging, Depends()], project: str | None = None
) -> Page[InvariantShown]:
    """The invariants of a project, or all that the caller may see, each with whether it holds."""
    view = asking.api.view()
    owner = references.asked_project(view.snapshot, asking.caller, project)
    found = (one for one in view.snapshot.invariants.values() if owner in (None, one.project_id))
    items, following = page(found, paging)
    return Page(items=[_told(asking, view, one) for one in items], next_cursor=following)


@router.post("", status_code=201)
def create_invariant(asking: Writing, body: InvariantCreate) -> InvariantShown:
    """Make an invariant. One that does not hold is refused with a packet that shows it."""
    with asking.write() as tx:
        owner = references.project(tx.snapshot, asking.caller, body.project).id
        new = NewInvariant(
            project_id=owner,
            name=body.name,
            description=body.description,
            promise=body.promise,
            source=_end(tx, owner, body.source, "source"),
            destination=_end(tx, owner, body.destination, "destination"),
            service=body.service.to_model(),
        )
        made = invariants.add_invariant(tx, new)
    return _shown(asking, made)


@router.get("/{reference}")
def read_invariant(asking: Reading, reference: str, project: str | None = None) -> InvariantShown:
    """One invariant, by id, or by name within a project."""
    snapshot = asking.store.snapshot()
    return _shown(asking, references.visible(snapshot, asking.caller, Invariant, reference, project))


@router.patch("/{reference}")
def change_invariant(
    asking: Writing, reference: str, body: InvariantPatch, project: str | None = None
) -> InvariantShown:
    """Change an invariant; one that would not hold is refused."""
    changes = body.sent()
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Invariant, reference, project)
        asking.check_version(Kind.INVARIANTS, found.id)
        for name in ("source", "destination"):
            if name in changes:
                changes[name] = _end(tx, found.project_id, getattr(body, name), name)
        if "service" in changes:
            changes["service"] = body.service.to_model()
        after = invariants.change_invariant(tx, found.id, **changes)
    return _shown(asking, after)


@router.delete("/{reference}", status_code=204)
def remove_invariant(asking: Writing, reference: str, project: str | None = None) -> None:
    """Remove an invariant: nothing is promised any more."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Invariant, reference, project)
        asking.check_version(Kind.INVARIANTS, found.id)
        invariants.remove_invariant(tx, found.id)


def _end(tx: Transaction, owner: ProjectId, asked: EndDescribed, field: str) -> Peer:
    group, network = asked.group, asked.network
    return Peer(
        group_id=None
        if group is None
        else references.owned(tx, Group, owner, group, field=f"{field}.group").id,
        network_id=None
        if network is None
        else references.owned(tx, Network, owner, network, field=f"{field}.network").id,
        zone=asked.zone,
    )


def _told(asking: Asking, view: View, invariant: Invariant) -> InvariantShown:
    breach = asking.api.planner.broken(view.snapshot).get(invariant.id)
    told = None if breach is None else breach_shown(view.snapshot, view.snapshot, breach)
    return InvariantShown.from_model(view, invariant, told)


def _shown(asking: Asking, invariant: Invariant) -> InvariantShown:
    shown = _told(asking, asking.api.view(), invariant)
    asking.tag(shown.revision)
    return shown
