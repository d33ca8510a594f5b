"""Bodies of /hosts/{host}/drops, and what /drops shows."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from weft.api.auditing import Seen
from weft.api.dropped import Packets, Spoofing
from weft.api.drops import About, ByNetwork, ByRule, Decider, Drop, End, Told, Traffic, Unlogged, Verdict
from weft.api.schemas.base import Body, IpAddress, Page, Shown
from weft.compiler import names
from weft.model.ids import HostName, PortId
from weft.model.judgement import Connection
from weft.model.policy import Direction, Protocol, Tier

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


def _mac(text: str) -> str:
    if not _MAC.fullmatch(text):
        raise ValueError("a MAC address is written like 02:00:00:00:00:01")
    return text


Number = Annotated[int, Field(strict=True, ge=0, le=2**53)]
Mac = Annotated[str, StringConstraints(max_length=17), AfterValidator(_mac)]
TransportPort = Annotated[int, Field(strict=True, ge=0, le=65535)]
Octet = Annotated[int, Field(strict=True, ge=0, le=255)]


class PacketsIn(Body):
    """Packets of one kind that ovn-controller logged; `name` is that of the ACL."""

    name: Annotated[str, StringConstraints(max_length=255)]
    verdict: Literal[Verdict.DROP, Verdict.REJECT, Verdict.ALLOW]
    direction: Direction
    count: Annotated[int, Field(strict=True, ge=1, le=2**53)]
    first_at: AwareDatetime
    last_at: AwareDatetime
    source_mac: Mac
    destination_mac: Mac
    source: IpAddress
    destination: IpAddress
    protocol: Protocol | None = None
    ip_protocol: Octet | None = None
    source_port: TransportPort | None = None
    destination_port: TransportPort | None = None
    icmp_type: Octet | None = None
    icmp_code: Octet | None = None

    def to_model(self, now: datetime) -> Packets:
        """The packets; a clock that is ahead of ours is not believed."""
        last_at = min(self.last_at.astimezone(UTC), now)
        return Packets(
            name=self.name,
            verdict=self.verdict,
            direction=self.direction,
            count=self.count,
            first_at=min(self.first_at.astimezone(UTC), last_at),
            last_at=last_at,
            source_mac=self.source_mac,
            destination_mac=self.destination_mac,
            source=self.source,
            destination=self.destination,
            traffic=Traffic(
                protocol=self.protocol,
                number=self.ip_protocol,
                port=self.destination_port,
                icmp_type=self.icmp_type,
                icmp_code=self.icmp_code,
            ),
            source_port=self.source_port,
        )


class UnloggedIn(Body):
    """How many packets a meter of ours kept from the log between two moments."""

    meter: Annotated[str, StringConstraints(max_length=255)]
    packets: Annotated[int, Field(strict=True, ge=1, le=2**53)]
    since: AwareDatetime
    until: AwareDatetime

    def to_model(self) -> Unlogged | None:
        """The same; None when the meter is none of ours."""
        found = names.metered(self.meter)
        if found is None:
            return None
        project, asked = found
        return Unlogged(
            project_id=project,
            asked=asked,
            packets=self.packets,
            since=self.since.astimezone(UTC),
            until=self.until.astimezone(UTC),
        )


class DropsIn(Body):
    """Body of POST /hosts/{host}/drops. `number` grows within a `run`; none is added twice.

    `gap` says that lines of the log were lost before the agent read them.
    """

    run: UUID
    number: Number
    gap: bool = False
    packets: Annotated[list[PacketsIn], Field(max_length=2000)] = Field(default_factory=list)
    unlogged: Annotated[list[UnloggedIn], Field(max_length=1000)] = Field(default_factory=list)

    def told(self, host: HostName) -> Told:
        """Which message of which host this is."""
        return Told(host=host, run=str(self.run), number=self.number, gap=self.gap)


class PortSpoofed(Body):
    """How many packets of one port anti-spoofing dropped."""

    port: UUID
    packets: Annotated[int, Field(strict=True, ge=1, le=2**53)]


class SpoofedIn(Body):
    """Body of POST /hosts/{host}/spoofed. `number` grows within a `run`; none is added twice."""

    run: UUID
    number: Number
    since: AwareDatetime
    until: AwareDatetime
    ports: Annotated[list[PortSpoofed], Field(max_length=1000)] = Field(default_factory=list)

    def told(self, host: HostName) -> Told:
        """Which message of which host this is."""
        return Told(host=host, run=str(self.run), number=self.number, about=About.SPOOFING)

    def to_model(self, now: datetime) -> Sequence[Spoofing]:
        """What was dropped of each port; a clock that is ahead of ours is not believed."""
        until = min(self.until.astimezone(UTC), now)
        since = min(self.since.astimezone(UTC), until)
        return [Spoofing(PortId(one.port), one.packets, since, until) for one in self.ports]


class ConnectionIn(Body):
    """A connection as it is tracked at `port`, seen from who opened it.

    `value` is the destination port, or for ICMP the type times 256 plus the code.
    """

    port: UUID
    source: IpAddress
    destination: IpAddress
    protocol: Protocol | None = None
    value: TransportPort = 0
    source_port: TransportPort = 0

    @model_validator(mode="after")
    def _of_one_version(self) -> "ConnectionIn":
        if self.source.version != self.destination.version:
            raise ValueError("a connection has two addresses of one IP version")
        return self

    def to_model(self) -> Seen:
        """The same in the model's terms."""
        return Seen(
            PortId(self.port),
            Connection(
                source=self.source,
                destination=self.destination,
                protocol=self.protocol,
                value=self.value,
                source_port=self.source_port,
            ),
        )


class ConnectionsIn(Body):
    """Body of POST /hosts/{host}/connections. `number` grows within a `run`; none is added twice."""

    run: UUID
    number: Number
    connections: Annotated[list[ConnectionIn], Field(max_length=500)] = Field(default_factory=list)

    def told(self, host: HostName) -> Told:
        """Which message of which host this is."""
        return Told(host=host, run=str(self.run), number=self.number, about=About.CONNECTIONS)


class ConnectionsTold(Shown):
    """The ports of the host at which connections are asked for: those that policies in audit are for."""

    ports: list[UUID]


class FlowEnd(Shown):
    """One side: an address, and the port that has it if it is one of the project's.

    Of what anti-spoofing drops no address is known, and not whom it was for.
    """

    address: IpAddress | None
    port_id: UUID | None
    port: str | None

    @classmethod
    def from_model(cls, end: End) -> "FlowEnd":
        """As the API shows it."""
        return cls(address=end.address, port_id=end.port_id, port=end.name or None)


class DecidingRule(Shown):
    """The rule that decided, as it was then: `index` is its place in the policy, from 1.

    When it may have been one of others that are one to the engine, these are in `together`.
    """

    policy_id: UUID
    policy: str
    tier: Tier
    rule_id: UUID
    index: int
    description: str
    together: list[UUID]


class DropShown(Shown):
    """Packets that were dropped or rejected, or allowed by a rule that logs. `rule` or `network` decided, as
    `by` says. What anti-spoofing dropped is a number for each port: it hides whom they were for.

    With `at_least` there were more than `count`: OVN logs so many a second and project, and no more.
    `source_port` is that of the last packet.

    An `estimate` says what a policy in audit would have decided otherwise. What would have been dropped or
    rejected are connections that hosts track, found every ten seconds; all else are packets.
    """

    number: int
    verdict: Verdict
    estimate: bool
    direction: Direction
    host: str
    project_id: UUID
    by: Decider
    rule: DecidingRule | None
    network_id: UUID | None
    network: str | None
    source: FlowEnd
    destination: FlowEnd
    protocol: Protocol | None
    ip_protocol: int | None
    source_port: int | None
    destination_port: int | None
    icmp_type: int | None
    icmp_code: int | None
    count: int
    at_least: bool
    first_at: datetime
    last_at: datetime

    @classmethod
    def from_model(cls, drop: Drop) -> "DropShown":
        """As the API shows it."""
        flow, traffic = drop.flow, drop.flow.traffic
        by = flow.by
        return cls(
            number=drop.number,
            verdict=flow.verdict,
            estimate=flow.verdict.is_estimate,
            direction=flow.direction,
            host=flow.host,
            project_id=flow.project_id,
            by=by.decider if isinstance(by, ByNetwork) else Decider.RULE,
            rule=_rule(by) if isinstance(by, ByRule) else None,
            network_id=by.network_id if isinstance(by, ByNetwork) else None,
            network=by.network if isinstance(by, ByNetwork) else None,
            source=FlowEnd.from_model(flow.source),
            destination=FlowEnd.from_model(flow.destination),
            protocol=traffic.protocol,
            ip_protocol=traffic.number,
            source_port=drop.source_port,
            destination_port=traffic.port,
            icmp_type=traffic.icmp_type,
            icmp_code=traffic.icmp_code,
            count=drop.count,
            at_least=drop.at_least,
            first_at=drop.first_at,
            last_at=drop.last_at,
        )


class DropsShown(Page[DropShown]):
    """A page, and what is missing.

    Nothing is known from before `since`, when this server began. `forgotten` entries had to make room;
    `unlogged` packets were kept from the log by full meters. Parts of the logs of the hosts in `gaps` were
    lost; those in `silent` have not told lately, those in `unwatched` not of what anti-spoofing dropped.
    """

    since: datetime
    forgotten: int
    unlogged: int
    gaps: list[str]
    silent: list[str]
    unwatched: list[str]


def _rule(by: ByRule) -> DecidingRule:
    return DecidingRule(
        policy_id=by.policy_id,
        policy=by.policy,
        tier=by.tier,
        rule_id=by.rule_id,
        index=by.place,
        description=by.description,
        together=list(by.together),
    )
