"""/revisions: the change log, newest first, and what one revision made different."""

from typing import Annotated

from fastapi import APIRouter, Query

from weft.api import reachability, references
from weft.api.auth import sees
from weft.api.context import Reading
from weft.api.objects import objects
from weft.api.past import kind_named, then
from weft.api.schemas.history import ChangeShown
from weft.api.schemas.past import MomentShown
from weft.api.schemas.revisions import RevisionListed, RevisionShown, RevisionsShown
from weft.model.errors import NotFound
from weft.model.ids import Revision
from weft.store.history import around, oldest
from weft.store.revisions import Wanted, revisions_before

router = APIRouter(prefix="/revisions", tags=["history"])

_LARGEST = 2**53

Filter = Annotated[str | None, Query(max_length=255)]


@router.get("")
def list_revisions(
    asking: Reading,
    *,
    project: str | None = None,
    author: Filter = None,
    kind: Filter = None,
    object_id: Annotated[str | None, Query(alias="object", max_length=255)] = None,
    before: Annotated[int, Query(ge=1, le=_LARGEST)] = _LARGEST,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RevisionsShown:
    """Who changed what and when, newest first. `object` is the id of what every revision must touch."""
    store, snapshot = asking.store, asking.store.snapshot()
    wanted = Wanted(
        author=author,
        kind=None if kind is None else kind_named(kind),
        object_id=object_id,
        project_id=references.asked_project(snapshot, asking.caller, project),
    )
    found = revisions_before(store, Revision(before), limit + 1, wanted)
    shown, kept = found[:limit], oldest(store)
    return RevisionsShown(
        items=[RevisionListed.from_model(made) for made in shown],
        next_before=shown[-1].moment.revision if len(found) > limit else None,
        kept_from=None if kept is None else MomentShown.from_model(kept),
    )


@router.get("/{revision}")
def read_revision(asking: Reading, revision: int) -> RevisionShown:
    """One revision: the objects that it changed, field by field, and what it opened and closed."""
    if not 0 < revision <= _LARGEST:
        raise NotFound("revision", revision, field="revision")
    _, moment = then(asking, str(revision), field="revision")
    old, new = around(asking.store, moment.revision)
    all_changes = asking.store.changes(Revision(moment.revision - 1), 1)
    changes = [
        change
        for change in all_changes
        if change.revision == moment.revision and sees(asking.caller, change.project_id)
    ]
    if not changes:
        raise NotFound("revision", revision, field="revision")
    difference = asking.api.planner.past_difference(old, new, asking.caller.project_id)
    return RevisionShown(
        moment=MomentShown.from_model(moment),
        newest=asking.store.revision,
        changes=[ChangeShown.from_model(change) for change in changes],
        objects=objects(old, new, changes),
        reachability=reachability.shown(old, new, difference),
    )
