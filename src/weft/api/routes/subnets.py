"""/subnets: prefixes on networks."""

from typing import Annotated

from fastapi import APIRouter, Depends

from weft.api import references
from weft.api.context import Asking, Reading, Writing
from weft.api.pages import Paging, page
from weft.api.schemas.base import Page
from weft.api.schemas.network import SubnetCreate, SubnetPatch, SubnetShown
from weft.model.network import Network, Subnet
from weft.store import Kind, networks

router = APIRouter(prefix="/subnets", tags=["subnets"])


@router.get("")
def list_subnets(
    asking: Reading,
    paging: Annotated[Paging, Depends()],
    project: str | None = None,
    network: str | None = None,
) -> Page[SubnetShown]:
    """The subnets of a network or project, or all that the caller may see."""
    view = asking.api.view()
    owner = references.asked_project(view.snapshot, asking.caller, project)
    on = None
    if network is not None:
        on = references.visible(view.snapshot, asking.caller, Network, network, project).id
    found = (
        s
        for s in view.snapshot.subnets.values()
        if owner in (None, s.project_id) and on in (None, s.network_id)
    )
    items, following = page(found, paging)
    shown = [SubnetShown.from_model(view, subnet) for subnet in items]
    return Page(items=shown, next_cursor=following)


@router.post("", status_code=201)
def create_subnet(asking: Writing, body: SubnetCreate) -> SubnetShown:
    """Make a subnet on a network."""
    new = body.to_model()
    with asking.write() as tx:
        network = references.referred(tx, asking.caller, Network, body.network, body.project, field="network")
        made = networks.add_subnet(tx, network.id, new)
    return _shown(asking, made)


@router.get("/{reference}")
def read_subnet(asking: Reading, reference: str, project: str | None = None) -> SubnetShown:
    """One subnet, by id, or by name within a project."""
    snapshot = asking.store.snapshot()
    found = references.visible(snapshot, asking.caller, Subnet, reference, project)
    return _shown(asking, found)


@router.patch("/{reference}")
def change_subnet(
    asking: Writing, reference: str, body: SubnetPatch, project: str | None = None
) -> SubnetShown:
    """Change a subnet."""
    changes = body.to_model()
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Subnet, reference, project)
        asking.check_version(Kind.SUBNETS, found.id)
        after = networks.change_subnet(tx, found.id, **changes)
    return _shown(asking, after)


@router.delete("/{reference}", status_code=204)
def remove_subnet(asking: Writing, reference: str, project: str | None = None) -> None:
    """Remove a subnet that no port has an address of."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Subnet, reference, project)
        asking.check_version(Kind.SUBNETS, found.id)
        networks.remove_subnet(tx, found.id)


def _shown(asking: Asking, subnet: Subnet) -> SubnetShown:
    shown = SubnetShown.from_model(asking.api.view(), subnet)
    asking.tag(shown.revision)
    return shown
