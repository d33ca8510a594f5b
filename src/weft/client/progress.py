"""What the server answers to a host that tells how far it is: the connections that it must end."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Self

from weft.client.types import Json
from weft.model.judgement import Clause, Judgement, Judgements, Peers
from weft.model.policy import Direction, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressTold:
    """The newest `nb_cfg` that the server asked for, and whether the host has connections to end."""

    realised_nb_cfg: int
    flush: bool

    @classmethod
    def from_body(cls, body: Json) -> Self:
        """What `body` tells."""
        return cls(realised_nb_cfg=int(body.get("realised_nb_cfg") or 0), flush=bool(body.get("flush")))


@dataclass(frozen=True, slots=True, kw_only=True)
class FlushDomain:
    """A host's ports in one routing domain, and what policy says of connections there."""

    ports: tuple[str, ...]
    judgements: Judgements


@dataclass(frozen=True, slots=True, kw_only=True)
class FlushWork:
    """The connections that a host must end, and the revision that it then acknowledges, if it may."""

    acknowledge: int | None
    domains: tuple[FlushDomain, ...]

    @classmethod
    def from_body(cls, body: Json) -> Self:
        """The work that `body` shows."""
        peers = [Peers.of(map(ip_network, prefixes)) for prefixes in body.get("peers") or ()]
        return cls(
            acknowledge=body.get("acknowledge"),
            domains=tuple(
                FlushDomain(
                    ports=tuple(domain["ports"]),
                    judgements=Judgements.of(_judgement(one, peers) for one in domain["judgements"]),
                )
                for domain in body["domains"]
            ),
        )


def _judgement(body: Json, peers: Sequence[Peers]) -> Judgement:
    return Judgement(
        direction=Direction(body["direction"]),
        addresses=frozenset(ip_address(address) for address in body["addresses"]),
        clauses=tuple(_clause(clause, peers) for clause in body["clauses"]),
    )


def _clause(body: Json, peers: Sequence[Peers]) -> Clause:
    named, protocol = body.get("peers"), body.get("protocol")
    return Clause(
        allows=bool(body["allows"]),
        peers=None if named is None else peers[named],
        version=body.get("version"),
        protocol=None if protocol is None else Protocol(protocol),
        values=tuple((first, last) for first, last in body.get("values") or ()),
        source_ports=tuple((first, last) for first, last in body.get("source_ports") or ()),
    )
