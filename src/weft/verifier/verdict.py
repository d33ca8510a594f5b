"""May A reach B? The verdict on one packet and its answers, and the lines that decided, as data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from weft.model.network import Address
from weft.model.policy import Direction
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.verifier.lines import REVERSE, Line, Who, lines
from weft.verifier.membership import Membership, inside
from weft.verifier.packet import Header
from weft.verifier.station import Domain, Station, domain_around, goes_by, may_use, owners, stays_on_link
from weft.verifier.translation import asked_for, leads_in, seen_as

_MOST_CLOSE = 5


class Obstacle(StrEnum):
    """What keeps a packet from its way, whatever policy says."""

    SAME_PORT = "same-port"
    OTHER_FAMILY = "other-family"
    NO_ROUTE = "no-route"
    SPOOFED = "spoofed"


class Answers(StrEnum):
    """What becomes of the answers of a packet that passes."""

    BY_STATE = "by-state"
    BY_RULE = "by-rule"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Decision:
    """The `line` that decided at `port`, and those that came close: they match but for peer or service.

    `next_line` is what would decide if `line` were not there.
    """

    port: Port
    line: Line
    next_line: Line | None
    close: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the first packet of a conversation arrives; `egress` decided at the sender, `ingress` at the
    receiver. Either is None where there is no port; both are told even where an `obstacle` is in the way.
    The sender asks for `asked`, and the receiver sees `seen`: others, where a router translates.
    """

    source: Station
    destination: Station
    asked: Station
    seen: Station
    header: Header
    obstacle: Obstacle | None
    egress: Decision | None
    ingress: Decision | None
    answers: Answers

    @property
    def passes(self) -> bool:
        """Whether the packet arrives."""
        decisions = [decision for decision in (self.egress, self.ingress) if decision is not None]
        return self.obstacle is None and all(decision.line.allows for decision in decisions)

    @property
    def decisive(self) -> Decision | None:
        """The decision that keeps the packet out, if policy does; the sender's comes first."""
        return next((d for d in (self.egress, self.ingress) if d is not None and not d.line.allows), None)


class Judge:
    """Verdicts on one snapshot, whose lines are read once."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Reads the policies."""
        self._snapshot = snapshot
        self._lines: dict[Direction, list[Line]] = {direction: [] for direction in Direction}
        for line in lines(snapshot):
            self._lines[line.direction].append(line)

    def verdict(self, source: Station, destination: Station, header: Header) -> Verdict:
        """The verdict on a packet with `header` from `source` to `destination`.

        The ports need not be in the snapshot: one to come is judged by its labels and addresses.
        """
        obstacle = self._obstacle(source, destination, header)
        asked, seen = asked_for(destination), seen_as(self._snapshot, source, destination)
        egress = self._decide(source.port, Direction.EGRESS, asked, header)
        ingress = self._decide(destination.port, Direction.INGRESS, seen, header)
        return Verdict(
            source=source,
            destination=destination,
            asked=asked,
            seen=seen,
            header=header,
            obstacle=obstacle,
            egress=egress,
            ingress=ingress,
            answers=max(
                self._answered_at(source.port, Direction.EGRESS, asked, header),
                self._answered_at(destination.port, Direction.INGRESS, seen, header),
                key=list(Answers).index,
            ),
        )

    def _obstacle(self, source: Station, destination: Station, header: Header) -> Obstacle | None:
        ports = source.port, destination.port
        if ports[0] is not None and ports[1] is not None and ports[0].id == ports[1].id:
            return Obstacle.SAME_PORT
        if {source.address.version, destination.address.version} != {header.version}:
            return Obstacle.OTHER_FAMILY
        if not self._connected(source, destination):
            return Obstacle.NO_ROUTE
        if ports[0] is not None and not may_use(ports[0], source.address):
            return Obstacle.SPOOFED
        return None

    def _connected(self, source: Station, destination: Station) -> bool:
        """Whether a packet finds its way: on one network, through a router, or by a route to the outside."""
        if destination.floating is not None and not leads_in(self._snapshot, destination):
            return False
        if source.port is not None and destination.floating is not None:
            return self._leads_out(source.port, destination.floating.address)
        if source.port is None:
            return self._leads_out(destination.port, source.address)
        if destination.port is None:
            return self._leads_out(source.port, destination.address)
        if source.port.network_id == destination.port.network_id:
            return True
        local = stays_on_link(source.address) or stays_on_link(destination.address)
        return not local and destination.port.network_id in self._domain(source.port)

    def _leads_out(self, port: Port | None, address: Address) -> bool:
        router = None if port is None else self._snapshot.router_of.get(port.network_id)
        if router is not None and address.version in self._snapshot.versions_out(router):
            return not address.is_link_local
        return router is not None and any(inside(address, route.destination) for route in router.routes)

    def _domain(self, port: Port) -> Domain:
        return domain_around(self._snapshot, port.network_id)

    def _decide(
        self, port: Port | None, direction: Direction, peer: Station, header: Header
    ) -> Decision | None:
        return None if port is None else self.decision(port, direction, peer, header)

    def decision(self, port: Port, direction: Direction, peer: Station, header: Header) -> Decision:
        """What `port`'s lines say of a packet from or to `peer`; the last of them matches everything."""
        close: list[Line] = []
        decided: Line | None = None
        for line, from_peer in self._about(port, direction, peer):
            covered = line.traffic.covers(header)
            if from_peer and covered:
                if decided is not None:
                    return Decision(port, decided, line, tuple(close))
                decided = line
            elif decided is None and (from_peer or covered) and line.rule is not None:
                close = [*close, line][-_MOST_CLOSE:]
        if decided is None:
            raise ValueError(f"no line is about what {port.name} does")
        return Decision(port, decided, None, tuple(close))

    def _about(self, port: Port, direction: Direction, peer: Station) -> Iterator[tuple[Line, bool]]:
        """The lines that `port` is the target of, and whether `peer` is their peer."""
        domain = self._domain(port)
        membership = Membership(self._snapshot, domain)
        whose = self._owners(domain, peer)
        targets: dict[Who, bool] = {}
        peers: dict[Who, bool] = {}
        for line in self._lines[direction]:
            if line.target not in targets:
                targets[line.target] = membership.has_target(line.target, port)
            if not targets[line.target]:
                continue
            if line.peer not in peers:
                peers[line.peer] = membership.has_peer(line.peer, peer.address, whose)
            yield line, peers[line.peer]

    def _owners(self, domain: Domain, peer: Station) -> tuple[Port, ...]:
        """Whom the peer's address means: its own port, which may be one to come, and those who share it."""
        port = peer.port
        known = port is not None and port.network_id in domain and goes_by(port, peer.address)
        mine = (port,) if port is not None and known else ()
        if mine and not stays_on_link(peer.address):
            return mine
        return (*mine, *owners(self._snapshot, domain, peer.address))

    def _answered_at(self, port: Port | None, direction: Direction, peer: Station, header: Header) -> Answers:
        """Conntrack lets answers in where it saw the question: not where a stateless line is about them."""
        if port is None:
            return Answers.BY_STATE
        back = header.answered()
        if not self._stateless(port, REVERSE[direction], peer, back):
            asked = self._decide(port, direction, peer, header)
            seen = asked is not None and asked.line.stateful
            return Answers.BY_STATE if seen else Answers.LOST
        decision = self._decide(port, REVERSE[direction], peer, back)
        passes = decision is not None and decision.line.allows
        return Answers.BY_RULE if passes else Answers.LOST

    def _stateless(self, port: Port, direction: Direction, peer: Station, header: Header) -> bool:
        """Whether any stateless line is about the packet: then conntrack never sees it, whoever decides."""
        return any(
            from_peer and not line.stateful and line.traffic.covers(header)
            for line, from_peer in self._about(port, direction, peer)
        )


def between(source: Port, destination: Port, version: int) -> Iterator[tuple[Station, Station]]:
    """Every pair of addresses of one IP version under which two ports may speak."""
    for here in _of(source, version):
        for there in _of(destination, version):
            yield Station(here, source), Station(there, destination)


def _of(port: Port, version: int) -> Sequence[Address]:
    return [fixed.address for fixed in port.fixed_ips if fixed.address.version == version]
