"""Bodies of /policies: rules as people write them, and as they are shown."""

import re
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from weft.api.schemas.base import (
    ABSENT,
    Body,
    Count,
    IpPrefix,
    Moment,
    Name,
    Order,
    Owned,
    Patch,
    Reference,
    Shown,
    Text,
    ZoneName,
)
from weft.api.view import View
from weft.model.policy import (
    Action,
    Direction,
    Mode,
    Peer,
    Policy,
    PortRange,
    Protocol,
    Rule,
    Service,
    Tier,
)
from weft.store import Kind

_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


def _port_range(text: str) -> str:
    if not _PORTS.fullmatch(text):
        raise ValueError("ports are written 80 or 8000-8080")
    return text


PortsText = Annotated[str, StringConstraints(max_length=11), AfterValidator(_port_range)]


class PeerIn(Body):
    """The other side of a rule: one of the fields, or none of them for any."""

    group: Reference | None = None
    network: Reference | None = None
    zone: ZoneName | None = None
    address_group: Reference | None = None
    cidr: IpPrefix | None = None


class ServiceIn(Body):
    """What traffic a rule is about; nothing at all is any."""

    protocol: Protocol | None = None
    ports: Annotated[list[PortsText], Field(max_length=64)] = Field(default_factory=list)
    icmp_type: Count | None = None
    icmp_code: Count | None = None

    def to_model(self) -> Service:
        """The service in the model's terms. Raises Invalid."""
        return Service(
            protocol=self.protocol,
            ports=tuple(_range_of(text) for text in self.ports),
            icmp_type=self.icmp_type,
            icmp_code=self.icmp_code,
        )


class RuleIn(Body):
    """A rule; the `id` of a rule that the policy has keeps that rule. `rank` is not yours to set."""

    id: UUID | None = None
    direction: Direction
    action: Action
    peer: PeerIn = PeerIn()
    service: ServiceIn = ServiceIn()
    stateful: bool = True
    log: bool = False
    count: bool = Field(
        default=False, description="Stay an ACL of its own, so that its packets are counted apart."
    )
    description: Text = ""
    expires: Moment | None = Field(default=None, description="When it ends by itself; null is never.")
    rank: int | None = Field(default=None, description="Read only; what is sent is ignored.")


Rules = Annotated[list[RuleIn], Field(max_length=1000)]


class RuleInsert(Body):
    """Body of POST /policies/{id}/rules: before the rule at `index`, or last."""

    rule: RuleIn
    index: Count | None = None


class PolicyCreate(Body):
    """Body of POST /policies. It is for a group (`target`), a network or a zone, else for every port of the
    project.
    """

    project: Reference | None = None
    name: Name
    description: Text = ""
    tier: Tier = Tier.PROJECT
    order: Order = 1000
    target: Reference | None = None
    target_network: Reference | None = None
    target_zone: ZoneName | None = None
    mode: Mode = Mode.ENFORCED
    rules: Rules = Field(default_factory=list)


class PolicyPatch(Patch):
    """Body of PATCH /policies/{id}; `rules` replaces the list, and any target whom the policy is for."""

    name: Name = ABSENT
    description: Text = ABSENT
    tier: Tier = ABSENT
    order: Order = ABSENT
    target: Reference | None = None
    target_network: Reference | None = None
    target_zone: ZoneName | None = None
    mode: Mode = ABSENT
    rules: Rules = ABSENT


class PeerShown(Shown):
    """The other side of a rule; only what the rule names is set."""

    group: UUID | None = None
    network: UUID | None = None
    zone: str | None = None
    address_group: UUID | None = None
    cidr: IpPrefix | None = None

    @classmethod
    def from_model(cls, peer: Peer) -> "PeerShown":
        """The peer as it is shown."""
        return cls(
            group=peer.group_id,
            network=peer.network_id,
            zone=peer.zone,
            address_group=peer.address_group_id,
            cidr=peer.cidr,
        )


class ServiceShown(Shown):
    """What traffic a rule is about."""

    protocol: Protocol | None
    ports: list[str]
    icmp_type: int | None
    icmp_code: int | None


def service_shown(service: Service) -> ServiceShown:
    """The service as it is shown."""
    return ServiceShown(
        protocol=service.protocol,
        ports=[_text_of(ports) for ports in service.ports],
        icmp_type=service.icmp_type,
        icmp_code=service.icmp_code,
    )


class RuleShown(Shown):
    """A rule; a higher `rank` is evaluated earlier."""

    id: UUID
    direction: Direction
    action: Action
    peer: PeerShown
    service: ServiceShown
    stateful: bool
    log: bool
    count: bool
    description: str
    rank: int
    expires: Moment | None

    @classmethod
    def from_model(cls, rule: Rule) -> "RuleShown":
        """The rule as it is shown."""
        return cls(
            id=rule.id,
            direction=rule.direction,
            action=rule.action,
            peer=PeerShown.from_model(rule.peer),
            service=service_shown(rule.service),
            stateful=rule.stateful,
            log=rule.log,
            count=rule.count,
            description=rule.description,
            rank=rule.rank,
            expires=rule.expires,
        )


class PolicyShown(Owned):
    """A policy and its rules, in order; they decide only if its `mode` is enforced.

    It is for the group `target`, a network, or the project's networks of a zone; without one for every port.
    """

    description: str
    tier: Tier
    order: int
    target: UUID | None
    target_network: UUID | None
    target_zone: str | None
    mode: Mode
    rules: list[RuleShown]

    @classmethod
    def from_model(cls, view: View, policy: Policy) -> "PolicyShown":
        """The policy as it is shown."""
        return cls(
            id=policy.id,
            project_id=policy.project_id,
            project=view.project_name(policy.project_id),
            name=policy.name,
            description=policy.description,
            tier=policy.tier,
            order=policy.order,
            target=policy.target,
            target_network=policy.target_network,
            target_zone=policy.target_zone,
            mode=policy.mode,
            rules=[RuleShown.from_model(rule) for rule in policy.rules],
            revision=view.revised_at(Kind.POLICIES, policy.id),
        )


def _range_of(text: str) -> PortRange:
    first, _, last = text.partition("-")
    return PortRange(int(first), int(last or first))


def _text_of(ports: PortRange) -> str:
    return str(ports.first) if ports.first == ports.last else f"{ports.first}-{ports.last}"
