"""Who may talk to whom: groups, address groups, policies and their rules; and QoS.

First match wins by (tier, policy order, rule index), separately for egress of the sender and ingress
of the receiver; a packet passes if both allow it. See `docs/architecture.md`, "Life of a rule".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from weft.model.errors import Invalid
from weft.model.ids import (
    AddressGroupId,
    GroupId,
    NetworkId,
    PolicyId,
    PortId,
    ProjectId,
    QosPolicyId,
    RuleId,
)
from weft.model.network import Prefix, check_zone
from weft.model.selector import Selector


class Tier(StrEnum):
    """Evaluated in this order; within a tier by policy order, then by the rule's place."""

    ADMIN = "admin"
    PROJECT = "project"
    BASELINE = "baseline"


class Mode(StrEnum):
    """Whether a policy decides.

    An `enforced` one does. A `draft` is kept, planned and explained, and decides nothing; no more does one
    in `audit`, of which it is told, besides, what it would have decided otherwise of what was seen.
    """

    ENFORCED = "enforced"
    DRAFT = "draft"
    AUDIT = "audit"


class Direction(StrEnum):
    """Seen from the policy's target."""

    INGRESS = "ingress"
    EGRESS = "egress"


class Action(StrEnum):
    """`reject` drops and tells the sender (TCP RST or ICMP unreachable)."""

    ALLOW = "allow"
    DROP = "drop"
    REJECT = "reject"


class Protocol(StrEnum):
    """Protocols that a service can name."""

    TCP = "tcp"
    UDP = "udp"
    SCTP = "sctp"
    ICMP = "icmp"
    ICMPV6 = "icmpv6"


@dataclass(frozen=True, slots=True, order=True)
class PortRange:
    """An inclusive range of transport ports."""

    first: int
    last: int

    def __post_init__(self) -> None:
        """Refuse ranges that cannot exist on the wire."""
        if not 0 <= self.first <= self.last <= 65535:
            raise Invalid(f"not a port range: {self.first}-{self.last}", field="ports")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What traffic a rule is about. `protocol` None is any; no `ports` is all of them."""

    protocol: Protocol | None = None
    ports: tuple[PortRange, ...] = ()
    icmp_type: int | None = None
    icmp_code: int | None = None

    def __post_init__(self) -> None:
        """Refuse ports without a protocol that has them, and ICMP types without ICMP."""
        has_ports = self.protocol in (Protocol.TCP, Protocol.UDP, Protocol.SCTP)
        is_icmp = self.protocol in (Protocol.ICMP, Protocol.ICMPV6)
        if self.ports and not has_ports:
            raise Invalid("ports need the protocol tcp, udp or sctp", field="ports")
        if (self.icmp_type is not None or self.icmp_code is not None) and not is_icmp:
            raise Invalid("an ICMP type needs the protocol icmp or icmpv6", field="icmp_type")
        if self.icmp_code is not None and self.icmp_type is None:
            raise Invalid("an ICMP code needs an ICMP type", field="icmp_code")
        for value, name in ((self.icmp_type, "icmp_type"), (self.icmp_code, "icmp_code")):
            if value is not None and not 0 <= value <= 255:
                raise Invalid(f"{name} is between 0 and 255, not {value}", field=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The other side of a rule: exactly one of the fields, or none of them for any.

    A `zone` is the ports of all networks with that zone in the target's routing domain. It need not exist:
    where no network has it, the peer is nobody, as a group without members is.
    """

    group_id: GroupId | None = None
    network_id: NetworkId | None = None
    zone: str | None = None
    address_group_id: AddressGroupId | None = None
    cidr: Prefix | None = None

    def __post_init__(self) -> None:
        """Refuse two peers in one, and bad zones."""
        named = (self.group_id, self.network_id, self.zone, self.address_group_id, self.cidr)
        if sum(each is not None for each in named) > 1:
            raise Invalid(
                "a rule has one peer: a group, a network, a zone, an address group or a CIDR", field="peer"
            )
        if self.zone is not None:
            check_zone(self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of a policy. `rank` is its stored place among the rules of its project.

    A higher rank is evaluated earlier: it is the priority that the engine gets. The store assigns it at
    commit, with gaps, so that an insertion moves no other rule (`weft.model.rank`).

    Rules that are alike may be one to the engine; one that is to `count` what it meets stays alone.
    A rule that `expires` is in force until then (UTC), and is taken out of its policy by the store.
    """

    id: RuleId
    direction: Direction
    action: Action
    peer: Peer = Peer()
    service: Service = Service()
    stateful: bool = True
    log: bool = False
    count: bool = False
    description: str = ""
    rank: int = 0
    expires: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a time that means another one elsewhere."""
        if self.expires is not None and self.expires.utcoffset() != timedelta(0):
            raise Invalid(f"a rule expires at a time in UTC, not {self.expires}", field="expires")

    def is_over(self, now: datetime) -> bool:
        """Whether it has expired."""
        return self.expires is not None and self.expires <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """An ordered list of rules for one target: a group, a network, or the networks of a zone in the project.

    Without a target they are for every port of the project.
    `order` sorts policies within a tier, lower first; equal orders sort by id.
    """

    id: PolicyId
    project_id: ProjectId
    name: str
    description: str = ""
    tier: Tier = Tier.PROJECT
    order: int = 1000
    target: GroupId | None = None
    target_network: NetworkId | None = None
    target_zone: str | None = None
    mode: Mode = Mode.ENFORCED
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        """Refuse two targets in one, and bad zones."""
        if sum(each is not None for each in (self.target, self.target_network, self.target_zone)) > 1:
            raise Invalid(
                "a policy has one target: a group, a network or a zone; leave the others out", field="target"
            )
        if self.target_zone is not None:
            check_zone(self.target_zone)

    @property
    def in_force(self) -> bool:
        """Whether its rules decide anything."""
        return self.mode is Mode.ENFORCED


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Ports that a rule means: those a selector matches, and those listed by hand."""

    id: GroupId
    project_id: ProjectId
    name: str
    description: str = ""
    selector: Selector | None = None
    members: frozenset[PortId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressGroup:
    """Prefixes that rules can name together, of either family."""

    id: AddressGroupId
    project_id: ProjectId
    name: str
    description: str = ""
    cidrs: tuple[Prefix, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """A token bucket: `rate_kbps` in kilobits a second, `burst_kb` in kilobits (0: 200 ms of the rate)."""

    rate_kbps: int
    burst_kb: int = 0

    def __post_init__(self) -> None:
        """Refuse what OVN's QoS table cannot hold (ovn-nb(5): 1 to 4,294,967,295)."""
        if not 1 <= self.rate_kbps <= 4_294_967_295 or not 0 <= self.burst_kb <= 4_294_967_295:
            raise Invalid("a rate is between 1 and 4294967295 kbit/s", field="rate_kbps")


@dataclass(frozen=True, slots=True, kw_only=True)
class QosPolicy:
    """Limits and marking, seen from the port: egress is what the workload sends."""

    id: QosPolicyId
    project_id: ProjectId
    name: str
    description: str = ""
    egress: RateLimit | None = None
    ingress: RateLimit | None = None
    dscp: int | None = None

    def __post_init__(self) -> None:
        """Refuse code points outside six bits (RFC 2474)."""
        if self.dscp is not None and not 0 <= self.dscp <= 63:
            raise Invalid(f"a DSCP is between 0 and 63, not {self.dscp}", field="dscp")
