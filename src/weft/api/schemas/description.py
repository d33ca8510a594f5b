"""What a description may say: any part of the model, by names. Closed: what is not known here is refused."""

from ipaddress import IPv4Address
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from weft.api.schemas.attach_rule import Order as AttachOrder
from weft.api.schemas.base import (
    Body,
    IpAddress,
    IpPrefix,
    Labels,
    Moment,
    Name,
    Order,
    Reference,
    Text,
    ZoneName,
)
from weft.api.schemas.network import DnsServers, Mtu, PhysicalIn, Pools
from weft.api.schemas.policy import PeerIn, PortsText
from weft.api.schemas.port import Addresses, Mac, TrunkIn
from weft.api.schemas.qos_policy import Dscp, RateLimitIn
from weft.api.schemas.router import GatewayIn, Networks, Routes
from weft.model.invariant import Promise
from weft.model.network import Default
from weft.model.policy import Action, Direction, Mode, PortRange, Protocol, Service, Tier
from weft.model.port import PortKind


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_Ports = Annotated[PortsText, BeforeValidator(_number_as_text)]
_Byte = Annotated[int, Field(strict=True, ge=0, le=255)]


def listed(default: list[Any] | None = None) -> Any:  # noqa: ANN401 - a field of any list
    """A list that may be left out."""
    return Field(default_factory=lambda: list(default or ()))


class ServiceDescribed(Body):
    """What traffic is meant; nothing at all is any. Ports are `80` or `8000-8080`."""

    protocol: Protocol | None = None
    ports: Annotated[list[_Ports], Field(max_length=64)] = listed()
    icmp_type: _Byte | None = None
    icmp_code: _Byte | None = None

    def to_model(self) -> Service:
        """The service in the model's terms. Raises Invalid."""
        ranges = [text.partition("-") for text in self.ports]
        return Service(
            protocol=self.protocol,
            ports=tuple(PortRange(int(first), int(last or first)) for first, _, last in ranges),
            icmp_type=self.icmp_type,
            icmp_code=self.icmp_code,
        )


class SubnetDescribed(Body):
    """A subnet, known by its prefix. A name or a gateway that is left out stays, or is chosen."""

    cidr: IpPrefix
    name: Name | None = None
    gateway: IpAddress | None = None
    pools: Pools = listed()
    dns_servers: DnsServers = listed()
    dhcp: bool = True


class NetworkDescribed(Body):
    """A network. Its subnets are objects of their own: those that are not listed stay."""

    name: Name
    description: Text = ""
    labels: Labels = Field(default_factory=dict)
    mtu: Mtu | None = None
    default_ingress: Default = Default.SAME_NETWORK
    default_egress: Default = Default.ALLOW
    qos_policy: Reference | None = None
    physical_network: PhysicalIn | None = None
    zone: ZoneName | None = None
    log_drops: bool = True
    metadata: bool = False
    subnets: Annotated[list[SubnetDescribed], Field(max_length=64)] = listed()


class RouterDescribed(Body):
    """A router with just these networks and routes; a `gateway` that is left out is none."""

    name: Name
    description: Text = ""
    networks: Networks = listed()
    routes: Routes = listed()
    gateway: GatewayIn | None = None


class FloatingIPDescribed(Body):
    """A floating IP. An address that is left out stays, or is chosen. `port` is a declared port; without one
    it leads nowhere, or to the port of a workload that it leads to already.
    """

    name: Name
    network: Reference
    address: IPv4Address | None = None
    description: Text = ""
    port: Reference | None = None


class GroupDescribed(Body):
    """A group. `members` are declared ports; attached ports that are members stay members."""

    name: Name
    description: Text = ""
    selector: Text | None = None
    members: list[Reference] = listed()


class AddressGroupDescribed(Body):
    """An address group with just these prefixes."""

    name: Name
    description: Text = ""
    cidrs: list[IpPrefix] = listed()


class RuleDescribed(Body):
    """A rule. A rule that says what it said before is the same rule."""

    direction: Direction
    action: Action
    peer: PeerIn = PeerIn()
    service: ServiceDescribed = ServiceDescribed()
    stateful: bool = True
    log: bool = False
    count: bool = False
    description: Text = ""
    expires: Moment | None = None


class PolicyDescribed(Body):
    """A policy with just these rules, in this order, for a group (`target`), a network or a zone; without one
    for every port of the project.
    """

    name: Name
    description: Text = ""
    tier: Tier = Tier.PROJECT
    order: Order = 1000
    target: Reference | None = None
    target_network: Reference | None = None
    target_zone: ZoneName | None = None
    mode: Mode = Mode.ENFORCED
    rules: Annotated[list[RuleDescribed], Field(max_length=20_000)] = listed()


class QosPolicyDescribed(Body):
    """A QoS policy."""

    name: Name
    description: Text = ""
    egress: RateLimitIn | None = None
    ingress: RateLimitIn | None = None
    dscp: Dscp | None = None


class PortDescribed(Body):
    """A declared port. A MAC or addresses that are left out stay, or are chosen."""

    name: Name
    network: Reference
    kind: PortKind = PortKind.CONTAINER
    mac: Mac | None = None
    addresses: Addresses = listed()
    labels: Labels = Field(default_factory=dict)
    port_security: bool = True
    qos_policy: Reference | None = None
    physical_network: PhysicalIn | None = None
    host: Name | None = None
    """Of a bare-metal machine; workloads bring their own."""
    trunk: TrunkIn | None = None


class AttachRuleDescribed(Body):
    """An attach rule."""

    name: Name
    description: Text = ""
    selector: Text
    network: Reference
    order: AttachOrder = 100


class EndDescribed(Body):
    """One end of an invariant: a group, a network, a zone, or none of them for every port of the project."""

    group: Reference | None = None
    network: Reference | None = None
    zone: ZoneName | None = None


class InvariantDescribed(Body):
    """An invariant."""

    name: Name
    description: Text = ""
    promise: Promise
    source: EndDescribed = EndDescribed()
    destination: EndDescribed = EndDescribed()
    service: ServiceDescribed = ServiceDescribed()


class ProjectDescribed(Body):
    """A project and what is in it."""

    name: Name
    description: Text = ""
    qos_policies: list[QosPolicyDescribed] = listed()
    networks: list[NetworkDescribed] = listed()
    routers: list[RouterDescribed] = listed()
    ports: list[PortDescribed] = listed()
    floating_ips: list[FloatingIPDescribed] = listed()
    groups: list[GroupDescribed] = listed()
    address_groups: list[AddressGroupDescribed] = listed()
    policies: list[PolicyDescribed] = listed()
    attach_rules: list[AttachRuleDescribed] = listed()
    invariants: list[InvariantDescribed] = listed()


class Description(Body):
    """A whole description."""

    projects: list[ProjectDescribed] = listed()
