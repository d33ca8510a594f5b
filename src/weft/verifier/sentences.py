"""A verdict in two sentences that a person understands."""

from collections.abc import Callable, Iterator, Mapping

from weft.model.ids import GroupId, NetworkId
from weft.model.policy import Action, Direction, Protocol
from weft.model.snapshot import Snapshot
from weft.verifier.lines import (
    Everyone,
    Line,
    OfGroup,
    OfNetwork,
    OfProject,
    OfZone,
    Origin,
    Publishing,
    Quarantined,
    Who,
    Within,
)
from weft.verifier.packet import ICMP, LARGEST, Header
from weft.verifier.station import Station
from weft.verifier.translation import address_outside
from weft.verifier.verdict import Answers, Decision, Obstacle, Verdict

_CALLED: Mapping[type[Who], str] = {
    Everyone: "any",
    OfProject: "every endpoint of the project",
    Quarantined: "quarantined endpoints",
    Publishing: "endpoints that publish it",
}
_DOES = {Action.ALLOW: "allows", Action.DROP: "drops", Action.REJECT: "rejects"}


def _nobody(line: Line) -> str:
    del line
    return ""


def tell(snapshot: Snapshot, verdict: Verdict, credit: Callable[[Line], str] = _nobody) -> tuple[str, ...]:
    """What happens and which line decided it; what the other side says, or becomes of the answers; then NAT.

    `credit` says who wrote a line, as in `alice, revision 7`.
    """
    told = _Telling(snapshot, credit)
    return *told.verdict(verdict), *_translations(snapshot, verdict)


def _translations(snapshot: Snapshot, verdict: Verdict) -> Iterator[str]:
    """What routers translate on the way."""
    source, destination = verdict.source, verdict.destination
    if destination.floating is not None:
        called = f"floating IP {destination.floating.name} ({destination.floating.address})"
        yield f"{called} is translated to {destination.address} of {name_of(destination)} (NAT)."
    if source.port is None or not verdict.passes:
        return
    outside = verdict.asked.address if verdict.asked.port is None else None
    address = None if outside is None else address_outside(snapshot, source.port, outside)
    if address is not None:
        yield f"There {source.address} of {name_of(source)} is seen as {address} (NAT)."


class _Telling:
    """The parts of sentences, with the names of one snapshot."""

    def __init__(self, snapshot: Snapshot, credit: Callable[[Line], str]) -> None:
        self._snapshot = snapshot
        self._credit = credit

    def verdict(self, verdict: Verdict) -> tuple[str, str]:
        """What happens, and what else is to be said of it."""
        source, target = name_of(verdict.source), name_of(verdict.destination)
        what = f"{source} {{}} {target} on {traffic_text(verdict.header)}"
        if verdict.obstacle is not None:
            return f"{what.format('cannot reach')}: {self.obstacle(verdict)}.", self.policy_beside(verdict)
        blocking = verdict.decisive
        if blocking is None:
            return f"{what.format('reaches')}: {self.both(verdict)}.", self.answers(verdict)
        return f"{what.format('does not reach')}: {self.decision(blocking)}.", self.other_side(
            verdict, blocking
        )

    def decision(self, decision: Decision) -> str:
        """As in: rule 2 of policy db drops it where db-1 receives (alice, revision 7)."""
        side = "sends" if decision.line.direction is Direction.EGRESS else "receives"
        said = (
            f"{self.line(decision.line)} {_DOES[decision.line.action]} it where {decision.port.name} {side}"
        )
        credit = self._credit(decision.line)
        return f"{said} ({credit})" if credit else said

    def both(self, verdict: Verdict) -> str:
        """Why both sides let it pass."""
        found = [self.decision(d) for d in (verdict.egress, verdict.ingress) if d is not None]
        return ", and ".join(found)

    def line(self, line: Line) -> str:
        """What a line is called."""
        policy = line.policy
        if policy is not None:
            called = f"rule {line.place + 1} of policy {policy.name} (tier {policy.tier})"
            return f"the answer side of stateless {called}" if line.origin is Origin.ANSWERS else called
        match line.origin:
            case Origin.SYSTEM:
                return "the system (a port's own DHCP and neighbour discovery always work)"
            case Origin.QUARANTINE:
                return "quarantine (its workload is not known yet)"
            case Origin.PUBLISHED:
                return f"what its host publishes of it ({line_traffic_text(line)})"
            case Origin.DEFAULT:
                return f"the default of network {self._network(line)}, for no rule matches,"
            case _:
                return "the end of the list (no rule matches, and the network's default does not allow it)"

    def _network(self, line: Line) -> str:
        target = line.target
        return self._snapshot.networks[target.network].name if isinstance(target, OfNetwork) else "?"

    def obstacle(self, verdict: Verdict) -> str:
        """Why no policy could let it pass."""
        source = name_of(verdict.source)
        match verdict.obstacle:
            case Obstacle.SAME_PORT:
                return "they are the same endpoint, so nothing goes over the network"
            case Obstacle.OTHER_FAMILY:
                return f"they have no IPv{verdict.header.version} address in common to speak from and to"
            case Obstacle.SPOOFED:
                return f"{verdict.source.address} is not an address of {source}, and anti-spoofing drops it"
            case _:
                return self._no_route(verdict)

    def _no_route(self, verdict: Verdict) -> str:
        networks = [
            self._snapshot.networks[station.port.network_id].name
            for station in (verdict.source, verdict.destination)
            if station.port is not None
        ]
        if len(networks) == 2:
            return f"no router joins the networks {networks[0]} and {networks[1]}"
        return f"no route leads out of network {networks[0] if networks else 'any'} to it"

    def policy_beside(self, verdict: Verdict) -> str:
        """What policy would say if nothing else were in the way."""
        blocking = verdict.decisive
        if blocking is None:
            return "Policy would allow it."
        return f"Policy would not let it pass either: {self.decision(blocking)}."

    def other_side(self, verdict: Verdict, blocking: Decision) -> str:
        """What the side that is not blamed says."""
        other = verdict.ingress if blocking is verdict.egress else verdict.egress
        if other is None:
            return "The other side has no policy of Weft's."
        prefix = "The other side would allow it" if other.line.allows else "The other side blocks it, too"
        return f"{prefix}: {self.decision(other)}."

    def answers(self, verdict: Verdict) -> str:
        """What becomes of the answers."""
        match verdict.answers:
            case Answers.BY_STATE:
                return "Answers come back by themselves."
            case Answers.BY_RULE:
                return (
                    "Answers come back because rules allow them, for a stateless rule is about this traffic."
                )
            case Answers.LOST:
                return (
                    "Answers do not come back: a stateless rule is about this traffic, "
                    "and no rule allows the way back."
                )


def name_of(station: Station) -> str:
    """What a person calls the station."""
    return str(station.address) if station.port is None else station.port.name


def traffic_text(header: Header) -> str:
    """The header as a service is written: tcp/443, icmp/8."""
    if header.protocol is None:
        return "other IP protocols"
    if header.protocol in ICMP:
        kind, code = divmod(header.value, 256)
        return f"{header.protocol}/{kind}/{code}" if code else f"{header.protocol}/{kind}"
    return f"{header.protocol}/{header.value}"


def who_text(snapshot: Snapshot, who: Who) -> str:
    """Whom a line is about."""
    match who:
        case OfGroup(group):
            said = f"group {_group(snapshot, group)}"
        case OfNetwork(network):
            said = f"network {_network(snapshot, network)}"
        case OfZone(zone=zone):
            said = f"zone {zone}"
        case Within(prefixes):
            said = ", ".join(map(str, prefixes)) or "no address"
        case Everyone() | OfProject() | Quarantined() | Publishing():
            said = _CALLED[type(who)]
    return said


def rule_text(snapshot: Snapshot, line: Line) -> str:
    """What a line says, as in: allow ingress tcp/443 from group web."""
    peer = who_text(snapshot, line.peer)
    towards = "from" if line.direction is Direction.INGRESS else "to"
    return f"{line.action} {line.direction} {line_traffic_text(line)} {towards} {peer}"


def line_traffic_text(line: Line) -> str:
    """The traffic of a line as a service is written."""
    traffic = line.traffic
    if traffic.protocol is None:
        return "any"
    if traffic.protocol in ICMP:
        return ",".join([_icmp_text(traffic.protocol, *r) for r in traffic.values]) or str(traffic.protocol)
    text = str(traffic.protocol)
    if traffic.values:
        text += "/" + ",".join(_range_text(*ports) for ports in traffic.values)
    if traffic.source_ports:
        text += " from port " + ",".join(_range_text(*ports) for ports in traffic.source_ports)
    return text


def _icmp_text(protocol: Protocol, first: int, last: int) -> str:
    kind, code = divmod(first, 256)
    return f"{protocol}/{kind}/{code}" if first == last else f"{protocol}/{kind}"


def _range_text(first: int, last: int) -> str:
    if (first, last) == (0, LARGEST):
        return "any"
    return str(first) if first == last else f"{first}-{last}"


def _group(snapshot: Snapshot, group: GroupId) -> str:
    found = snapshot.groups.get(group)
    return str(group) if found is None else found.name


def _network(snapshot: Snapshot, network: NetworkId) -> str:
    found = snapshot.networks.get(network)
    return str(network) if found is None else found.name
