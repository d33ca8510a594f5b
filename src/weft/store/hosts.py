"""Hosts: which machines there are, and which projects each may serve."""

import re
from dataclasses import dataclass

from weft.model.errors import Invalid
from weft.model.host import Host
from weft.model.ids import HostName, ProjectId
from weft.store.change import Kind
from weft.store.lookup import check_name, refuse_in_use, require, revised
from weft.store.ports import bind, release
from weft.store.transaction import Transaction

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}")


def add_host(
    tx: Transaction,
    *,
    name: HostName,
    projects: frozenset[ProjectId] = frozenset(),
    description: str = "",
) -> Host:
    """A new host. Raises NameTaken, NotFound (a project), Invalid (the name)."""
    check_name(tx, Kind.HOSTS, None, name)
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"{name!r} is not a host name: letters, digits, dots, dashes and underscores",
            field="name",
        )
    host = Host(name=name, projects=projects, description=description)
    _check_projects(tx, host)
    tx.put(host)
    return host


def change_host(tx: Transaction, name: HostName, **changes: object) -> Host:
    """Change `projects`, `description` or `physical_networks`. Raises NotFound, StillInUse."""
    host = require(tx.snapshot.hosts, name, "host")
    after = revised(host, changes, ("projects", "description", "physical_networks"))
    _check_projects(tx, after)
    tx.put(after)
    return after


def retire_host(tx: Transaction, name: HostName) -> None:
    """Remove a host and its credentials. Raises NotFound, StillInUse with the ports bound there."""
    host = require(tx.snapshot.hosts, name, "host")
    users = [f"port {port.name}" for port in tx.snapshot.ports.values() if port.host == name]
    refuse_in_use(f"host {name}", users, "remove its workloads, or unbind these ports first")
    tx.remove(host)


@dataclass(frozen=True, slots=True)
class FreedPorts:
    """What became of the ports of a host that is gone."""

    removed: int
    unbound: int


def free_ports(tx: Transaction, name: HostName) -> FreedPorts:
    """Remove the ports that exist for a workload of the host, and unbind those that somebody declared.

    A workload ends with its host; a declared port waits for its next one, and so do those of its tagged
    frames. Raises NotFound. Idempotent.
    """
    host = require(tx.snapshot.hosts, name, "host")
    bound = [port for port in tx.snapshot.ports.values() if port.host == host.name]
    for port in (one for one in bound if one.trunk is None):
        if port.workload is None:
            bind(tx, port.id, None)
        else:
            release(tx, port.id)
    unbound = sum(port.workload is None or port.declared is not None for port in bound)
    return FreedPorts(removed=len(bound) - unbound, unbound=unbound)


def _check_projects(tx: Transaction, host: Host) -> None:
    for project in host.projects:
        require(tx.snapshot.projects, project, "project", field="projects")
