"""/networks: layer 2 networks and, in the same revision if wanted, their subnets."""

from typing import Annotated

from fastapi import APIRouter, Depends

from weft.api import references
from weft.api.auth import require_admin
from weft.api.context import Asking, Reading, Writing
from weft.api.pages import Paging, page
from weft.api.schemas.base import Page
from weft.api.schemas.network import NetworkCreate, NetworkPatch, NetworkShown
from weft.model.errors import Invalid
from weft.model.ids import ProjectId, QosPolicyId
from weft.model.network import Network
from weft.model.policy import QosPolicy
from weft.store import Kind, Transaction, networks

router = APIRouter(prefix="/networks", tags=["networks"])


@router.get("")
def list_networks(
    asking: Reading, paging: Annotated[Paging, Depends()], project: str | None = None
) -> Page[NetworkShown]:
    """The networks of a project, or all that the caller may see."""
    view = asking.api.view()
    owner = references.asked_project(view.snapshot, asking.caller, project)
    found = (n for n in view.snapshot.networks.values() if owner in (None, n.project_id))
    items, following = page(found, paging)
    shown = [NetworkShown.from_model(view, network) for network in items]
    return Page(items=shown, next_cursor=following)


@router.post("", status_code=201)
def create_network(asking: Writing, body: NetworkCreate) -> NetworkShown:
    """Make a network and its subnets: all of it or nothing."""
    check_mtu(asking, body.mtu)
    if body.physical_network is not None:
        require_admin(asking.caller)
    with asking.write() as tx:
        owner = references.project(tx.snapshot, asking.caller, body.project).id
        new = body.to_model(owner, _qos_policy(tx, owner, body.qos_policy))
        made = networks.add_network(tx, new)
    return _shown(asking, made)


@router.get("/{reference}")
def read_network(asking: Reading, reference: str, project: str | None = None) -> NetworkShown:
    """One network, by id, or by name within a project."""
    snapshot = asking.store.snapshot()
    found = references.visible(snapshot, asking.caller, Network, reference, project)
    return _shown(asking, found)


@router.patch("/{reference}")
def change_network(
    asking: Writing, reference: str, body: NetworkPatch, project: str | None = None
) -> NetworkShown:
    """Change a network."""
    check_mtu(asking, body.mtu)
    changes = body.sent()
    if "physical_network" in changes:
        require_admin(asking.caller)
        del changes["physical_network"]
        changes["physical"] = None if body.physical_network is None else body.physical_network.to_model()
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Network, reference, project)
        asking.check_version(Kind.NETWORKS, found.id)
        if "qos_policy" in changes:
            del changes["qos_policy"]
            changes["qos_policy_id"] = _qos_policy(tx, found.project_id, body.qos_policy)
        after = networks.change_network(tx, found.id, **changes)
    return _shown(asking, after)


@router.delete("/{reference}", status_code=204)
def remove_network(asking: Writing, reference: str, project: str | None = None) -> None:
    """Remove a network that has no ports, and its subnets."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Network, reference, project)
        asking.check_version(Kind.NETWORKS, found.id)
        networks.remove_network(tx, found.id)


def check_mtu(asking: Asking, mtu: int | None) -> None:
    """Refuse an MTU whose packets would not fit through the underlay."""
    largest = asking.api.largest_mtu
    if mtu is not None and mtu > largest:
        raise Invalid(
            f"an MTU of {mtu} does not fit: the underlay's MTU is {asking.api.underlay_mtu}, and a "
            f"tunnel leaves {largest} of it; ask for less, or raise the setting underlay_mtu",
            field="mtu",
        )


def _qos_policy(tx: Transaction, owner: ProjectId, reference: str | None) -> QosPolicyId | None:
    if reference is None:
        return None
    return references.owned(tx, QosPolicy, owner, reference, field="qos_policy").id


def _shown(asking: Asking, network: Network) -> NetworkShown:
    shown = NetworkShown.from_model(asking.api.view(), network)
    asking.tag(shown.revision)
    return shown
