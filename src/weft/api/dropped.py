"""What a host read in ovn-controller's log, in the words of the model: who, by which rule, at whose port.

A host tells only of its own ports. What it says of others, or of rules and networks that are none of theirs,
is nothing: it is left out, and counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property

from weft.api.drops import ByNetwork, ByRule, Decider, Drop, End, Flow, Traffic, Verdict
from weft.compiler import names
from weft.compiler.merging import runs
from weft.model.ids import HostName, NetworkId, PolicyId, PortId, ProjectId, RuleId
from weft.model.network import Address
from weft.model.policy import Direction, Policy, Rule
from weft.model.port import Port
from weft.model.snapshot import Snapshot

_Run = Sequence[tuple[int, Rule]]
"""The rules that one ACL stands for, each with its place in the policy, from 1."""

_DECIDERS = {names.Band.DEFAULT: Decider.DEFAULT, names.Band.QUARANTINE: Decider.QUARANTINE}
_GROUP_BIT = 1
"""In the first octet of a MAC address: for more than one station (IEEE 802)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packets:
    """Packets of one kind as ovn-controller logged them, between two moments.

    `direction` is as seen from the workload at whose port the ACL called `name` was.
    """

    name: str
    verdict: Verdict
    direction: Direction
    count: int
    first_at: datetime
    last_at: datetime
    source_mac: str
    destination_mac: str
    source: Address
    destination: Address
    traffic: Traffic
    source_port: int | None = None


@dataclass(frozen=True, slots=True)
class _Decided:
    """Who decided, for which project, and on which network if that is known by it alone."""

    by: ByRule | ByNetwork
    project: ProjectId
    network: NetworkId | None = None
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Spoofing:
    """How many packets of a port anti-spoofing dropped between two moments."""

    port: PortId
    packets: int
    since: datetime
    until: datetime


class Placing:
    """Places what one host told in one snapshot of the model. For one thread, and one message."""

    def __init__(self, snapshot: Snapshot, here: HostName) -> None:
        """Of `here`, which is a host."""
        self._snapshot, self._here = snapshot, here
        self._at = cache(self._ports_around)
        self._known: dict[PolicyId, Mapping[RuleId, _Run]] = {}

    def drop(self, packets: Packets) -> Drop | None:
        """The packets as an entry; None when this host has nothing to say of them."""
        decided = self._decided(packets)
        if decided is None:
            return None
        mine = [port for port in self._ports if _is_meant(port, decided)]
        if not mine:
            return None
        own_mac, own_address, other_address = _sides(packets)
        own = _whose(mine, own_mac, own_address)
        if own is None and not _for_many(own_mac):
            return None
        network = decided.network if own is None else own.network_id
        around = {} if network is None else self._at(network)
        other = around.get(other_address)
        own_end = End(address=own_address) if own is None else _end(own_address, own)
        other_end = End(address=other_address)
        if other is not None and other.project_id == decided.project:
            other_end = _end(other_address, other)
        source, destination = own_end, other_end
        if packets.direction is Direction.INGRESS:
            source, destination = other_end, own_end
        flow = Flow(
            project_id=decided.project,
            host=self._here,
            verdict=packets.verdict,
            direction=packets.direction,
            by=decided.by,
            source=source,
            destination=destination,
            traffic=packets.traffic,
            asked=decided.asked,
        )
        return Drop(
            flow=flow,
            count=packets.count,
            first_at=packets.first_at,
            last_at=packets.last_at,
            source_port=packets.source_port,
        )

    @cached_property
    def _ports(self) -> Sequence[Port]:
        return self._snapshot.ports_on.get(self._here, ())

    def _decided(self, packets: Packets) -> _Decided | None:
        named = names.logged(packets.name)
        if named is None:
            return None
        if named.band is not None:
            network = self._snapshot.networks.get(NetworkId(named.of))
            if network is None:
                return None
            by = ByNetwork(decider=_DECIDERS[named.band], network_id=network.id, network=network.name)
            return _Decided(by, network.project_id, network.id)
        policy = self._snapshot.policy_of.get(RuleId(named.of))
        if policy is None:
            return None
        run = self._runs(policy)[RuleId(named.of)]
        return _Decided(_by_rule(policy, run, packets.traffic), policy.project_id, None, run[0][1].log)

    def _runs(self, policy: Policy) -> Mapping[RuleId, _Run]:
        if policy.id not in self._known:
            self._known[policy.id] = _runs_of(policy)
        return self._known[policy.id]

    def _ports_around(self, network: NetworkId) -> Mapping[Address, Port]:
        """Who has which address in the routing domain of `network`."""
        domain = self._snapshot.domain_of(network)
        return {
            fixed.address: port
            for each in self._snapshot.networks_in(domain)
            for port in self._snapshot.ports_of.get(each, ())
            for fixed in port.fixed_ips
        }


def _runs_of(policy: Policy) -> Mapping[RuleId, _Run]:
    """By each rule the rules of its ACL."""
    found: dict[RuleId, _Run] = {}
    first = 1
    for run in runs(policy):
        numbered = list(enumerate(run, first))
        found.update((rule.id, numbered) for rule in run)
        first += len(run)
    return found


def _by_rule(policy: Policy, run: _Run, traffic: Traffic) -> ByRule:
    """The rule that the packets met: of those that are one ACL, the one that names their port."""
    meant = [(place, rule) for place, rule in run if _names_port(rule, traffic)]
    place, met = (meant or run)[0]
    return ByRule(
        policy_id=policy.id,
        policy=policy.name,
        tier=policy.tier,
        rule_id=met.id,
        place=place,
        description=met.description,
        together=() if meant else tuple(rule.id for _, rule in run[1:]),
    )


def _names_port(rule: Rule, traffic: Traffic) -> bool:
    port = traffic.port
    return port is not None and any(each.first <= port <= each.last for each in rule.service.ports)


def _is_meant(port: Port, decided: _Decided) -> bool:
    """Whether the ACL can be at `port`."""
    if decided.network is not None:
        return port.network_id == decided.network
    return port.project_id == decided.project


def _sides(packets: Packets) -> tuple[str, Address, Address]:
    """The MAC and the address on the side where the ACL was, and the address on the other."""
    if packets.direction is Direction.EGRESS:
        return packets.source_mac, packets.source, packets.destination
    return packets.destination_mac, packets.destination, packets.source


def _whose(ports: Sequence[Port], mac: str, address: Address) -> Port | None:
    """The port with this MAC and address; with the MAC alone if no other has it."""
    same = [port for port in ports if port.mac == mac]
    exact = [port for port in same if any(fixed.address == address for fixed in port.fixed_ips)]
    return exact[0] if exact else same[0] if len(same) == 1 else None


def _for_many(mac: str) -> bool:
    return bool(int(mac[:2], 16) & _GROUP_BIT)


def _end(address: Address, port: Port) -> End:
    return End(address=address, port_id=port.id, name=port.name)


def placed(snapshot: Snapshot, here: HostName, told: Sequence[Packets]) -> tuple[Sequence[Drop], int]:
    """The entries that a host's packets make, and how many packets it has nothing to say of."""
    placing = Placing(snapshot, here)
    found = [(packets, placing.drop(packets)) for packets in told]
    return [drop for _, drop in found if drop is not None], sum(p.count for p, drop in found if drop is None)


def forged(snapshot: Snapshot, here: HostName, told: Sequence[Spoofing]) -> tuple[Sequence[Drop], int]:
    """The entries that a host's forged packets make, and how many are of ports that are not there."""
    mine = {port.id: port for port in snapshot.ports_on.get(here, ())}
    found = [_forged(snapshot, here, mine[one.port], one) for one in told if one.port in mine]
    return found, sum(one.packets for one in told if one.port not in mine)


def _forged(snapshot: Snapshot, here: HostName, port: Port, told: Spoofing) -> Drop:
    network = snapshot.networks[port.network_id]
    by = ByNetwork(decider=Decider.ANTI_SPOOFING, network_id=network.id, network=network.name)
    flow = Flow(
        project_id=port.project_id,
        host=here,
        verdict=Verdict.DROP,
        direction=Direction.EGRESS,
        by=by,
        source=End(address=None, port_id=port.id, name=port.name),
        destination=End(address=None),
        traffic=Traffic(protocol=None),
        asked=None,
    )
    return Drop(flow=flow, count=told.packets, first_at=told.since, last_at=told.until)
