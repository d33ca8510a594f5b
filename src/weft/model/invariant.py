"""Invariants: what must hold whatever the policies say, and what a change must not break."""

from dataclasses import dataclass, field
from enum import StrEnum

from weft.model.errors import Invalid
from weft.model.ids import InvariantId, ProjectId
from weft.model.policy import Peer, Service


class Promise(StrEnum):
    """What is promised of every port of the source with every port of the destination."""

    NEVER = "never"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """`source` never reaches `destination` with any of `service`, or always with all of it.

    Each end is a group, a network, a zone, or (none of them) every port of the project. A promise about
    nobody holds.
    """

    id: InvariantId
    project_id: ProjectId
    name: str
    promise: Promise
    description: str = ""
    source: Peer = field(default_factory=Peer)
    destination: Peer = field(default_factory=Peer)
    service: Service = field(default_factory=Service)

    def __post_init__(self) -> None:
        """Refuse ends that are addresses: only ports keep promises."""
        for name in ("source", "destination"):
            end: Peer = getattr(self, name)
            if end.cidr is not None or end.address_group_id is not None:
                raise Invalid(
                    "an end of an invariant is a group, a network, a zone, or nothing for any", field=name
                )
