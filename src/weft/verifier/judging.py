"""What the policy of a snapshot says of connections that exist: the judgements that hosts end them by."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from weft.model.ids import DomainId, PortId
from weft.model.judgement import Clause, Judgement, Peers
from weft.model.policy import Direction
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.verifier.lines import Line, Who, lines
from weft.verifier.membership import Membership
from weft.verifier.station import domain_around, known_by
from weft.verifier.tightening import Cut


def judgements(snapshot: Snapshot, cut: Cut) -> Mapping[DomainId, list[Judgement]]:
    """The judgements about the ports of `cut` that are there still, by routing domain.

    Ports with the same policy share one.
    """
    found: defaultdict[DomainId, list[Judgement]] = defaultdict(list)
    in_order = list(lines(snapshot))
    for direction in Direction:
        about = [line for line in in_order if line.direction is direction]
        for domain, ports in _by_domain(snapshot, cut.of(direction)).items():
            membership = Membership(snapshot, domain_around(snapshot, ports[0].network_id))
            found[domain] += _judgements(membership, direction, about, ports)
    return found


def _by_domain(snapshot: Snapshot, wanted: Iterable[PortId]) -> Mapping[DomainId, list[Port]]:
    found: defaultdict[DomainId, list[Port]] = defaultdict(list)
    for port_id in wanted:
        port = snapshot.ports.get(port_id)
        if port is not None:
            found[snapshot.domain_of(port.network_id)].append(port)
    return found


def _judgements(
    membership: Membership, direction: Direction, about: list[Line], ports: list[Port]
) -> Iterator[Judgement]:
    targets = list(dict.fromkeys(line.target for line in about))
    alike: defaultdict[frozenset[Who], list[Port]] = defaultdict(list)
    for port in ports:
        alike[frozenset(who for who in targets if membership.has_target(who, port))].append(port)
    peers: dict[Who, Peers | None] = {}
    for of, same in alike.items():
        mine = [line for line in about if line.target in of]
        for line in mine:
            if line.peer not in peers:
                peers[line.peer] = membership.peers(line.peer)
        yield Judgement(
            direction=direction,
            addresses=frozenset(address for port in same for address in known_by(port)),
            clauses=tuple(_clause(line, peers[line.peer]) for line in mine),
        )


def _clause(line: Line, peers: Peers | None) -> Clause:
    return Clause(
        allows=line.allows,
        peers=peers,
        version=line.traffic.version,
        protocol=line.traffic.protocol,
        values=line.traffic.values,
        source_ports=line.traffic.source_ports,
    )
