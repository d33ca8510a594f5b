"""The objects that a change touches, field by field, in the words of a description."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from weft.api.described.describe import describe_object
from weft.api.schemas.plan import FieldShown, ObjectShown
from weft.model.snapshot import Snapshot
from weft.store import Change, ChangeAction, Declared, Kind
from weft.store.kinds import name_of, project_of

_ORDER = [ChangeAction.CREATE, ChangeAction.CHANGE, ChangeAction.REMOVE]


def objects(old: Snapshot, new: Snapshot, changes: Sequence[Change]) -> list[ObjectShown]:
    """What becomes of each object; one of which only the stored ranks move is not told."""
    found = [_object(old, new, change) for change in changes]
    told = [one for one in found if one is not None]
    return sorted(
        told, key=lambda one: (_ORDER.index(ChangeAction(one.action)), one.kind, one.project, one.name)
    )


def _object(old: Snapshot, new: Snapshot, change: Change) -> ObjectShown | None:
    item = change.after or change.before
    if item is None or change.kind is Kind.HOSTS:
        return None
    fields = list(_fields(_told(old, change.before), _told(new, change.after)))
    if change.action is ChangeAction.CHANGE and not fields:
        return None
    owner = project_of(item)
    projects = {**old.projects, **new.projects}
    return ObjectShown(
        action=change.action.value,
        kind=change.kind.value.replace("_", "-"),
        id=str(change.object_id) if change.before is not None else None,
        project="" if owner is None else projects[owner].name,
        name=name_of(item),
        fields=fields,
    )


def _told(snapshot: Snapshot, item: Declared | None) -> Mapping[str, Any]:
    body = None if item is None else describe_object(snapshot, item)
    return {} if body is None else body.model_dump(mode="json", exclude_defaults=True)


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldShown]:
    for name in [*sorted({*before, *after} - {"name"}), "name"]:
        one, other = before.get(name), after.get(name)
        if one == other:
            continue
        if isinstance(one, list) or isinstance(other, list):
            removed, added = _beyond(one or [], other or []), _beyond(other or [], one or [])
            yield FieldShown(field=name, added=added, removed=removed, moved=not added and not removed)
        else:
            yield FieldShown(field=name, before=one, after=other)


def _beyond(these: list[Any], those: list[Any]) -> list[Any]:
    """What `these` have that `those` do not, as often as they have it more."""
    left = Counter(map(repr, those))
    found = []
    for item in these:
        left[repr(item)] -= 1
        if left[repr(item)] < 0:
            found.append(item)
    return found
