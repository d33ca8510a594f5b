"""Bodies of /ports."""

from collections.abc import Sequence
from datetime import datetime
from ipaddress import IPv4Address
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from weft.api.schemas.base import (
    ABSENT,
    Body,
    IpAddress,
    Labels,
    Name,
    Owned,
    Patch,
    Reference,
    Shown,
    Word,
    plain,
)
from weft.api.view import PortExtras, View
from weft.model.ids import HostName, NetworkId, ProjectId, QosPolicyId
from weft.model.policy import Protocol
from weft.model.port import Port, PortKind, Workload
from weft.model.publication import Publication
from weft.store import Kind
from weft.store.ports import NewPort
from weft.store.status import PortState, PortStatus

Mac = Annotated[str, StringConstraints(max_length=17)]
Addresses = Annotated[list[IpAddress], Field(max_length=64)]


class WorkloadIn(Body):
    """Which workload a port belongs to."""

    runtime: Name
    engine: Word = ""
    id: Name
    name: Word = ""
    image: Word = ""

    def to_model(self) -> Workload:
        """The workload in the model's terms."""
        return Workload(
            runtime=self.runtime, engine=self.engine, id=self.id, name=self.name, image=self.image
        )


class PortCreate(Body):
    """Body of POST /ports."""

    project: Reference | None = None
    network: Reference
    name: Name | None = None
    kind: PortKind = PortKind.CONTAINER
    mac: Mac | None = None
    addresses: Addresses = Field(default_factory=list)
    labels: Labels = Field(default_factory=dict)
    host: Name | None = None
    workload: WorkloadIn | None = None
    qos_policy: Reference | None = None
    port_security: bool = True

    def to_model(self, project: ProjectId, network: NetworkId, qos_policy: QosPolicyId | None) -> NewPort:
        """The request in the store's terms, its references resolved."""
        return NewPort(
            project_id=project,
            network_id=network,
            name=self.name,
            kind=self.kind,
            mac=self.mac,
            addresses=tuple(self.addresses),
            labels=self.labels,
            host=None if self.host is None else HostName(self.host),
            workload=None if self.workload is None else self.workload.to_model(),
            port_security=self.port_security,
            qos_policy_id=qos_policy,
        )


class PortsCreate(Body):
    """Body of POST /ports/bulk: all of them or none."""

    items: Annotated[list[PortCreate], Field(min_length=1, max_length=5000)]


class PortPatch(Patch):
    """Body of PATCH /ports/{id}; `host` binds the port, and null lets it go."""

    name: Name = ABSENT
    kind: PortKind = ABSENT
    labels: Labels = ABSENT
    port_security: bool = ABSENT
    quarantined: bool = ABSENT
    qos_policy: Reference | None = None
    host: Name | None = None


class FixedIpShown(Shown):
    """An address of a port."""

    subnet_id: UUID
    address: IpAddress


class WorkloadShown(Shown):
    """Which workload a port belongs to."""

    runtime: str
    engine: str
    id: str
    name: str
    image: str

    @classmethod
    def from_model(cls, workload: Workload) -> "WorkloadShown":
        """The workload as it is shown."""
        return cls(
            runtime=workload.runtime,
            engine=workload.engine,
            id=workload.id,
            name=workload.name,
            image=workload.image,
        )


class PublicationIn(Body):
    """A port of a workload under one of its host; without `host_address` under all of its IPv4 addresses."""

    protocol: Protocol = Protocol.TCP
    host_port: int
    port: int
    host_address: IPv4Address | None = None

    def to_model(self) -> Publication:
        """The publication in the model's terms. Raises Invalid."""
        return Publication(
            protocol=self.protocol,
            host_port=self.host_port,
            port=self.port,
            host_address=self.host_address,
        )


class PublicationShown(Shown):
    """A port of a workload under one of its host."""

    protocol: Protocol
    host_port: int
    port: int
    host_address: IPv4Address | None


class PortStatusShown(Shown):
    """What was observed of a port."""

    state: PortState
    reason: str
    host: str | None
    since: datetime | None

    @classmethod
    def from_model(cls, status: PortStatus) -> "PortStatusShown":
        """As the API shows it."""
        return cls(state=status.state, reason=status.reason, host=status.host, since=status.since)


class PortStatesShown(Shown):
    """What a port is and what it was before, the newest first; what is long ago is forgotten."""

    items: list[PortStatusShown]


class PortShown(Owned):
    """A port, with its groups and status."""

    network_id: UUID
    network: str
    kind: PortKind
    mac: str
    fixed_ips: list[FixedIpShown]
    labels: dict[str, str]
    host: str | None
    workload: WorkloadShown | None
    port_security: bool
    quarantined: bool
    qos_policy_id: UUID | None
    published: list[PublicationShown]
    groups: list[str]
    status: PortStatusShown

    @classmethod
    def all_from_model(cls, view: View, ports: Sequence[Port]) -> "list[PortShown]":
        """Ports as they are shown; one query for all of them."""
        extras = view.extras_of(ports)
        return [_shown(view, port, extras[port.id]) for port in ports]

    @classmethod
    def from_model(cls, view: View, port: Port) -> "PortShown":
        """The port as it is shown."""
        return cls.all_from_model(view, [port])[0]


class PortsShown(Shown):
    """Ports that were made together."""

    items: list[PortShown]


def _shown(view: View, port: Port, extras: PortExtras) -> PortShown:
    status = extras.status
    return PortShown(
        id=port.id,
        project_id=port.project_id,
        project=view.project_name(port.project_id),
        network_id=port.network_id,
        network=view.network_name(port.network_id),
        name=port.name,
        kind=port.kind,
        mac=port.mac,
        fixed_ips=[FixedIpShown(subnet_id=f.subnet_id, address=f.address) for f in port.fixed_ips],
        labels=plain(port.labels),
        host=port.host,
        workload=None if port.workload is None else WorkloadShown.from_model(port.workload),
        port_security=port.port_security,
        quarantined=port.quarantined,
        qos_policy_id=port.qos_policy_id,
        published=[
            PublicationShown(
                protocol=p.protocol, host_port=p.host_port, port=p.port, host_address=p.host_address
            )
            for p in port.published
        ],
        groups=list(extras.groups),
        status=PortStatusShown.from_model(status),
        revision=view.revised_at(Kind.PORTS, port.id),
    )
