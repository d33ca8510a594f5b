"""Bodies of /invariants."""

from uuid import UUID

from pydantic import Field

from weft.api.schemas.base import ABSENT, Body, Name, Owned, Patch, Reference, Shown, Text
from weft.api.schemas.description import EndDescribed, ServiceDescribed
from weft.api.schemas.plan import BreachShown
from weft.api.schemas.policy import ServiceShown
from weft.api.view import View
from weft.model.invariant import Invariant, Promise
from weft.model.policy import Peer, PortRange
from weft.store import Kind


class InvariantCreate(Body):
    """Body of POST /invariants. An end without group and network is every port of the project."""

    project: Reference | None = None
    name: Name
    description: Text = ""
    promise: Promise
    source: EndDescribed = EndDescribed()
    destination: EndDescribed = EndDescribed()
    service: ServiceDescribed = ServiceDescribed()


class InvariantPatch(Patch):
    """Body of PATCH /invariants/{id}."""

    name: Name = ABSENT
    description: Text = ABSENT
    promise: Promise = ABSENT
    source: EndDescribed = ABSENT
    destination: EndDescribed = ABSENT
    service: ServiceDescribed = ABSENT


class EndShown(Shown):
    """One end: a group, a network, a zone, or none of them for every port of the project."""

    group_id: UUID | None
    network_id: UUID | None
    zone: str | None
    text: str

    @classmethod
    def from_model(cls, view: View, end: Peer) -> "EndShown":
        """The end as it is shown."""
        text = "any"
        if end.group_id is not None:
            text = f"group:{view.snapshot.groups[end.group_id].name}"
        elif end.network_id is not None:
            text = f"network:{view.network_name(end.network_id)}"
        elif end.zone is not None:
            text = f"zone:{end.zone}"
        return cls(group_id=end.group_id, network_id=end.network_id, zone=end.zone, text=text)


class InvariantShown(Owned):
    """An invariant, and whether it holds by now; `breach` is a packet that shows that it does not."""

    description: str
    promise: Promise
    source: EndShown
    destination: EndShown
    service: ServiceShown
    holds: bool
    breach: BreachShown | None = Field(default=None)

    @classmethod
    def from_model(cls, view: View, invariant: Invariant, breach: BreachShown | None) -> "InvariantShown":
        """The invariant as it is shown."""
        service = invariant.service
        return cls(
            id=invariant.id,
            project_id=invariant.project_id,
            project=view.project_name(invariant.project_id),
            name=invariant.name,
            revision=view.revised_at(Kind.INVARIANTS, invariant.id),
            description=invariant.description,
            promise=invariant.promise,
            source=EndShown.from_model(view, invariant.source),
            destination=EndShown.from_model(view, invariant.destination),
            service=ServiceShown(
                protocol=service.protocol,
                ports=[_text_of(ports) for ports in service.ports],
                icmp_type=service.icmp_type,
                icmp_code=service.icmp_code,
            ),
            holds=breach is None,
            breach=breach,
        )


def _text_of(ports: PortRange) -> str:
    return str(ports.first) if ports.first == ports.last else f"{ports.first}-{ports.last}"
