"""/routers: which networks reach each other."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends

from weft.api import references, ways_out
from weft.api.context import Asking, Reading, Writing
from weft.api.pages import Paging, page
from weft.api.schemas.base import Page
from weft.api.schemas.router import GatewayIn, RouterCreate, RouterPatch, RouterShown
from weft.model.ids import NetworkId, ProjectId
from weft.model.network import Network
from weft.model.router import Router
from weft.store import Kind, Transaction, gateways, routers

router = APIRouter(prefix="/routers", tags=["routers"])


@router.get("")
def list_routers(
    asking: Reading, paging: Annotated[Paging, Depends()], project: str | None = None
) -> Page[RouterShown]:
    """The routers of a project, or all that the caller may see."""
    view = asking.api.view()
    owner = references.asked_project(view.snapshot, asking.caller, project)
    found = (r for r in view.snapshot.routers.values() if owner in (None, r.project_id))
    items, following = page(found, paging)
    return Page(items=[RouterShown.from_model(view, one) for one in items], next_cursor=following)


@router.post("", status_code=201)
def create_router(asking: Writing, body: RouterCreate) -> RouterShown:
    """Make a router, join networks to it, and lead it out."""
    with asking.write() as tx:
        owner = references.project(tx.snapshot, asking.caller, body.project).id
        made = routers.add_router(tx, body.to_model(owner, _networks(tx, owner, body.networks)))
        if body.gateway is not None:
            made = ways_out.lead_out(tx, asking.caller, made, body.gateway)
    return _shown(asking, made)


@router.get("/{reference}")
def read_router(asking: Reading, reference: str, project: str | None = None) -> RouterShown:
    """One router, by id, or by name within a project."""
    snapshot = asking.store.snapshot()
    return _shown(asking, references.visible(snapshot, asking.caller, Router, reference, project))


@router.patch("/{reference}")
def change_router(
    asking: Writing, reference: str, body: RouterPatch, project: str | None = None
) -> RouterShown:
    """Change a router."""
    changes = body.sent()
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Router, reference, project)
        asking.check_version(Kind.ROUTERS, found.id)
        if "networks" in changes:
            changes["networks"] = _networks(tx, found.project_id, body.networks)
        if "routes" in changes:
            changes["routes"] = tuple(route.to_model() for route in body.routes)
        after = routers.change_router(tx, found.id, **changes)
    return _shown(asking, after)


@router.put("/{reference}/networks/{network}")
def attach_network(asking: Writing, reference: str, network: str, project: str | None = None) -> RouterShown:
    """Join a network to the router. Idempotent."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Router, reference, project)
        joined = references.owned(tx, Network, found.project_id, network, field="network")
        after = routers.attach_network(tx, found.id, joined.id)
    return _shown(asking, after)


@router.delete("/{reference}/networks/{network}")
def detach_network(asking: Writing, reference: str, network: str, project: str | None = None) -> RouterShown:
    """Take a network off the router. Idempotent."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Router, reference, project)
        left = references.owned(tx, Network, found.project_id, network, field="network")
        after = routers.detach_network(tx, found.id, left.id)
    return _shown(asking, after)


@router.put("/{reference}/gateway")
def set_gateway(asking: Writing, reference: str, body: GatewayIn, project: str | None = None) -> RouterShown:
    """Lead the router out by an external network, of whichever project. Idempotent."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Router, reference, project)
        after = ways_out.lead_out(tx, asking.caller, found, body)
    return _shown(asking, after)


@router.delete("/{reference}/gateway")
def clear_gateway(asking: Writing, reference: str, project: str | None = None) -> RouterShown:
    """Take the router's way out away. Idempotent."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Router, reference, project)
        after = gateways.clear_gateway(tx, found.id)
    return _shown(asking, after)


@router.delete("/{reference}", status_code=204)
def remove_router(asking: Writing, reference: str, project: str | None = None) -> None:
    """Remove a router that joins nothing any more."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Router, reference, project)
        asking.check_version(Kind.ROUTERS, found.id)
        routers.remove_router(tx, found.id)


def _networks(tx: Transaction, owner: ProjectId, wanted: Iterable[str]) -> frozenset[NetworkId]:
    return frozenset(references.owned(tx, Network, owner, one, field="networks").id for one in wanted)


def _shown(asking: Asking, found: Router) -> RouterShown:
    shown = RouterShown.from_model(asking.api.view(), found)
    asking.tag(shown.revision)
    return shown
