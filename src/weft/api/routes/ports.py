"""/ports: the places of workloads on networks."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends

from weft.api import references
from weft.api.auth import require_admin
from weft.api.context import Asking, Reading, Writing
from weft.api.pages import Paging, page
from weft.api.schemas.base import Page
from weft.api.schemas.port import (
    PortCreate,
    PortPatch,
    PortsCreate,
    PortShown,
    PortsShown,
    PortStatesShown,
    PortStatusShown,
    Told,
    TrunkIn,
    UserDataShown,
)
from weft.model.errors import NotFound, WeftError
from weft.model.ids import HostName, ProjectId
from weft.model.network import Network
from weft.model.policy import QosPolicy
from weft.model.port import Port, Trunk
from weft.model.selector import Selector
from weft.store import Kind, Transaction, guests, ports, status
from weft.store.ports import NewPort
from weft.store.tokens import Role

router = APIRouter(prefix="/ports", tags=["ports"])


@router.get("")
def list_ports(
    asking: Reading,
    paging: Annotated[Paging, Depends()],
    project: str | None = None,
    network: str | None = None,
    host: str | None = None,
    selector: str | None = None,
) -> Page[PortShown]:
    """The ports of a network, host or project, or all that the caller may see; `selector` is over labels."""
    meant = None if selector is None else Selector(selector)
    view = asking.api.view()
    owner = references.asked_project(view.snapshot, asking.caller, project)
    candidates: Iterable[Port] = view.snapshot.ports.values()
    if network is not None:
        on = references.visible(view.snapshot, asking.caller, Network, network, project)
        candidates = view.snapshot.ports_of.get(on.id, ())
    found = (
        p
        for p in candidates
        if owner in (None, p.project_id)
        and host in (None, p.host)
        and (meant is None or meant.matches(p.labels))
    )
    items, following = page(found, paging)
    return Page(items=PortShown.all_from_model(view, items), next_cursor=following)


@router.post("", status_code=201)
def create_port(asking: Writing, body: PortCreate) -> PortShown:
    """Make a port; what is left out is chosen."""
    with asking.write() as tx:
        made = ports.add_port(tx, _new(asking, tx, body))
    return _shown(asking, made)


@router.post("/bulk", status_code=201)
def create_ports(asking: Writing, body: PortsCreate) -> PortsShown:
    """Make many ports in one revision: all of them or none."""
    with asking.write() as tx:
        new = [_numbered(asking, tx, number, item) for number, item in enumerate(body.items)]
        made = ports.add_ports(tx, new)
    return PortsShown(items=PortShown.all_from_model(asking.api.view(), made))


@router.get("/{reference}")
def read_port(asking: Reading, reference: str, project: str | None = None) -> PortShown:
    """One port, by id, or by name within a project."""
    snapshot = asking.store.snapshot()
    return _shown(asking, references.visible(snapshot, asking.caller, Port, reference, project))


@router.get("/{reference}/states")
def read_states(asking: Reading, reference: str, project: str | None = None) -> PortStatesShown:
    """What a port's state is and was, the newest first: since when, and why. The last ones are known."""
    port = references.visible(asking.store.snapshot(), asking.caller, Port, reference, project)
    now = status.port_statuses(asking.store, [port.id]).get(port.id)
    past = status.past_states(asking.store, port.id)
    return PortStatesShown(
        items=[PortStatusShown.from_model(one) for one in ([] if now is None else [now, *past])]
    )


@router.patch("/{reference}")
def change_port(asking: Writing, reference: str, body: PortPatch, project: str | None = None) -> PortShown:
    """Change a port, bind it to a host, or let it go."""
    changes = body.sent()
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Port, reference, project)
        asking.check_version(Kind.PORTS, found.id)
        if not body.port_security and "port_security" in changes:
            require_admin(asking.caller)
        if "physical_network" in changes:
            require_admin(asking.caller)
            del changes["physical_network"]
            physical = body.physical_network
            changes["physical"] = None if physical is None else physical.to_model()
        if "qos_policy" in changes:
            del changes["qos_policy"]
            qos_policy = _qos_policy(tx, found.project_id, body.qos_policy)
            changes["qos_policy_id"] = None if qos_policy is None else qos_policy.id
        if "host" in changes:
            del changes["host"]
            _check_host(asking, tx, found.project_id, body.host)
            ports.bind(tx, found.id, None if body.host is None else HostName(body.host))
        guests.tell(tx, found.id, body.telling())
        changes = {name: value for name, value in changes.items() if name not in Told.model_fields}
        after = ports.change_port(tx, found.id, **changes)
    return _shown(asking, after)


@router.delete("/{reference}", status_code=204)
def remove_port(asking: Writing, reference: str, project: str | None = None) -> None:
    """Remove a port and free its addresses."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, Port, reference, project)
        asking.check_version(Kind.PORTS, found.id)
        ports.remove_port(tx, found.id)


@router.get("/{reference}/user-data")
def read_user_data(asking: Writing, reference: str, project: str | None = None) -> UserDataShown:
    """The user data of a port: a secret, for those who may change the port."""
    snapshot = asking.store.snapshot()
    found = references.visible(snapshot, asking.caller, Port, reference, project)
    return UserDataShown.of(guests.user_data_of(asking.store, [found]).get(found.id))


def _numbered(asking: Asking, tx: Transaction, number: int, body: PortCreate) -> NewPort:
    """One of many: an error's field says which."""
    try:
        return _new(asking, tx, body)
    except WeftError as error:
        place = f"items.{number}"
        error.field = place if error.field is None else f"{place}.{error.field}"
        raise


def _new(asking: Asking, tx: Transaction, body: PortCreate) -> NewPort:
    network = references.referred(tx, asking.caller, Network, body.network, body.project, field="network")
    if not body.port_security or body.physical_network is not None:
        require_admin(asking.caller)
    _check_host(asking, tx, network.project_id, body.host)
    qos_policy = _qos_policy(tx, network.project_id, body.qos_policy)
    trunk = _trunk(tx, network.project_id, body.trunk)
    return body.to_model(network.project_id, network.id, None if qos_policy is None else qos_policy.id, trunk)


def _trunk(tx: Transaction, owner: ProjectId, asked: TrunkIn | None) -> Trunk | None:
    if asked is None:
        return None
    carrier = references.owned(tx, Port, owner, asked.port, field="trunk.port")
    return Trunk(port_id=carrier.id, vlan=asked.vlan)


def _qos_policy(tx: Transaction, owner: ProjectId, reference: str | None) -> QosPolicy | None:
    if reference is None:
        return None
    return references.owned(tx, QosPolicy, owner, reference, field="qos_policy")


def _check_host(asking: Asking, tx: Transaction, owner: ProjectId, host: str | None) -> None:
    """For a member, the only hosts there are serve its project."""
    if host is None or asking.caller.role is Role.ADMIN:
        return
    found = tx.snapshot.hosts.get(HostName(host))
    if found is None or owner not in found.projects:
        raise NotFound("host", host, field="host")


def _shown(asking: Asking, port: Port) -> PortShown:
    shown = PortShown.from_model(asking.api.view(), port)
    asking.tag(shown.revision)
    return shown
