"""Bodies of /plan, /apply, /revert and /description."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from weft.api.schemas.base import Body, Count, Name, Reference, Shown
from weft.api.schemas.explain import EndpointIn, TrafficIn
from weft.model.policy import Mode

DescriptionText = Annotated[
    str,
    StringConstraints(max_length=16 * 2**20),
    Field(description="A description of any part of the model, as YAML or JSON."),
]


class CheckIn(Body):
    """What must be so afterwards: `source` reaches `destination`, or does not."""

    source: EndpointIn
    destination: EndpointIn
    traffic: TrafficIn
    reaches: bool = True


_Revision = Annotated[int, Field(strict=True, ge=1, le=2**53)]


class PlanIn(Body):
    """Body of POST /plan. With `prune` the projects in the text are owned by it.

    What no text says by itself comes first: a revision that is taken back, policies that are called
    otherwise, policies that get another mode, and policies that go.
    """

    text: DescriptionText = ""
    revert: _Revision | None = None
    rename_policies: Annotated[dict[Reference, Name], Field(max_length=1000)] = Field(default_factory=dict)
    policy_modes: Annotated[dict[Reference, Mode], Field(max_length=1000)] = Field(default_factory=dict)
    remove_policies: Annotated[list[Reference], Field(max_length=1000)] = Field(default_factory=list)
    prune: bool = False
    project: Reference | None = Field(default=None, description="Where names are looked up.")
    checks: Annotated[list[CheckIn], Field(max_length=1000)] = Field(default_factory=list)


class ApplyIn(PlanIn):
    """Body of POST /apply. `base` is the revision of the plan that was looked at."""

    base: Count


class RevertIn(Body):
    """Body of POST /revert."""

    revision: _Revision


class FieldShown(Shown):
    """One field that becomes different. Of lists, what is added and removed, or only `moved`."""

    field: str
    before: Any = None
    after: Any = None
    added: list[Any] = Field(default_factory=list)
    removed: list[Any] = Field(default_factory=list)
    moved: bool = False


class ObjectShown(Shown):
    """What becomes of one object; `action` is create, change or remove. A new object has no `id` yet."""

    action: str
    kind: str
    id: str | None
    project: str
    name: str
    fields: list[FieldShown]


class RowsShown(Shown):
    """How many rows of a table of OVN come, change and go."""

    table: str
    inserted: int
    updated: int
    deleted: int


class NamedPort(Shown):
    """A port."""

    id: str
    name: str


class ThoseShown(Shown):
    """Some ports: how many, what the policy calls just these, and the first of them."""

    count: int
    who: str | None
    some: list[NamedPort]


class BlockShown(Shown):
    """All pairs of some sources with some destinations."""

    sources: ThoseShown
    destinations: ThoseShown
    pairs: int


class ShiftShown(Shown):
    """Pairs that begin, or cease, to reach each other in all of `traffic`."""

    opens: bool
    version: int
    traffic: list[str]
    pairs: int
    blocks: list[BlockShown]
    more_blocks: int


class ReachabilityShown(Shown):
    """What opens and closes. `opened` and `closed` count every pair of addresses, by IP version.

    `left_out` is how many shifts are counted and not listed. `sentences` are for people.
    """

    opened: dict[str, int]
    closed: dict[str, int]
    shifts: list[ShiftShown]
    left_out: int
    sentences: list[str]


class BreachShown(Shown):
    """An invariant that does not hold, and a packet that shows it."""

    id: str | None
    invariant: str
    project: str
    source: str
    source_address: str | None
    destination: str
    destination_address: str | None
    traffic: str | None
    sentence: str


class CheckShown(Shown):
    """How a check ends."""

    text: str
    holds: bool
    sentences: list[str]


class FlowsShown(Shown):
    """What policies cost, as predicted, on the host where they cost most. Only administrators see which."""

    host: str | None
    before: int
    after: int
    most: int = Field(description="The setting policy_flows_per_host.")
    refused: str | None


class PlanShown(Shown):
    """What a description would do to the model of revision `base`, or, applied as `revision`, has done.

    `applicable` says whether nothing stands in the way: no broken invariant, no failing check, not too many
    flows.
    """

    base: int
    revision: int | None = None
    applicable: bool
    objects: list[ObjectShown]
    rows: list[RowsShown]
    flows: FlowsShown
    reachability: ReachabilityShown
    invariants: int = Field(description="How many invariants were checked.")
    broken: list[BreachShown]
    checks: list[CheckShown]


class DescriptionShown(Shown):
    """The model as a description."""

    revision: int
    text: str


class RevertShown(Shown):
    """The revision that restored what another had changed."""

    revision: int
    reverted: int
    objects: list[ObjectShown]
