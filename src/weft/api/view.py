"""The model as it is shown: one snapshot, with the revisions and names that objects are shown with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from weft.model.ids import HostName, NetworkId, PortId, ProjectId, Revision
from weft.model.network import Network, Subnet
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.store import Kind, Store
from weft.store.status import HostStatus, PortStatus, host_statuses, port_statuses

_DOWN = PortStatus()


@dataclass(frozen=True, slots=True)
class PortExtras:
    """What is shown with a port beside its declaration."""

    status: PortStatus
    groups: tuple[str, ...]


class View:
    """One request's look at the model."""

    def __init__(self, store: Store, largest_mtu: int) -> None:
        """Look at the newest revision."""
        self.snapshot: Snapshot = store.snapshot()
        self._store = store
        self._largest_mtu = largest_mtu

    def revised_at(self, kind: Kind, object_id: UUID | str) -> Revision:
        """The last revision that touched the object; never newer than what is shown."""
        newest = self._store.revised_at(kind, object_id)
        shown = self.snapshot.revision
        return shown if newest is None else min(newest, shown)

    def project_name(self, project: ProjectId) -> str:
        """The name of a project."""
        found = self.snapshot.projects.get(project)
        return "" if found is None else found.name

    def network_name(self, network: NetworkId) -> str:
        """The name of a network."""
        found = self.snapshot.networks.get(network)
        return "" if found is None else found.name

    def subnets_of(self, network: NetworkId) -> Sequence[Subnet]:
        """The subnets of a network, by prefix."""
        return self.snapshot.subnets_of.get(network, ())

    def effective_mtu(self, network: Network) -> int:
        """The MTU that workloads on `network` get: what was declared, or what the underlay leaves."""
        return self._largest_mtu if network.mtu is None else network.mtu

    def extras_of(self, ports: Sequence[Port]) -> Mapping[PortId, PortExtras]:
        """Status and groups of `ports`; costs what these ports are, not what the model holds."""
        statuses = port_statuses(self._store, [port.id for port in ports])
        projects = {port.project_id for port in ports}
        groups = {k: g for k, g in self.snapshot.groups.items() if g.project_id in projects}
        members = Snapshot(ports={port.id: port for port in ports}, groups=groups).members_of
        names: dict[PortId, list[str]] = {port.id: [] for port in ports}
        for group, found in members.items():
            for port_id in found:
                names[port_id].append(groups[group].name)
        return {
            port.id: PortExtras(statuses.get(port.id, _DOWN), tuple(sorted(names[port.id]))) for port in ports
        }

    @cached_property
    def host_statuses(self) -> Mapping[HostName, HostStatus]:
        """What is known of the hosts that were ever seen."""
        return host_statuses(self._store)
