"""Hosts: the machines whose agent plugs workloads."""

from dataclasses import dataclass

from weft.model.ids import HostName, ProjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine that runs an agent. It sees only the networks of the `projects` it serves.

    Its agent says which `physical_networks` it is connected to.
    """

    name: HostName
    projects: frozenset[ProjectId] = frozenset()
    description: str = ""
    physical_networks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What the server gives to a host that joins, for its engine and its agent.

    `certificate` and `ca` are PEM; `southbound` is the remote of OVN's Southbound database.
    """

    certificate: str
    ca: str
    southbound: str
    encapsulation: str
