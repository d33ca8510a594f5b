"""Bodies of /hosts/{host}/progress, /flush and /flushed: how far a host is, and what it must end."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from pydantic import Field

from weft.api.schemas.base import Body, IpAddress, LongText, Shown
from weft.model.judgement import Clause, Judgement, Peers
from weft.model.policy import Direction, Protocol

Range = tuple[int, int]


class UnparsedIn(Body):
    """A match that ovn-controller could not parse, and what it said."""

    match: LongText
    problem: LongText = ""


class ProgressIn(Body):
    """Body of POST /hosts/{host}/progress: how far the host's flows are, and what they lack."""

    nb_cfg: Annotated[int, Field(strict=True, ge=0, le=2**53)]
    unparsed: Annotated[list[UnparsedIn], Field(max_length=100)] = Field(default_factory=list)


class ProgressTold(Shown):
    """The newest `nb_cfg` that was asked for, and whether the host has connections to end (GET /flush)."""

    realised_nb_cfg: int
    flush: bool


class ClauseShown(Shown):
    """One line of policy. `peers` are numbers in the work's list of peers; absent and empty are any."""

    allows: bool
    peers: int | None
    version: int | None
    protocol: Protocol | None
    values: list[Range]
    source_ports: list[Range]


class JudgementShown(Shown):
    """All that policy says of what opens towards or from `addresses`; what no clause covers must end."""

    direction: Direction
    addresses: list[IpAddress]
    clauses: list[ClauseShown]


class DomainShown(Shown):
    """One routing domain: the host's ports in it, and the judgements about any ports of it."""

    ports: list[UUID]
    judgements: list[JudgementShown]


class FlushShown(Shown):
    """What a host has to end in the connection tracking zones of `ports`.

    `acknowledge` is the revision to name in POST /flushed once done; null while another host does not have
    all of the flows yet, when it has to be done again.
    """

    acknowledge: int | None
    peers: list[list[str]]
    domains: list[DomainShown]

    @classmethod
    def from_model(
        cls, acknowledge: int | None, domains: Iterable[tuple[list[UUID], list[Judgement]]]
    ) -> "FlushShown":
        """The work as it is shown; peers that several clauses name are listed once."""
        numbers: dict[Peers, int] = {}
        shown = [
            DomainShown(
                ports=ports,
                judgements=[
                    JudgementShown(
                        direction=judgement.direction,
                        addresses=sorted(judgement.addresses, key=str),
                        clauses=[_clause(clause, numbers) for clause in judgement.clauses],
                    )
                    for judgement in judgements
                ],
            )
            for ports, judgements in domains
        ]
        return cls(acknowledge=acknowledge, peers=[_prefixes(peers) for peers in numbers], domains=shown)


def _clause(clause: Clause, numbers: dict[Peers, int]) -> ClauseShown:
    peers = None if clause.peers is None else numbers.setdefault(clause.peers, len(numbers))
    return ClauseShown(
        allows=clause.allows,
        peers=peers,
        version=clause.version,
        protocol=clause.protocol,
        values=list(clause.values),
        source_ports=list(clause.source_ports),
    )


def _prefixes(peers: Peers) -> list[str]:
    return sorted([*map(str, peers.hosts), *map(str, peers.prefixes)])


class FlushedIn(Body):
    """Body of POST /hosts/{host}/flushed."""

    revision: Annotated[int, Field(strict=True, ge=1, le=2**53)]
