"""Bodies of requests: closed, so that a typo is an error, and parsed into the model's own values."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from weft.model.network import Default
from weft.model.policy import (
    Action,
    Direction,
    PortRange,
    Protocol,
    RateLimit,
    Service,
    Tier,
)
from weft.model.port import PortKind, Workload
from weft.store.networks import NewSubnet

Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Address = IPv4Address | IPv6Address
Prefix = IPv4Network | IPv6Network


class Closed(BaseModel):
    """Refuses fields that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProjectBody(Closed):
    """A new project."""

    name: Name
    description: str = ""


class SubnetBody(Closed):
    """A new subnet, alone (`network`) or inside a new network."""

    cidr: Prefix
    name: Name | None = None
    gateway: Address | None = None
    dns_servers: tuple[Address, ...] = ()
    dhcp: bool = True

    def to_model(self) -> NewSubnet:
        """As the store takes it."""
        return NewSubnet(
            cidr=self.cidr, name=self.name, gateway=self.gateway, dns_servers=self.dns_servers, dhcp=self.dhcp
        )


class NetworkBody(Closed):
    """A new network."""

    name: Name
    project: str | None = None
    description: str = ""
    labels: dict[str, str] = {}
    mtu: int | None = None
    default_ingress: Default = Default.SAME_NETWORK
    default_egress: Default = Default.ALLOW
    qos_policy: str | None = None
    subnets: tuple[SubnetBody, ...] = ()


class WorkloadBody(Closed):
    """Which workload a port belongs to."""

    runtime: Name
    engine: Name
    id: Name
    name: str = ""
    image: str = ""

    def to_model(self) -> Workload:
        """As the model has it."""
        return Workload(**self.model_dump())


class PortBody(Closed):
    """A new port."""

    network: str
    project: str | None = None
    name: Name | None = None
    kind: PortKind = PortKind.CONTAINER
    mac: str | None = None
    addresses: tuple[Address, ...] = ()
    labels: dict[str, str] = {}
    qos_policy: str | None = None


class PortsBody(Closed):
    """New ports, all or none."""

    items: tuple[PortBody, ...] = Field(max_length=10_000)


class PortChange(Closed):
    """What may change about a port; a field that is left out stays."""

    name: Name | None = None
    labels: dict[str, str] | None = None
    qos_policy: str | None = None


class AttachBody(Closed):
    """A workload that a host wants on a network."""

    network: str
    project: str = "default"
    kind: PortKind
    workload: WorkloadBody
    name: Name | None = None
    mac: str | None = None
    addresses: tuple[Address, ...] = ()
    labels: dict[str, str] = {}


class FailureBody(Closed):
    """An attachment that did not come about."""

    workload: WorkloadBody
    reason: Name


class StatusBody(Closed):
    """What the host's agent saw of a port."""

    state: Literal["pending", "up", "down", "failed"]
    reason: str = ""


class HeartbeatBody(Closed):
    """Signs of life."""

    agent_version: str = ""
    datapath: str = ""


class GroupBody(Closed):
    """A new group."""

    name: Name
    project: str | None = None
    description: str = ""
    selector: str | None = None


class PeerBody(Closed):
    """The other side of a rule; at most one of them."""

    group: str | None = None
    network: str | None = None
    cidr: Prefix | None = None


class ServiceBody(Closed):
    """What traffic a rule is about; `ports` like "80" or "8000-8080"."""

    protocol: Protocol | None = None
    ports: tuple[Annotated[str, StringConstraints(pattern=r"^\d{1,5}(-\d{1,5})?$")], ...] = ()
    icmp_type: int | None = None
    icmp_code: int | None = None

    def to_model(self) -> Service:
        """As the model has it."""
        ranges = [text.partition("-") for text in self.ports]
        return Service(
            protocol=self.protocol,
            icmp_type=self.icmp_type,
            icmp_code=self.icmp_code,
            ports=tuple(PortRange(int(a), int(b or a)) for a, _, b in ranges),
        )


class RuleBody(Closed):
    """A rule of a policy."""

    direction: Direction
    action: Action
    peer: PeerBody = PeerBody()
    service: ServiceBody = ServiceBody()
    stateful: bool = True
    log: bool = False
    description: str = ""


class PolicyBody(Closed):
    """A new policy; no `target` means every port of the project."""

    name: Name
    project: str | None = None
    description: str = ""
    tier: Tier = Tier.PROJECT
    order: int = 1000
    target: str | None = None
    rules: tuple[RuleBody, ...] = ()


class RateBody(Closed):
    """A rate in kilobits a second, and a burst in kilobits."""

    rate_kbps: int
    burst_kb: int = 0

    def to_model(self) -> RateLimit:
        """As the model has it."""
        return RateLimit(rate_kbps=self.rate_kbps, burst_kb=self.burst_kb)


class QosBody(Closed):
    """A new QoS policy."""

    name: Name
    project: str | None = None
    description: str = ""
    egress: RateBody | None = None
    ingress: RateBody | None = None
    dscp: int | None = None


class JoinTokenBody(Closed):
    """A token with which one host may join once."""

    host: Name | None = None
    projects: tuple[str, ...] = ("default",)
    ttl_s: int = 3600


class JoinBody(Closed):
    """A host that joins."""

    token: str
    host: Name
