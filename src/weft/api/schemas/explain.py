"""Bodies of /explain: a question about two endpoints, and the verdict with what decided it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import Field, model_validator

from weft.api.schemas.base import Body, IpAddress, Labels, Reference, Shown
from weft.api.schemas.remedy import RemedyShown
from weft.model.errors import Invalid
from weft.model.ids import PortId
from weft.model.policy import Action, Direction, Protocol
from weft.model.snapshot import Snapshot
from weft.store import Change
from weft.verifier.lines import Line, Origin
from weft.verifier.packet import EPHEMERAL, ICMP, WITH_PORTS, Header
from weft.verifier.sentences import name_of, rule_text, tell, traffic_text
from weft.verifier.station import Station
from weft.verifier.unenforced import Unenforced, Would
from weft.verifier.verdict import Answers, Decision, Obstacle, Verdict

Number = Field(default=None, ge=0, le=65535)


TO_COME = PortId(UUID(int=0))
"""The id of a port that does not exist yet."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What the words of an explanation are taken from: the model, and who made a line what it is."""

    snapshot: Snapshot
    origin: Callable[[Line], Change | None]

    def credit(self, line: Line) -> str:
        """Author, revision and time, in words; nothing for what nobody declared."""
        change = self.origin(line)
        if change is None:
            return ""
        return f"{change.author}, revision {change.revision}, {change.at:%Y-%m-%d %H:%M} UTC"


class EndpointIn(Body):
    """One end: a port, an address, or a port that does not exist yet, by its labels and its network."""

    port: Reference | None = None
    address: IpAddress | None = None
    network: Reference | None = None
    labels: Labels | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "EndpointIn":
        named = [self.port is not None, self.address is not None, self.network is not None]
        if sum(named) != 1 or (self.labels is not None and self.network is None):
            raise ValueError("name a port, or an address, or the network and labels of a port to come")
        return self


class TrafficIn(Body):
    """One packet's worth of traffic; ICMP without a type is what ping sends."""

    protocol: Protocol | None = Field(default=None, description="None is any that no rule can name.")
    port: int | None = Number
    source_port: int | None = Number
    icmp_type: int | None = Field(default=None, ge=0, le=255)
    icmp_code: int = Field(default=0, ge=0, le=255)

    def to_model(self, version: int) -> Header | None:
        """The header in IP `version`, or None where that version has no such traffic. Raises Invalid."""
        protocol = self.protocol
        if protocol in WITH_PORTS:
            if self.port is None:
                raise Invalid(
                    f"name the destination port of {protocol}: {protocol}/443", field="traffic.port"
                )
            source = EPHEMERAL if self.source_port is None else self.source_port
            return Header(version=version, protocol=protocol, value=self.port, source_port=source)
        if self.port is not None or self.source_port is not None:
            raise Invalid("ports need the protocol tcp, udp or sctp", field="traffic.port")
        if protocol in ICMP:
            if version != (4 if protocol is Protocol.ICMP else 6):
                return None
            echo = 8 if version == 4 else 128
            kind = echo if self.icmp_type is None else self.icmp_type
            return Header(version=version, protocol=protocol, value=kind << 8 | self.icmp_code)
        return Header(version=version)


class ExplainIn(Body):
    """Body of POST /explain: may `source` reach `destination`, and why?"""

    project: Reference | None = None
    source: EndpointIn
    destination: EndpointIn
    traffic: TrafficIn
    remedies: bool = Field(default=False, description="Also say what would turn the verdict.")


class EndpointShown(Shown):
    """One end, as it was understood; without `port` nobody of ours has the address."""

    port: UUID | None
    name: str
    address: str

    @classmethod
    def from_model(cls, station: Station) -> "EndpointShown":
        """The end as it is shown."""
        known = None if station.port is None or station.port.id == TO_COME else station.port.id
        return cls(port=known, name=name_of(station), address=str(station.address))


class CreditShown(Shown):
    """Who made a line what it is, when, and in which revision."""

    author: str
    at: datetime
    revision: int

    @classmethod
    def from_model(cls, change: Change | None) -> "CreditShown | None":
        """The credit as it is shown."""
        if change is None:
            return None
        return cls(author=change.author, at=change.at, revision=change.revision)


class LineShown(Shown):
    """One line of what is evaluated. `rule_number` counts from 1 in the policy."""

    origin: Origin
    action: Action
    text: str
    policy_id: UUID | None
    policy: str | None
    tier: str | None
    rule_id: UUID | None
    rule_number: int | None
    description: str
    credit: CreditShown | None

    @classmethod
    def from_model(cls, told: Telling, line: Line) -> "LineShown":
        """The line as it is shown."""
        policy, rule = line.policy, line.rule
        return cls(
            origin=line.origin,
            action=line.action,
            text=rule_text(told.snapshot, line),
            policy_id=None if policy is None else policy.id,
            policy=None if policy is None else policy.name,
            tier=None if policy is None else policy.tier,
            rule_id=None if rule is None else rule.id,
            rule_number=None if rule is None else line.place + 1,
            description="" if rule is None else rule.description,
            credit=CreditShown.from_model(told.origin(line)),
        )


class DecisionShown(Shown):
    """What decided at one endpoint: `line`; what would decide without it; and the rules that came close."""

    endpoint: str
    direction: Direction
    line: LineShown
    next: LineShown | None
    close: list[LineShown]

    @classmethod
    def from_model(cls, told: Telling, decision: Decision | None) -> "DecisionShown | None":
        """The decision as it is shown; None where no port of ours decides."""
        if decision is None:
            return None
        following = decision.next_line
        return cls(
            endpoint=decision.port.name,
            direction=decision.line.direction,
            line=LineShown.from_model(told, decision.line),
            next=None if following is None else LineShown.from_model(told, following),
            close=[LineShown.from_model(told, line) for line in decision.close],
        )


class WouldShown(Shown):
    """What would decide if all policies were enforced: only lines of policies that are not in force."""

    passes: bool
    egress: LineShown | None
    ingress: LineShown | None

    @classmethod
    def from_model(cls, told: Telling, would: Would | None) -> "WouldShown | None":
        """The same as it is shown; None where nothing would decide otherwise."""
        if would is None:
            return None
        lines = [
            None if d is None else LineShown.from_model(told, d.line) for d in (would.egress, would.ingress)
        ]
        return cls(passes=would.verdict.passes, egress=lines[0], ingress=lines[1])


class VerdictShown(Shown):
    """The verdict for one pair of addresses; `sentences` are for people.

    `if_enforced` is what drafts, and policies in audit, would decide instead.
    """

    version: int
    source: EndpointShown
    destination: EndpointShown
    traffic: str
    passes: bool
    obstacle: Obstacle | None
    answers: Answers
    egress: DecisionShown | None
    ingress: DecisionShown | None
    if_enforced: WouldShown | None
    sentences: list[str]

    @classmethod
    def from_model(cls, told: Telling, verdict: Verdict, unenforced: Unenforced) -> "VerdictShown":
        """The verdict as it is shown, beside what `unenforced` policies of the same model would decide."""
        would = unenforced.would(verdict)
        sentences = tell(told.snapshot, verdict, told.credit)
        return cls(
            version=verdict.header.version,
            source=EndpointShown.from_model(verdict.source),
            destination=EndpointShown.from_model(verdict.destination),
            traffic=traffic_text(verdict.header),
            passes=verdict.passes,
            obstacle=verdict.obstacle,
            answers=verdict.answers,
            egress=DecisionShown.from_model(told, verdict.egress),
            ingress=DecisionShown.from_model(told, verdict.ingress),
            if_enforced=WouldShown.from_model(told, would),
            sentences=[*sentences, *([] if would is None else [unenforced.tell(would)])],
        )


class ExplainShown(Shown):
    """Verdicts, one for each pair of addresses that the two ends have; `passes` if any of them does.

    `remedies` are changes that would turn the first verdict that policy can turn, the one that does least
    else first: only such as the caller may make, each tried on the model. None were asked for, or none help.
    """

    revision: int
    passes: bool
    verdicts: list[VerdictShown]
    remedies: list[RemedyShown]
