"""What policies in audit would have decided otherwise of what hosts saw: an estimate, in the words of drops.

OVN before 23.06 has one list of rules, in which the first that matches decides: a rule there cannot count
and go on. So nothing of such a policy is compiled. It is read by the verifier, as if it were enforced, about
every connection that hosts track at ports that it is for, and every packet that they log as dropped there.
"""

import threading
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, replace
from datetime import datetime

from weft.api.drops import ByRule, Drop, End, Flow, Traffic, Verdict
from weft.model.ids import HostName, PortId
from weft.model.judgement import Connection
from weft.model.network import Address
from weft.model.policy import Action, Direction, Mode, Policy
from weft.model.port import Port
from weft.model.snapshot import Snapshot, is_for
from weft.verifier.lines import Line
from weft.verifier.packet import ICMP, WITH_PORTS, Header
from weft.verifier.station import Station, owner
from weft.verifier.unenforced import enforcing
from weft.verifier.verdict import Judge

_WOULD = {Action.DROP: Verdict.WOULD_DROP, Action.REJECT: Verdict.WOULD_REJECT}


@dataclass(frozen=True, slots=True)
class Seen:
    """A connection that a host tracks at one of its ports."""

    port_id: PortId
    connection: Connection


class Audit:
    """The policies of one snapshot that are in audit, read as if they were enforced. For any thread."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Reads all policies, if any is in audit."""
        self._snapshot = snapshot
        self._policies = {key: one for key, one in snapshot.policies.items() if one.mode is Mode.AUDIT}
        self._judge = Judge(enforcing(snapshot, {Mode.AUDIT})) if self._policies else None
        self.ports: Set[PortId] = {port for one in self._policies.values() for port in _meant(snapshot, one)}
        """The ports that any of them is for."""

    def ports_on(self, host: HostName) -> list[PortId]:
        """Those of them that are bound to `host`: of what it tracks there, it is asked."""
        return sorted(port.id for port in self._snapshot.ports_on.get(host, ()) if port.id in self.ports)

    def of_connections(self, host: HostName, seen: Iterable[Seen], now: datetime) -> Iterator[Drop]:
        """Connections that would have been dropped or rejected; only those at ports of `host`."""
        for one in seen:
            port, found = self._snapshot.ports.get(one.port_id), one.connection
            if port is None or port.host != host or port.id not in self.ports:
                continue
            direction = Direction.EGRESS if _has(port, found.source) else Direction.INGRESS
            own, far = found.source, found.destination
            if direction is Direction.INGRESS:
                own, far = far, own
            header = Header(
                version=far.version, protocol=found.protocol, value=found.value, source_port=found.source_port
            )
            line = self._decides(port, direction, far, header)
            if _has(port, own) and line is not None and not line.allows:
                flow = self._flow(host, port, line, (own, far), _traffic(found))
                yield Drop(
                    flow=flow, count=1, first_at=now, last_at=now, source_port=found.source_port or None
                )

    def of_drops(self, drops: Iterable[Drop]) -> Iterator[Drop]:
        """Packets that were dropped or rejected, and would have been let pass at that port."""
        for drop in drops:
            flow = drop.flow
            own, far = flow.source, flow.destination
            if flow.direction is Direction.INGRESS:
                own, far = far, own
            port = None if own.port_id is None else self._snapshot.ports.get(own.port_id)
            if port is None or port.id not in self.ports or flow.verdict is Verdict.ALLOW:
                continue
            if far.address is None:
                continue
            line = self._decides(port, flow.direction, far.address, _header(drop, far.address.version))
            if line is not None and line.allows:
                yield replace(drop, flow=replace(flow, verdict=Verdict.WOULD_ALLOW, by=_by(line)))

    def _decides(self, port: Port, direction: Direction, far: Address, header: Header) -> Line | None:
        """The line that would decide, if it is one of a policy in audit."""
        if self._judge is None:
            return None
        line = self._judge.decision(port, direction, Station(far), header).line
        return line if line.policy is not None and line.policy.id in self._policies else None

    def _flow(
        self, host: HostName, port: Port, line: Line, ends: tuple[Address, Address], traffic: Traffic
    ) -> Flow:
        own, far = End(address=ends[0], port_id=port.id, name=port.name), self._end(port, ends[1])
        source, destination = (far, own) if line.direction is Direction.INGRESS else (own, far)
        return Flow(
            project_id=port.project_id,
            host=host,
            verdict=_WOULD[line.action],
            direction=line.direction,
            by=_by(line),
            source=source,
            destination=destination,
            traffic=traffic,
            asked=False,
        )

    def _end(self, port: Port, address: Address) -> End:
        """The other end, named if it is of the same project."""
        other = owner(self._snapshot, port.network_id, address)
        if other is None or other.project_id != port.project_id:
            return End(address=address)
        return End(address=address, port_id=other.id, name=other.name)


class Audits:
    """The audit of the newest model that was asked about. From any thread."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self._turn = threading.Lock()
        self._last: tuple[Snapshot, Audit] | None = None

    def __call__(self, snapshot: Snapshot) -> Audit:
        """The audit of `snapshot`."""
        with self._turn:
            if self._last is None or self._last[0] is not snapshot:
                self._last = snapshot, Audit(snapshot)
            return self._last[1]


def _meant(snapshot: Snapshot, policy: Policy) -> Set[PortId]:
    return {port.id for port in snapshot.ports.values() if is_for(snapshot, policy, port)}


def _has(port: Port, address: Address) -> bool:
    return any(fixed.address == address for fixed in port.fixed_ips)


def _by(line: Line) -> ByRule:
    policy, rule = line.policy, line.rule
    if policy is None or rule is None:
        raise ValueError("only rules of policies are audited")
    return ByRule(
        policy_id=policy.id,
        policy=policy.name,
        tier=policy.tier,
        rule_id=rule.id,
        place=line.place + 1,
        description=rule.description,
    )


def _header(drop: Drop, version: int) -> Header:
    traffic = drop.flow.traffic
    if traffic.protocol in ICMP:
        value = (traffic.icmp_type or 0) << 8 | (traffic.icmp_code or 0)
        return Header(version=version, protocol=traffic.protocol, value=value)
    source_port = drop.source_port or 0
    return Header(
        version=version, protocol=traffic.protocol, value=traffic.port or 0, source_port=source_port
    )


def _traffic(found: Connection) -> Traffic:
    if found.protocol in ICMP:
        kind, code = divmod(found.value, 256)
        return Traffic(protocol=found.protocol, icmp_type=kind, icmp_code=code)
    return Traffic(protocol=found.protocol, port=found.value if found.protocol in WITH_PORTS else None)
