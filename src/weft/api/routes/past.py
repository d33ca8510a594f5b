"""/reach, /diff, /since, /versions: the model and who reaches whom, now and at any revision that is kept."""

from contextlib import closing
from itertools import islice
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Query

from weft.api import reachability, references
from weft.api.auth import sees
from weft.api.context import Asking, Reading
from weft.api.objects import objects
from weft.api.past import kind_named, then
from weft.api.routes.explain import ends
from weft.api.schemas.explain import EndpointIn, ExplainIn
from weft.api.schemas.past import (
    ChangedShown,
    DiffShown,
    MomentShown,
    PartnersShown,
    ReachIn,
    ReachShown,
    SideIn,
    SinceIn,
    SinceShown,
    VersionShown,
    VersionsShown,
)
from weft.api.since import Pair, Since, State, since
from weft.model.errors import HistoryGone, Invalid, NotFound, WeftError
from weft.model.ids import PortId
from weft.model.network import Address, Network
from weft.model.policy import Group
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.store import Change, Kind
from weft.store.history import Moment, around, changes_between, oldest
from weft.store.kinds import NOUNS, TYPES, name_of, parse_id
from weft.store.provenance import changes_of
from weft.verifier.lines import OfGroup, OfNetwork, OfProject
from weft.verifier.reach import End
from weft.verifier.sentences import name_of as end_name

router = APIRouter(tags=["history"])

When = Annotated[str, Query(max_length=64, description="A revision, or a time (ISO 8601).")]


@router.post("/reach")
def read_reach(asking: Reading, body: ReachIn) -> ReachShown:
    """Who reaches whom on which services: now, or at a revision or time. Members see their own project."""
    snapshot, moment = then(asking, body.at)
    sides = [_side(asking, snapshot, body, field) for field in ("source", "destination")]
    found = asking.api.planner.reach(snapshot, *sides)
    told = reachability.reach_shown(snapshot, found)
    partners = asking.api.planner.partners(snapshot, *sides) if body.partners else None
    return ReachShown(
        moment=MomentShown.from_model(moment),
        pairs=told.opened,
        shifts=told.shifts,
        left_out=told.left_out,
        sentences=told.sentences,
        partners=None if partners is None else PartnersShown.from_model(partners),
    )


@router.get("/diff")
def read_diff(asking: Reading, old: When, new: When | None = None) -> DiffShown:
    """What became of every object from one moment to another, and what opened and closed."""
    (before, first), (after, last) = then(asking, old, field="old"), then(asking, new, field="new")
    changes = [c for c in changes_between(asking.store, before, after) if sees(asking.caller, c.project_id)]
    found = [(change, told) for change in changes for told in objects(before, after, [change])]
    difference = asking.api.planner.past_difference(before, after, asking.caller.project_id)
    return DiffShown(
        old=MomentShown.from_model(first),
        new=MomentShown.from_model(last),
        objects=[ChangedShown(object=told, last=_made(change)) for change, told in found],
        reachability=reachability.shown(before, after, difference),
    )


@router.post("/since")
def read_since(asking: Reading, body: SinceIn) -> SinceShown:
    """Since when a pair is open or closed for some traffic, which change made it so, and who made that."""
    snapshot = asking.store.snapshot()
    asked = ExplainIn(
        project=body.project, source=body.source, destination=body.destination, traffic=body.traffic
    )
    sources, destinations = ends(asking, snapshot, asked)
    found = since(
        asking.store,
        Pair(
            _end(body.source, [s.port for s in sources], "source"),
            _end(body.destination, [s.port for s in destinations], "destination"),
            body.traffic,
        ),
    )
    kept, turned = oldest(asking.store), found.changes
    models = around(asking.store, turned[0].revision) if turned else (snapshot, snapshot)
    names = tuple(end_name(some[0]) if some else "it" for some in (sources, destinations))
    return SinceShown(
        state=found.state,
        before=found.before,
        since=_made(turned[0]) if turned else None,
        kept_from=None if kept is None else MomentShown.from_model(kept),
        objects=objects(*models, turned),
        judged=found.judged,
        sentences=_since_words(found, kept, names),
    )


@router.get("/versions/{kind}/{reference}")
def read_versions(
    asking: Reading,
    kind: str,
    reference: str,
    project: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> VersionsShown:
    """The versions of one object, newest first: who made each, when, and what became different."""
    which = kind_named(kind)
    object_id = _object_id(asking, which, reference, project)
    with closing(changes_of(asking.store, which, object_id)) as rows:
        found = [change for change in islice(rows, limit) if sees(asking.caller, change.project_id)]
    if not found:
        raise NotFound(NOUNS[which], reference)
    kept = oldest(asking.store)
    return VersionsShown(
        kind=kind,
        id=str(object_id),
        name=_called(found[0]),
        items=[_version(asking, change) for change in found],
        kept_from=None if kept is None else MomentShown.from_model(kept),
    )


def _side(asking: Asking, snapshot: Snapshot, body: ReachIn, field: str) -> End:
    """Who is meant by one side; everybody is whom the caller may see."""
    asked: SideIn | None = getattr(body, field)
    within, who = body.project, asking.caller
    try:
        if asked is None:
            if who.project_id is None:
                return End()
            return End(OfProject(references.project(snapshot, who, None).id))
        if asked.port is not None:
            return End.of(snapshot, references.visible(snapshot, who, Port, asked.port, within))
        if asked.group is not None:
            return End(OfGroup(references.visible(snapshot, who, Group, asked.group, within).id))
        return End(OfNetwork(references.visible(snapshot, who, Network, str(asked.network), within).id))
    except WeftError as error:
        error.field = field
        raise


def _end(asked: EndpointIn, ports: list[Port | None], field: str) -> PortId | Address:
    if asked.address is not None:
        return asked.address
    if asked.port is None or not ports or ports[0] is None:
        raise Invalid(
            "only what exists has a history: name a port with an address, or an address", field=field
        )
    return ports[0].id


def _made(change: Change) -> MomentShown:
    return MomentShown(revision=change.revision, at=change.at, author=change.author)


_STATES = {State.OPEN: "reaches", State.CLOSED: "does not reach", State.ABSENT: "did not exist for"}


def _since_words(found: Since, kept: Moment | None, names: tuple[str, ...]) -> list[str]:
    """As in: web-1 reaches db-1 since revision 12 (2026-11-27 21:00 UTC), by alice; before, it did not."""
    source, destination = names
    does = f"{source} {_STATES[found.state]} {destination}"
    if not found.changes:
        begins = "" if kept is None else f" {kept.revision} of {kept.at:%Y-%m-%d %H:%M} UTC"
        return [f"{does}, and did as far back as the history is kept: since revision{begins} or before."]
    change = found.changes[0]
    before = {
        State.OPEN: "Before, it did reach it.",
        State.CLOSED: "Before, it did not.",
        State.ABSENT: "Before, one of the two did not exist.",
    }
    made = f"revision {change.revision} of {change.at:%Y-%m-%d %H:%M} UTC, made by {change.author}"
    told = ", ".join(f"{c.action} of {NOUNS[c.kind]} {_called(c)}" for c in found.changes)
    return [f"{does} since {made}: {told}.", before[found.before or found.state]]


def _object_id(asking: Asking, kind: Kind, reference: str, within: str | None) -> UUID | str:
    """The object: by its name while it exists, by its id also after."""
    identity = references.as_uuid(reference)
    if identity is not None:
        return identity
    if kind in (Kind.PROJECTS, Kind.HOSTS):
        items = getattr(asking.store.snapshot(), kind.value)
        found = next((key for key, item in items.items() if name_of(item) == reference), None)
        if found is None:
            raise NotFound(NOUNS[kind], reference)
        return parse_id(kind, str(found))
    item = references.visible(asking.store.snapshot(), asking.caller, TYPES[kind], reference, within)
    return cast("UUID", getattr(item, "id"))  # noqa: B009 - every kind but hosts has one


def _version(asking: Asking, change: Change) -> VersionShown:
    """Of what is older than the history nobody knows what it was called that it refers to."""
    try:
        told = objects(*around(asking.store, change.revision), [change])
    except HistoryGone:
        told = []
    return VersionShown(
        moment=_made(change),
        action=change.action.value,
        name=_called(change),
        fields=told[0].fields if told else [],
    )


def _called(change: Change) -> str:
    item = change.after or change.before
    return "" if item is None else name_of(item)
