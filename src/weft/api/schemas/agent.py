"""Bodies of the agent's part of the API, under /hosts/{host}."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from weft.api.schemas.base import Body, Labels, Name, Reference, Shown, Text, Word
from weft.api.schemas.counters import CountersIn
from weft.api.schemas.network import NetworkShown, SubnetIn
from weft.api.schemas.port import Addresses, Mac, PortShown, Told, WorkloadIn, WorkloadShown
from weft.model.ids import HostName, NetworkId, PortId, ProjectId
from weft.model.port import PortKind
from weft.store.networks import NewNetwork
from weft.store.ports import NewPort
from weft.store.status import Failure, PortState

_LONGEST_DETAILS = 16_384


class Attach(Told):
    """Body of POST /hosts/{host}/attach."""

    project: Reference | None = None
    network: Reference
    kind: PortKind = PortKind.CONTAINER
    name: Name | None = None
    mac: Mac | None = None
    addresses: Addresses = Field(default_factory=list)
    labels: Labels | None = None
    """Without any, a port that is there already keeps its own."""
    workload: WorkloadIn | None = None
    quarantined: bool = False
    id: UUID | None = None
    """The id that the interface bears already; libvirt chooses one."""

    def to_model(self, project: ProjectId, network: NetworkId, host: HostName) -> NewPort:
        """The request in the store's terms."""
        return NewPort(
            project_id=project,
            network_id=network,
            name=self.name,
            kind=self.kind,
            mac=self.mac,
            addresses=tuple(self.addresses),
            labels=self.labels,
            host=host,
            workload=None if self.workload is None else self.workload.to_model(),
            quarantined=self.quarantined,
            id=None if self.id is None else PortId(self.id),
            telling=self.telling(),
        )


class Plug(Body):
    """Body of POST /hosts/{host}/plug."""

    name: Reference
    """The port: one that is there, or with `network` the name of a new one."""
    project: Reference | None = None
    network: Reference | None = None
    kind: PortKind = PortKind.VM
    """Of a new port; one that is there keeps its own."""
    mac: Mac | None = None
    addresses: Addresses = Field(default_factory=list)
    labels: Labels | None = None
    """Without any, a port that is there already keeps its own."""

    def to_model(self, project: ProjectId, network: NetworkId) -> NewPort:
        """The request in the store's terms."""
        return NewPort(
            project_id=project,
            network_id=network,
            name=self.name,
            kind=self.kind,
            mac=self.mac,
            addresses=tuple(self.addresses),
            labels=self.labels,
        )


class HostNetworkCreate(Body):
    """Body of POST /hosts/{host}/networks."""

    project: Reference | None = None
    name: Name
    subnets: Annotated[list[SubnetIn], Field(min_length=1, max_length=2)]

    def to_model(self, project: ProjectId, host: HostName) -> NewNetwork:
        """The request in the store's terms. Raises Invalid."""
        return NewNetwork(
            project_id=project,
            name=self.name,
            description=f"made on host {host}",
            subnets=tuple(subnet.to_model() for subnet in self.subnets),
        )


class Identify(Body):
    """Body of POST /hosts/{host}/ports/{id}/identify."""

    workload: WorkloadIn
    name: Word = ""
    labels: Labels = Field(default_factory=dict)


class MacPut(Body):
    """Body of PUT /hosts/{host}/ports/{id}/mac."""

    mac: Mac


class StatusPut(Body):
    """Body of PUT /hosts/{host}/ports/{id}/status."""

    state: PortState
    reason: Text = ""


class FailureIn(Body):
    """Body of POST /hosts/{host}/failures."""

    project: Reference | None = None
    network: Reference | None = None
    workload: WorkloadIn
    reason: Text


class FailureGone(Body):
    """Body of POST /hosts/{host}/failures/forget."""

    workload: WorkloadIn


class Heartbeat(Body):
    """Body of POST /hosts/{host}/heartbeat; what else the agent says of itself is shown as it is."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    agent_version: Word = ""
    datapath: Word = ""
    physical_networks: Annotated[list[Name], Field(max_length=64)] | None = None
    counters: CountersIn | None = None
    """What ports sent and received, so that an idle host need not tell it by itself."""

    @model_validator(mode="after")
    def _can_be_kept(self) -> "Heartbeat":
        """Refuse what no database keeps as JSON: NaN, NUL, half characters, and too much of it."""
        text = json.dumps(self.model_extra, allow_nan=False, ensure_ascii=False)
        if len(text.encode()) > _LONGEST_DETAILS or "\\u0000" in text:
            raise ValueError(f"the details are JSON of at most {_LONGEST_DETAILS} bytes, no NUL")
        return self


class HeartbeatTold(Shown):
    """What a host is asked to look at.

    `audited` are its ports at which connections are asked for: those that policies in audit are for. Counters
    are to be told again after `counters_pace_s` seconds: sooner while somebody looks at one of its ports.
    """

    audited: Sequence[UUID]
    counters_pace_s: int


class Attached(Shown):
    """The port that the workload has, and how to plug it."""

    port: PortShown
    network: NetworkShown
    created: bool
    revision: int


class HostNetworks(Shown):
    """The networks of the projects that a host serves."""

    revision: int
    items: list[NetworkShown]


class HostPorts(Shown):
    """The ports that are bound to a host."""

    revision: int
    items: list[PortShown]


class RealisedShown(Shown):
    """How far a revision is on its way to a host: the `nb_cfg` that the host reaches with it."""

    revision: int
    nb_cfg: int | None
    """None while OVN's northbound database does not hold the revision."""


class FailureShown(Shown):
    """A workload that got no port, and why."""

    host: str
    project_id: UUID | None
    network_id: UUID | None
    workload: WorkloadShown
    reason: str
    at: datetime

    @classmethod
    def from_model(cls, failure: Failure) -> "FailureShown":
        """The failure as it is shown."""
        return cls(
            host=failure.host,
            project_id=failure.project_id,
            network_id=failure.network_id,
            workload=WorkloadShown.from_model(failure.workload),
            reason=failure.reason,
            at=failure.at,
        )


class FailuresShown(Shown):
    """Failed attachments, newest first."""

    items: list[FailureShown]
