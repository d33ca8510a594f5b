"""Bodies of /ports."""

from base64 import b64decode, b64encode
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
    LongText,
    Name,
    Owned,
    Patch,
    Reference,
    Shown,
    UserData,
    Word,
    plain,
)
from weft.api.schemas.network import PhysicalIn, PhysicalShown
from weft.api.view import PortExtras, View
from weft.model.guest import MOST_SSH_KEYS
from weft.model.ids import HostName, NetworkId, ProjectId, QosPolicyId
from weft.model.policy import Protocol
from weft.model.port import Port, PortKind, Trunk, Workload
from weft.model.publication import Publication
from weft.store import Kind
from weft.store.guests import Telling
from weft.store.ports import NewPort
from weft.store.status import PortState, PortStatus

Mac = Annotated[str, StringConstraints(max_length=17)]
Addresses = Annotated[list[IpAddress], Field(max_length=64)]
SshKeys = Annotated[list[LongText], Field(max_length=MOST_SSH_KEYS)]


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


class Told(Body):
    """What the virtual machine of a port is told when it boots."""

    ssh_keys: SshKeys | None = None
    user_data: UserData | None = None

    def telling(self) -> Telling:
        """The same in the store's terms; what is left out is not changed."""
        return Telling(
            ssh_keys=None if self.ssh_keys is None else _keys(self.ssh_keys),
            user_data=None if self.user_data is None else b64decode(self.user_data),
        )


class TrunkIn(Body):
    """The frames with tag `vlan` that another port of the project carries."""

    port: Reference
    vlan: Annotated[int, Field(strict=True, ge=1, le=4094)]


class TrunkShown(Shown):
    """The frames with tag `vlan` that another port carries."""

    port_id: UUID
    port: str
    vlan: int


class PortCreate(Told):
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
    physical_network: PhysicalIn | None = None
    """Where `host` finds a bare-metal machine: the VLAN is its own there."""
    trunk: TrunkIn | None = None
    """Instead of a host: the port is where the other one is."""

    def to_model(
        self, project: ProjectId, network: NetworkId, qos_policy: QosPolicyId | None, trunk: Trunk | None
    ) -> NewPort:
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
            physical=None if self.physical_network is None else self.physical_network.to_model(),
            telling=self.telling(),
            trunk=trunk,
        )


class PortsCreate(Body):
    """Body of POST /ports/bulk: all of them or none."""

    items: Annotated[list[PortCreate], Field(min_length=1, max_length=5000)]


class PortPatch(Patch):
    """Body of PATCH /ports/{id}; `host` binds the port, and null lets it go.

    No `ssh_keys`, and `user_data` of no bytes or null, take them away.
    """

    name: Name = ABSENT
    kind: PortKind = ABSENT
    labels: Labels = ABSENT
    port_security: bool = ABSENT
    quarantined: bool = ABSENT
    qos_policy: Reference | None = None
    host: Name | None = None
    physical_network: PhysicalIn | None = None
    ssh_keys: SshKeys = ABSENT
    user_data: UserData | None = None

    def telling(self) -> Telling:
        """What the port's machine is told, in the store's terms; what is left out is not changed."""
        sent = self.model_fields_set
        return Telling(
            ssh_keys=_keys(self.ssh_keys) if "ssh_keys" in sent else None,
            user_data=b64decode(self.user_data or "") if "user_data" in sent else None,
        )


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
    """A port, with its groups and status.

    One that is not `declared` was made for a workload that was attached, and goes with it.
    """

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
    declared: bool
    qos_policy_id: UUID | None
    published: list[PublicationShown]
    physical_network: PhysicalShown | None
    ssh_keys: list[str]
    user_data_bytes: int | None
    """How much there is; the data itself is told to members by a path of its own."""
    trunk: TrunkShown | None
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


class UserDataShown(Shown):
    """The user data of a port, in base64; null where it has none."""

    user_data: str | None

    @classmethod
    def of(cls, content: bytes | None) -> "UserDataShown":
        """The data as it is shown."""
        return cls(user_data=None if content is None else b64encode(content).decode())


class PortsShown(Shown):
    """Ports that were made together."""

    items: list[PortShown]


def _keys(lines: Sequence[str]) -> tuple[str, ...]:
    """The keys as files hold them: with the end of their line."""
    return tuple(line.strip() for line in lines)


def _trunk(view: View, trunk: Trunk | None) -> TrunkShown | None:
    if trunk is None:
        return None
    carrier = view.snapshot.ports[trunk.port_id]
    return TrunkShown(port_id=carrier.id, port=carrier.name, vlan=trunk.vlan)


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
        declared=port.declared is not None,
        qos_policy_id=port.qos_policy_id,
        published=[
            PublicationShown(
                protocol=p.protocol, host_port=p.host_port, port=p.port, host_address=p.host_address
            )
            for p in port.published
        ],
        physical_network=PhysicalShown.from_model(port.physical),
        ssh_keys=[] if port.guest is None else list(port.guest.ssh_keys),
        user_data_bytes=None
        if port.guest is None or port.guest.user_data is None
        else port.guest.user_data.size,
        trunk=_trunk(view, port.trunk),
        groups=list(extras.groups),
        status=PortStatusShown.from_model(status),
        revision=view.revised_at(Kind.PORTS, port.id),
    )
