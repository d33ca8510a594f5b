"""Bodies of /reach, /diff, /since and /versions: the model and its reach, now and then."""

from datetime import datetime
from uuid import UUID

from pydantic import Field, model_validator

from weft.api.schemas.base import Body, Reference, Shown
from weft.api.schemas.explain import EndpointIn, TrafficIn
from weft.api.schemas.plan import FieldShown, ObjectShown, ReachabilityShown, ShiftShown
from weft.api.since import State
from weft.store.history import Moment
from weft.verifier.reach import Partners


class MomentShown(Shown):
    """A revision, and when and by whom it was made."""

    revision: int
    at: datetime
    author: str

    @classmethod
    def from_model(cls, moment: Moment) -> "MomentShown":
        """The moment as it is shown."""
        return cls(revision=moment.revision, at=moment.at, author=moment.author)


class SideIn(Body):
    """One side: a port, a group or a network."""

    port: Reference | None = None
    group: Reference | None = None
    network: Reference | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "SideIn":
        if sum(one is not None for one in (self.port, self.group, self.network)) != 1:
            raise ValueError("name a port, or a group, or a network")
        return self


class ReachIn(Body):
    """Body of POST /reach. A side that is left out is everybody; `at` is a revision or a time."""

    project: Reference | None = None
    source: SideIn | None = None
    destination: SideIn | None = None
    at: str | None = Field(default=None, max_length=64)
    partners: bool = Field(default=False, description="Tell the ids of all ports at both ends, too.")


class PartnersShown(Shown):
    """All ports that may send, and all that may be sent to; if not `complete`, some may be missing."""

    sources: list[UUID]
    destinations: list[UUID]
    complete: bool

    @classmethod
    def from_model(cls, partners: Partners) -> "PartnersShown":
        """The ports as they are shown."""
        return cls(
            sources=sorted(partners.sources),
            destinations=sorted(partners.destinations),
            complete=partners.complete,
        )


class ReachShown(Shown):
    """Who reaches whom on which services, as of a moment. `pairs` are of addresses, by IP version."""

    moment: MomentShown
    pairs: dict[str, int]
    shifts: list[ShiftShown]
    left_out: int
    sentences: list[str]
    partners: PartnersShown | None


class ChangedShown(Shown):
    """What became of an object, and who touched it last."""

    object: ObjectShown
    last: MomentShown


class DiffShown(Shown):
    """What became different from one moment to another; members see it of their own project."""

    old: MomentShown
    new: MomentShown
    objects: list[ChangedShown]
    reachability: ReachabilityShown


class SinceIn(Body):
    """Body of POST /since: two ends, one of them a port, and the traffic between them."""

    project: Reference | None = None
    source: EndpointIn
    destination: EndpointIn
    traffic: TrafficIn


class SinceShown(Shown):
    """Since when a pair is `state`, what it was `before`, and the changes that turned it.

    Without `since` it was so already at `kept_from`, where the history begins.
    """

    state: State
    before: State | None
    since: MomentShown | None
    kept_from: MomentShown | None
    objects: list[ObjectShown]
    judged: int = Field(description="How many revisions were judged.")
    sentences: list[str]


class VersionShown(Shown):
    """One version of an object: what its revision made different, in a description's words.

    Without `fields` only what descriptions do not tell changed, or it is older than the history.
    """

    moment: MomentShown
    action: str
    name: str
    fields: list[FieldShown]


class VersionsShown(Shown):
    """The versions of one object, newest first; older ones than the history keeps may be missing."""

    kind: str
    id: str
    name: str
    items: list[VersionShown]
    kept_from: MomentShown | None
