"""/floating-ips: addresses outside under which single ports are known."""

from typing import Annotated

from fastapi import APIRouter, Depends

from weft.api import references
from weft.api.context import Asking, Reading, Writing
from weft.api.pages import Paging, page
from weft.api.schemas.base import Page
from weft.api.schemas.floating_ip import FloatingIPCreate, FloatingIPPatch, FloatingIPShown
from weft.model.floating_ip import FloatingIP
from weft.model.ids import PortId, ProjectId
from weft.model.port import Port
from weft.store import Kind, Transaction, floating_ips

router = APIRouter(prefix="/floating-ips", tags=["floating IPs"])


@router.get("")
def list_floating_ips(
    asking: Reading, paging: Annotated[Paging, Depends()], project: str | None = None
) -> Page[FloatingIPShown]:
    """The floating IPs of a project, or all that the caller may see."""
    view = asking.api.view()
    owner = references.asked_project(view.snapshot, asking.caller, project)
    found = (one for one in view.snapshot.floating_ips.values() if owner in (None, one.project_id))
    items, following = page(found, paging)
    return Page(items=[FloatingIPShown.from_model(view, one) for one in items], next_cursor=following)


@router.post("", status_code=201)
def create_floating_ip(asking: Writing, body: FloatingIPCreate) -> FloatingIPShown:
    """Take an address of an external network, of whichever project, and lead it to a port if one is named."""
    with asking.write() as tx:
        owner = references.project(tx.snapshot, asking.caller, body.project).id
        outside = references.external(tx, owner, body.network, field="network")
        new = body.to_model(owner, outside.id, _port(tx, owner, body.port))
        made = floating_ips.add_floating_ip(tx, new)
    return _shown(asking, made)


@router.get("/{reference}")
def read_floating_ip(asking: Reading, reference: str, project: str | None = None) -> FloatingIPShown:
    """One floating IP, by id, or by name within a project."""
    snapshot = asking.store.snapshot()
    return _shown(asking, references.visible(snapshot, asking.caller, FloatingIP, reference, project))


@router.patch("/{reference}")
def change_floating_ip(
    asking: Writing, reference: str, body: FloatingIPPatch, project: str | None = None
) -> FloatingIPShown:
    """Change a floating IP: associate it with a port, with another one, or with none."""
    changes = body.sent()
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, FloatingIP, reference, project)
        asking.check_version(Kind.FLOATING_IPS, found.id)
        if "port" in changes:
            del changes["port"]
            changes["port_id"] = _port(tx, found.project_id, body.port)
        after = floating_ips.change_floating_ip(tx, found.id, **changes)
    return _shown(asking, after)


@router.delete("/{reference}", status_code=204)
def remove_floating_ip(asking: Writing, reference: str, project: str | None = None) -> None:
    """Give the address back; whoever asks for it finds nobody any more."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, FloatingIP, reference, project)
        asking.check_version(Kind.FLOATING_IPS, found.id)
        floating_ips.remove_floating_ip(tx, found.id)


def _port(tx: Transaction, owner: ProjectId, reference: str | None) -> PortId | None:
    return None if reference is None else references.owned(tx, Port, owner, reference, field="port").id


def _shown(asking: Asking, floating: FloatingIP) -> FloatingIPShown:
    shown = FloatingIPShown.from_model(asking.api.view(), floating)
    asking.tag(shown.revision)
    return shown
