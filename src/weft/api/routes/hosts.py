"""Hosts: how they join, and the part of the API that a host's agent uses, for itself only."""

from typing import Any

from fastapi import APIRouter, Response

from weft.api import schemas, views
from weft.api.context import Context, Here, Who, check_host, check_may_write, find
from weft.model.errors import AlreadyBound, Forbidden, NotFound
from weft.model.ids import HostName, ProjectId
from weft.model.network import Network
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.store import ports, status, tokens
from weft.store.ports import NewPort
from weft.store.status import Failure, PortState

router = APIRouter()
Json = dict[str, Any]


@router.post("/join-tokens", status_code=201)
def create_join_token(here: Here, who: Who, body: schemas.JoinTokenBody) -> Json:
    """A token with which one host joins once; administrators only."""
    check_may_write(who)
    with here.store.write(who.name) as tx:
        projects = frozenset(
            ProjectId(find(tx.snapshot.projects, p, "project", field="projects").id) for p in body.projects
        )
        host = HostName(body.host) if body.host else None
        token = tokens.issue_join_token(tx, host=host, projects=projects, ttl_s=body.ttl_s)
    return {
        "token": token.token,
        "expires_at": token.expires_at.isoformat(),
        "command": f"weft host join {token.token}",
    }


@router.post("/hosts/join", status_code=201)
def join(here: Here, body: schemas.JoinBody) -> Json:
    """Use a join token up; the host's own token, shown this once."""
    with here.store.write(f"host {body.host}") as tx:
        token = tokens.redeem_join_token(tx, body.token, HostName(body.host))
    return {"host": body.host, "host_token": token}


@router.get("/hosts")
def list_hosts(here: Here, who: Who) -> Json:
    """Every host, with its signs of life; administrators only."""
    check_may_write(who)
    snapshot, seen = here.store.snapshot(), status.host_statuses(here.store)
    return {
        "items": [
            {
                "name": host.name,
                "projects": sorted(snapshot.projects[p].name for p in host.projects),
                "description": host.description,
                "status": {
                    "last_seen": s.last_seen.isoformat() if s and s.last_seen else None,
                    "agent_version": s.agent_version if s else "",
                    "datapath": s.datapath if s else "",
                },
            }
            for host in snapshot.hosts.values()
            for s in [seen.get(host.name)]
        ],
        "next_cursor": None,
    }


@router.get("/hosts/{host}/networks")
def host_networks(here: Here, who: Who, host: str) -> Json:
    """The networks of the projects that the host serves."""
    name = check_host(who, host)
    snapshot = here.store.snapshot()
    return {
        "revision": snapshot.revision,
        "items": [
            _network(here, snapshot, n)
            for n in snapshot.networks.values()
            if n.project_id in _served(snapshot, name)
        ],
    }


@router.get("/hosts/{host}/ports")
def host_ports(here: Here, who: Who, host: str) -> Json:
    """The ports that are bound to the host."""
    name = check_host(who, host)
    snapshot = here.store.snapshot()
    return {"items": [_port(snapshot, p) for p in snapshot.ports.values() if p.host == name]}


@router.post("/hosts/{host}/attach")
def attach(here: Here, who: Who, host: str, body: schemas.AttachBody, response: Response) -> Json:
    """A port for a workload of this host. Idempotent: the same workload keeps its port and addresses."""
    name = check_host(who, host)
    with here.store.write(who.name) as tx:
        project = find(tx.snapshot.projects, body.project, "project", field="project")
        if project.id not in _served(tx.snapshot, name):
            raise Forbidden(
                f"host {host} does not serve project {project.name}; an administrator can grant it",
                field="project",
            )
        network = find(tx.snapshot.networks, body.network, "network", within=project.id, field="network")
        port, new = ports.attach(
            tx,
            NewPort(
                project_id=project.id,
                network_id=network.id,
                name=body.name,
                kind=body.kind,
                mac=body.mac,
                addresses=body.addresses,
                labels=body.labels,
                host=name,
                workload=body.workload.to_model(),
            ),
        )
    response.headers["Weft-Revision"] = str(tx.revision)
    snapshot = here.store.snapshot()
    status.clear_failure(here.store, name, body.workload.to_model())
    return {
        "port": _port(snapshot, port),
        "network": _network(here, snapshot, network),
        "created": new,
        "revision": tx.revision,
    }


@router.delete("/hosts/{host}/ports/{port_id}", status_code=204)
def detach(here: Here, who: Who, host: str, port_id: str) -> None:
    """The workload is gone for good: its port and addresses are free again."""
    name = check_host(who, host)
    with here.store.write(who.name) as tx:
        ports.remove_port(tx, _bound(tx.snapshot, name, port_id).id)


@router.put("/hosts/{host}/ports/{port_id}/binding", status_code=204)
def bind(here: Here, who: Who, host: str, port_id: str) -> None:
    """An interface with this port's id is on the host: bind the port here. 409 while it is elsewhere."""
    name = check_host(who, host)
    with here.store.write(who.name) as tx:
        port = find(tx.snapshot.ports, port_id, "port")
        if port.project_id not in _served(tx.snapshot, name):
            raise NotFound("port", port_id)
        if port.host not in (None, name):
            raise AlreadyBound(f"port {port.name} is bound to host {port.host}; unplug it there first")
        ports.bind(tx, port.id, name)


@router.delete("/hosts/{host}/ports/{port_id}/binding", status_code=204)
def unbind(here: Here, who: Who, host: str, port_id: str) -> None:
    """The interface is gone from the host."""
    name = check_host(who, host)
    with here.store.write(who.name) as tx:
        ports.bind(tx, _bound(tx.snapshot, name, port_id).id, None)


@router.put("/hosts/{host}/ports/{port_id}/status", status_code=204)
def set_status(here: Here, who: Who, host: str, port_id: str, body: schemas.StatusBody) -> None:
    """What the agent saw of a port that is bound to it."""
    name = check_host(who, host)
    port = _bound(here.store.snapshot(), name, port_id)
    status.set_port_status(here.store, port.id, state=PortState(body.state), reason=body.reason, host=name)


@router.post("/hosts/{host}/failures", status_code=204)
def report_failure(here: Here, who: Who, host: str, body: schemas.FailureBody) -> None:
    """An attachment that nobody waits for and that did not come about."""
    name = check_host(who, host)
    status.record_failure(
        here.store, Failure(host=name, workload=body.workload.to_model(), reason=body.reason, at=here.now())
    )


@router.get("/failures")
def list_failures(here: Here, who: Who) -> Json:
    """Attachments that did not come about; administrators only."""
    check_may_write(who)
    return {
        "items": [
            {
                "host": f.host,
                "workload": f.workload.name or f.workload.id,
                "reason": f.reason,
                "at": f.at.isoformat(),
            }
            for f in status.failures(here.store)
        ],
        "next_cursor": None,
    }


@router.post("/hosts/{host}/heartbeat")
def heartbeat(here: Here, who: Who, host: str, body: schemas.HeartbeatBody) -> Json:
    """The agent is alive."""
    name = check_host(who, host)
    status.set_host_seen(here.store, name, agent_version=body.agent_version, datapath=body.datapath)
    return {"ok": True}


def _served(snapshot: Snapshot, host: HostName) -> frozenset[ProjectId]:
    if host not in snapshot.hosts:
        raise NotFound("host", host)
    return snapshot.hosts[host].projects


def _bound(snapshot: Snapshot, host: HostName, port_id: str) -> Port:
    port = find(snapshot.ports, port_id, "port")
    if port.host != host:
        raise NotFound("port", port_id)
    return port


def _network(here: Context, snapshot: Snapshot, network: Network) -> Json:
    return views.effective_network(network, snapshot, here.settings.underlay_mtu)


def _port(snapshot: Snapshot, port: Port) -> Json:
    return views.port(port, snapshot, {}, {})
