"""Bodies of /networks and /subnets."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from weft.api.schemas.base import (
    ABSENT,
    Body,
    IpAddress,
    IpPrefix,
    Labels,
    Name,
    Owned,
    Patch,
    Reference,
    Shown,
    Text,
    ZoneName,
    plain,
)
from weft.api.view import View
from weft.model.ids import ProjectId, QosPolicyId
from weft.model.network import AddressRange, Default, Network, Physical, Subnet
from weft.store import Kind
from weft.store.networks import NewNetwork, NewSubnet

Mtu = Annotated[int, Field(strict=True, ge=1, le=65535)]


class Pool(Body):
    """An inclusive range of addresses."""

    first: IpAddress
    last: IpAddress

    def to_model(self) -> AddressRange:
        """The range in the model's terms. Raises Invalid."""
        return AddressRange(first=self.first, last=self.last)


Pools = Annotated[list[Pool], Field(max_length=64)]
DnsServers = Annotated[list[IpAddress], Field(max_length=16)]


class SubnetIn(Body):
    """A subnet as it is made with its network."""

    cidr: IpPrefix
    name: Name | None = None
    gateway: IpAddress | None = None
    pools: Pools = Field(default_factory=list)
    dns_servers: DnsServers = Field(default_factory=list)
    dhcp: bool = True

    def to_model(self) -> NewSubnet:
        """The request in the store's terms. Raises Invalid."""
        return NewSubnet(
            cidr=self.cidr,
            name=self.name,
            gateway=self.gateway,
            pools=tuple(pool.to_model() for pool in self.pools),
            dns_servers=tuple(self.dns_servers),
            dhcp=self.dhcp,
        )


class SubnetCreate(SubnetIn):
    """Body of POST /subnets."""

    project: Reference | None = None
    network: Reference


class SubnetPatch(Patch):
    """Body of PATCH /subnets/{id}."""

    name: Name = ABSENT
    gateway: IpAddress = ABSENT
    pools: Pools = ABSENT
    dns_servers: DnsServers = ABSENT
    dhcp: bool = ABSENT

    def to_model(self) -> dict[str, object]:
        """The changes in the store's terms. Raises Invalid."""
        changes = self.sent()
        if "pools" in changes:
            changes["pools"] = tuple(pool.to_model() for pool in self.pools)
        if "dns_servers" in changes:
            changes["dns_servers"] = tuple(self.dns_servers)
        return changes


class PoolShown(Shown):
    """An inclusive range of addresses."""

    first: IpAddress
    last: IpAddress


class SubnetShown(Owned):
    """A subnet."""

    network_id: UUID
    cidr: IpPrefix
    gateway: IpAddress
    pools: list[PoolShown]
    dns_servers: list[IpAddress]
    dhcp: bool

    @classmethod
    def from_model(cls, view: View, subnet: Subnet) -> "SubnetShown":
        """The subnet as it is shown."""
        return cls(
            id=subnet.id,
            project_id=subnet.project_id,
            project=view.project_name(subnet.project_id),
            network_id=subnet.network_id,
            name=subnet.name,
            cidr=subnet.cidr,
            gateway=subnet.gateway,
            pools=[PoolShown(first=pool.first, last=pool.last) for pool in subnet.pools],
            dns_servers=list(subnet.dns_servers),
            dhcp=subnet.dhcp,
            revision=view.revised_at(Kind.SUBNETS, subnet.id),
        )


class PhysicalIn(Body):
    """A physical network that hosts know by `name`, or a VLAN on it."""

    name: Name
    vlan: Annotated[int, Field(strict=True, ge=1, le=4094)] | None = None

    def to_model(self) -> Physical:
        """The same in the model's terms. Raises Invalid."""
        return Physical(name=self.name, vlan=self.vlan)


class PhysicalShown(Shown):
    """A physical network, or a VLAN on it."""

    name: str
    vlan: int | None

    @classmethod
    def from_model(cls, physical: Physical | None) -> "PhysicalShown | None":
        """The same as it is shown."""
        return None if physical is None else cls(name=physical.name, vlan=physical.vlan)


LOG_DROPS = Field(
    default=True, description="Tell of what is dropped where no rule matches, if the installation does."
)


class NetworkCreate(Body):
    """Body of POST /networks."""

    project: Reference | None = None
    name: Name
    description: Text = ""
    labels: Labels = Field(default_factory=dict)
    mtu: Mtu | None = None
    default_ingress: Default = Default.SAME_NETWORK
    default_egress: Default = Default.ALLOW
    qos_policy: Reference | None = None
    physical_network: PhysicalIn | None = None
    zone: ZoneName | None = None
    log_drops: bool = LOG_DROPS
    metadata: bool = False
    subnets: Annotated[list[SubnetIn], Field(max_length=64)] = Field(default_factory=list)

    def to_model(self, project: ProjectId, qos_policy: QosPolicyId | None) -> NewNetwork:
        """The request in the store's terms, its references resolved. Raises Invalid."""
        return NewNetwork(
            project_id=project,
            name=self.name,
            description=self.description,
            labels=self.labels,
            mtu=self.mtu,
            default_ingress=self.default_ingress,
            default_egress=self.default_egress,
            qos_policy_id=qos_policy,
            physical=None if self.physical_network is None else self.physical_network.to_model(),
            zone=self.zone,
            log_drops=self.log_drops,
            metadata=self.metadata,
            subnets=tuple(subnet.to_model() for subnet in self.subnets),
        )


class NetworkPatch(Patch):
    """Body of PATCH /networks/{id}."""

    name: Name = ABSENT
    description: Text = ABSENT
    labels: Labels = ABSENT
    mtu: Mtu | None = None
    default_ingress: Default = ABSENT
    default_egress: Default = ABSENT
    qos_policy: Reference | None = None
    physical_network: PhysicalIn | None = None
    zone: ZoneName | None = None
    log_drops: bool = ABSENT
    metadata: bool = ABSENT


class NetworkShown(Owned):
    """A network and its subnets."""

    description: str
    labels: dict[str, str]
    mtu: int | None
    effective_mtu: int
    """What its workloads get: what is declared, or what the underlay leaves."""
    default_ingress: Default
    default_egress: Default
    qos_policy_id: UUID | None
    physical_network: PhysicalShown | None
    zone: str | None
    log_drops: bool
    metadata: bool
    router: str | None
    subnets: list[SubnetShown]

    @classmethod
    def from_model(cls, view: View, network: Network, *, effective_mtu: bool = False) -> "NetworkShown":
        """The network as it is shown; to agents with the MTU that its workloads get."""
        router = view.snapshot.router_of.get(network.id)
        return cls(
            id=network.id,
            project_id=network.project_id,
            project=view.project_name(network.project_id),
            name=network.name,
            description=network.description,
            labels=plain(network.labels),
            mtu=view.effective_mtu(network) if effective_mtu else network.mtu,
            effective_mtu=view.effective_mtu(network),
            default_ingress=network.default_ingress,
            default_egress=network.default_egress,
            qos_policy_id=network.qos_policy_id,
            physical_network=PhysicalShown.from_model(network.physical),
            zone=network.zone,
            log_drops=network.log_drops,
            metadata=network.metadata,
            router=None if router is None else router.name,
            subnets=[SubnetShown.from_model(view, s) for s in view.subnets_of(network.id)],
            revision=view.revised_at(Kind.NETWORKS, network.id),
        )
