"""/hosts/{host}/...: what the agent of a host may see and do: its own ports, and nothing of others."""

from typing import cast
from uuid import UUID

from fastapi import APIRouter

from weft.api import references
from weft.api.context import Asking, Hosting
from weft.api.schemas.agent import (
    Attach,
    Attached,
    FailureGone,
    FailureIn,
    FailureShown,
    FailuresShown,
    Heartbeat,
    HeartbeatTold,
    HostNetworkCreate,
    HostNetworks,
    HostPorts,
    Identify,
    MacPut,
    Plug,
    StatusPut,
)
from weft.api.schemas.base import Done
from weft.api.schemas.network import NetworkShown
from weft.api.schemas.port import PortShown
from weft.model.errors import AlreadyBound, Forbidden, NotFound
from weft.model.host import Host
from weft.model.ids import HostName, NetworkId, PortId
from weft.model.network import Network, Project
from weft.model.port import Port, Workload
from weft.model.snapshot import Snapshot
from weft.store import Kind, Transaction, hosts, networks, plugging, ports, routers, status
from weft.store.index import workload_key
from weft.store.provenance import changes_of
from weft.store.status import Failure

router = APIRouter(prefix="/hosts/{host}", tags=["agent"])


@router.get("/networks")
def list_networks(asking: Hosting, host: str) -> HostNetworks:
    """The networks of the projects that the host serves, with the MTU that workloads get."""
    view = asking.api.view()
    serves = _host(view.snapshot, host).projects
    found = [n for n in view.snapshot.networks.values() if n.project_id in serves]
    return HostNetworks(
        revision=view.snapshot.revision,
        items=[
            NetworkShown.from_model(view, network, effective_mtu=True)
            for network in sorted(found, key=lambda n: (n.name, n.id))
        ],
    )


@router.post("/networks", status_code=201)
def create_network(asking: Hosting, host: str, body: HostNetworkCreate) -> NetworkShown:
    """Make a network in a project that the host serves, as `docker network create` does.

    It joins the project's router `default`, if there is one.
    """
    with asking.write() as tx:
        here = _host(tx.snapshot, host)
        project = _served(tx.snapshot, here, body.project)
        if project is None:
            raise NotFound("project", body.project or references.DEFAULT_PROJECT, field="project")
        made = networks.add_network(tx, body.to_model(project.id, here.name))
        routers.join_default(tx, made.id)
    return NetworkShown.from_model(asking.api.view(), made, effective_mtu=True)


@router.delete("/networks/{network_id}", status_code=204)
def take_back_network(asking: Hosting, host: str, network_id: UUID) -> None:
    """Remove a network that the host has just made, as long as nobody has changed or used it."""
    with asking.write() as tx:
        here = _host(tx.snapshot, host)
        found = tx.snapshot.networks.get(NetworkId(network_id))
        if found is None or found.project_id not in here.projects:
            raise NotFound("network", network_id)
        _check_own(asking, found)
        joined = tx.index.routers.get(found.id)
        if joined is not None:
            routers.detach_network(tx, joined, found.id)
        networks.remove_network(tx, found.id)


@router.get("/ports")
def list_ports(asking: Hosting, host: str) -> HostPorts:
    """The ports that are bound to the host."""
    view = asking.api.view()
    _host(view.snapshot, host)
    found = [port for port in view.snapshot.ports.values() if port.host == host]
    return HostPorts(revision=view.snapshot.revision, items=PortShown.all_from_model(view, found))


@router.post("/attach")
def attach(asking: Hosting, host: str, body: Attach) -> Attached:
    """The workload's port on the network, bound to the host. Idempotent by workload."""
    workload = None if body.workload is None else body.workload.to_model()
    with asking.write() as tx:
        here = _host(tx.snapshot, host)
        network = _network(tx, here, body.project, body.network)
        _check_not_elsewhere(tx, network.id, workload, here)
        new = body.to_model(network.project_id, network.id, here.name)
        port, created = ports.attach(tx, new)
        if created and workload is not None:
            status.attached(tx, here.name, workload)
    return _attached(asking, port, network, created=created, revision=tx.revision)


@router.post("/plug")
def plug(asking: Hosting, host: str, body: Plug) -> Attached:
    """The port that a person plugs on the host: made with `network` if it is not there. Idempotent."""
    with asking.write() as tx:
        here = _host(tx.snapshot, host)
        asked = None if body.network is None else _network(tx, here, body.project, body.network)
        known = _port_called(tx, here, body, asked)
        network = asked if known is None or asked is not None else tx.snapshot.networks[known.network_id]
        if network is None or (known is None and references.as_uuid(body.name) is not None):
            raise NotFound("port", body.name, field="name")
        port, created = plugging.plug(tx, known, body.to_model(network.project_id, network.id), here.name)
    return _attached(asking, port, network, created=created, revision=tx.revision)


@router.post("/ports/{port_id}/identify")
def identify(asking: Hosting, host: str, port_id: UUID, body: Identify) -> PortShown:
    """Say whose a port of the host is: it leaves quarantine, or a wrong guess is put right. Idempotent."""
    workload = body.workload.to_model()
    with asking.write() as tx:
        here = _host(tx.snapshot, host)
        port = _port(tx.snapshot, here, port_id)
        _check_not_elsewhere(tx, port.network_id, workload, here)
        after = ports.identify(tx, port.id, workload, body.name, body.labels)
    return PortShown.from_model(asking.api.view(), after)


@router.put("/ports/{port_id}/mac")
def put_mac(asking: Hosting, host: str, port_id: UUID, body: MacPut) -> PortShown:
    """Say which MAC address the interface of a port has, as `docker run --mac-address` does. Idempotent."""
    with asking.write() as tx:
        after = ports.change_mac(tx, _port(tx.snapshot, _host(tx.snapshot, host), port_id).id, body.mac)
    return PortShown.from_model(asking.api.view(), after)


@router.delete("/ports/{port_id}", status_code=204)
def remove_port(asking: Hosting, host: str, port_id: UUID) -> None:
    """The workload is gone: remove its port and free the addresses, or let go of one that was declared."""
    with asking.write() as tx:
        ports.release(tx, _port(tx.snapshot, _host(tx.snapshot, host), port_id).id)


@router.put("/ports/{port_id}/binding", status_code=204)
def bind(asking: Hosting, host: str, port_id: UUID) -> None:
    """An interface with this port's id is on the host: bind the port here. 409 while it is elsewhere."""
    with asking.write() as tx:
        here = _host(tx.snapshot, host)
        port = tx.snapshot.ports.get(PortId(port_id))
        if port is None or port.project_id not in here.projects:
            raise NotFound("port", port_id)
        ports.bind(tx, port.id, here.name)


@router.delete("/ports/{port_id}/binding", status_code=204)
def unbind(asking: Hosting, host: str, port_id: UUID) -> None:
    """The interface is gone from the host. Nothing changes for a workload's port: that one is removed.

    A workload that starts again brings its interface back, and one that is gone is found by its host. A
    bare-metal machine stays where it is declared.
    """
    with asking.write() as tx:
        port = _port(tx.snapshot, _host(tx.snapshot, host), port_id)
        if port.workload is None and port.physical is None:
            ports.bind(tx, port.id, None)


@router.put("/ports/{port_id}/status")
def put_status(asking: Hosting, host: str, port_id: UUID, body: StatusPut) -> Done:
    """Say how a port of the host is. While a stranger claims it the alarm stands, whatever is said."""
    here = _host(asking.store.snapshot(), host)
    port = _port(asking.store.snapshot(), here, port_id)
    if asking.api.claimed(port.id):
        return Done()
    recorded = status.set_port_status(
        asking.store, port.id, state=body.state, reason=body.reason, host=here.name
    )
    if not recorded:
        raise NotFound("port", port_id)
    return Done()


@router.post("/failures")
def report_failure(asking: Hosting, host: str, body: FailureIn) -> Done:
    """Say that a workload got no port, and why. What it asked for need not exist."""
    here = _host(asking.store.snapshot(), host)
    snapshot = asking.store.snapshot()
    project = _served(snapshot, here, body.project)
    network = None
    if body.network is not None:
        network = _find_network(snapshot, here, project, body.network)
    if network is not None:
        project = snapshot.projects.get(network.project_id, project)
    failure = Failure(
        host=here.name,
        workload=body.workload.to_model(),
        reason=body.reason,
        at=asking.store.now(),
        project_id=None if project is None else project.id,
        network_id=None if network is None else network.id,
    )
    status.record_failure(asking.store, failure)
    return Done()


@router.get("/failures")
def list_failures(asking: Hosting, host: str) -> FailuresShown:
    """The workloads of the host that got no port, newest first."""
    here = _host(asking.store.snapshot(), host)
    found = [f for f in status.failures(asking.store) if f.host == here.name]
    return FailuresShown(items=[FailureShown.from_model(failure) for failure in found])


@router.post("/failures/forget")
def forget_failure(asking: Hosting, host: str, body: FailureGone) -> Done:
    """Say that a workload that got no port is gone, or asks for none any more. Idempotent."""
    here = _host(asking.store.snapshot(), host)
    status.clear_failure(asking.store, here.name, body.workload.to_model())
    return Done()


@router.post("/heartbeat")
def heartbeat(asking: Hosting, host: str, body: Heartbeat) -> HeartbeatTold:
    """Say that the agent is alive, what it is, and what ports counted; it hears what it is to look at."""
    known = asking.store.snapshot().hosts.get(HostName(host))
    if known is not None and body.physical_networks is not None:
        now = frozenset(body.physical_networks)
        if now != known.physical_networks:
            with asking.write() as tx:
                hosts.change_host(tx, known.name, physical_networks=now)
    status.set_host_seen(
        asking.store,
        HostName(host),
        agent_version=body.agent_version,
        datapath=body.datapath,
        details=body.model_extra,
    )
    return _asked(asking, HostName(host), body)


def _asked(asking: Asking, host: HostName, body: Heartbeat) -> HeartbeatTold:
    snapshot, counters, now = asking.store.snapshot(), asking.api.counters, asking.store.now()
    if body.counters is None:
        pace_s = counters.pace(host, now)
    else:
        pace_s = counters.take(host, body.counters.of_ports(snapshot, host), now)
    audited = asking.api.audits(snapshot).ports_on(host)
    return HeartbeatTold(audited=audited, counters_pace_s=pace_s)


def _check_own(asking: Asking, network: Network) -> None:
    """Refuse what is not as the caller made it. Raises Forbidden."""
    authors = [change.author for change in changes_of(asking.store, Kind.NETWORKS, network.id)]
    if authors != [asking.caller.name]:
        raise Forbidden(
            f"a host takes back only networks that it made itself and nobody has changed since; network "
            f"{network.name} is removed with: weft network delete {network.name}"
        )


def _host(snapshot: Snapshot, name: str) -> Host:
    found = snapshot.hosts.get(HostName(name))
    if found is None:
        raise NotFound("host", name)
    return found


def _port(snapshot: Snapshot, here: Host, port_id: UUID) -> Port:
    """A port bound to the host; what others have does not exist."""
    found = snapshot.ports.get(PortId(port_id))
    if found is None or found.host != here.name:
        raise NotFound("port", port_id)
    return found


def _attached(asking: Asking, port: Port, network: Network, *, created: bool, revision: int) -> Attached:
    view = asking.api.view()
    return Attached(
        port=PortShown.from_model(view, port),
        network=NetworkShown.from_model(view, network, effective_mtu=True),
        created=created,
        revision=revision,
    )


def _port_called(tx: Transaction, here: Host, body: Plug, network: Network | None) -> Port | None:
    """The port with this id, or of this name in the project that is meant, as far as the host serves it."""
    identity = references.as_uuid(body.name)
    if identity is None:
        project = _served(tx.snapshot, here, body.project)
        owner = network.project_id if network is not None else None if project is None else project.id
        known = tx.index.names.get((Kind.PORTS, owner, body.name))
        return None if known is None else tx.snapshot.ports[PortId(cast("UUID", known))]
    found = tx.snapshot.ports.get(PortId(identity))
    return found if found is not None and found.project_id in here.projects else None


def _served(snapshot: Snapshot, here: Host, reference: str | None) -> Project | None:
    """The project that is meant: by id or name, or the host's only one, or `default`."""
    serves = [snapshot.projects[project] for project in here.projects]
    if reference is None and len(serves) == 1:
        return serves[0]
    wanted = references.DEFAULT_PROJECT if reference is None else reference
    identity = references.as_uuid(wanted)
    return next((p for p in serves if identity == p.id or p.name == wanted), None)


def _find_network(snapshot: Snapshot, here: Host, project: Project | None, reference: str) -> Network | None:
    identity = references.as_uuid(reference)
    if identity is not None:
        found = snapshot.networks.get(NetworkId(identity))
        return found if found is not None and found.project_id in here.projects else None
    if project is None:
        return None
    return next(
        (n for n in snapshot.networks.values() if n.name == reference and n.project_id == project.id),
        None,
    )


def _network(tx: Transaction, here: Host, within: str | None, reference: str) -> Network:
    project = _served(tx.snapshot, here, within)
    if within is not None and project is None:
        raise NotFound("project", within, field="project")
    found = _find_network(tx.snapshot, here, project, reference)
    if within is not None and found is not None and project is not None:
        found = found if found.project_id == project.id else None
    if found is None:
        raise NotFound("network", reference, field="network")
    return found


def _check_not_elsewhere(tx: Transaction, network: NetworkId, workload: Workload | None, here: Host) -> None:
    """A host cannot take another's port by naming its workload. Raises AlreadyBound."""
    if workload is None:
        return
    holder = tx.index.workloads.get((network, workload_key(workload)))
    port = None if holder is None else tx.snapshot.ports[holder]
    if port is not None and port.host not in (None, here.name):
        raise AlreadyBound(
            f"workload {workload.name or workload.id} has port {port.name} on another host; "
            "remove it there, or unbind the port first",
            field="workload",
        )
