"""What a reference in a request means: a UUID, or a name within a project.

What the caller may not see is not found, so that nobody learns what others have.
"""

from collections.abc import Mapping
from typing import TypeVar, cast
from uuid import UUID

from weft.api.auth import sees
from weft.model.errors import NotFound
from weft.model.ids import ProjectId
from weft.model.network import Network, Project
from weft.model.snapshot import Snapshot
from weft.store import Declared, Kind, Transaction
from weft.store.kinds import NOUNS, TYPES, name_of, project_of
from weft.store.tokens import Caller

T = TypeVar("T")

DEFAULT_PROJECT = "default"


def project(snapshot: Snapshot, who: Caller, reference: str | None, *, field: str = "project") -> Project:
    """The project that is meant; None means the caller's own, or `default`. Raises NotFound."""
    wanted = reference
    if wanted is None:
        wanted = DEFAULT_PROJECT if who.project_id is None else str(who.project_id)
    found = _by_id(snapshot.projects, wanted) or next(
        (p for p in snapshot.projects.values() if p.name == wanted), None
    )
    if found is None or not sees(who, found.id):
        raise NotFound("project", wanted, field=field)
    return found


def asked_project(snapshot: Snapshot, who: Caller, reference: str | None) -> ProjectId | None:
    """The project that a list is limited to; None is every project, for administrators only."""
    if reference is None:
        return who.project_id
    return project(snapshot, who, reference).id


def visible(snapshot: Snapshot, who: Caller, kind: type[T], reference: str, within: str | None) -> T:
    """The object of the path: a UUID, or a name in the project `within`. Raises NotFound."""
    which = _kind(kind)
    items = cast("Mapping[UUID, Declared]", getattr(snapshot, which.value))
    found = _by_id(items, reference)
    if found is None:
        scope = project(snapshot, who, within).id
        found = next((i for i in items.values() if name_of(i) == reference and project_of(i) == scope), None)
    if found is None or not sees(who, project_of(found)):
        raise NotFound(NOUNS[which], reference)
    return cast("T", found)


def owned(tx: Transaction, kind: type[T], owner: ProjectId, reference: str, *, field: str) -> T:
    """The object that a body names: a UUID, or a name in the project `owner`. Raises NotFound."""
    which = _kind(kind)
    items = cast("Mapping[UUID, Declared]", getattr(tx.snapshot, which.value))
    found = _by_id(items, reference)
    if found is None:
        known = tx.index.names.get((which, owner, reference))
        found = None if known is None else items.get(cast("UUID", known))
    if found is None or project_of(found) != owner:
        raise NotFound(NOUNS[which], reference, field=field)
    return cast("T", found)


def external(tx: Transaction, owner: ProjectId, reference: str, *, field: str) -> Network:
    """A network of the project `owner`, or an external one of another project. Raises NotFound.

    External networks are for everyone: a name that the project does not have means the first of them.
    """
    try:
        return owned(tx, Network, owner, reference, field=field)
    except NotFound:
        identity = as_uuid(reference)
        shared = [n for n in tx.snapshot.networks.values() if n.physical is not None]
        found = [n for n in shared if n.id == identity or n.name == reference]
        if not found:
            raise
        return min(found, key=lambda network: network.id)


def referred(
    tx: Transaction, who: Caller, kind: type[T], reference: str, within: str | None, *, field: str
) -> T:
    """The object that a body names, in whichever project the caller may mean. Raises NotFound."""
    try:
        found = visible(tx.snapshot, who, kind, reference, within)
    except NotFound as error:
        error.field = "project" if error.field == "project" else field
        raise
    if within is not None:
        return owned(tx, kind, project(tx.snapshot, who, within).id, reference, field=field)
    return found


def as_uuid(text: str) -> UUID | None:
    """The UUID that `text` is, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _by_id(items: Mapping[ProjectId, T] | Mapping[UUID, T], reference: str) -> T | None:
    identity = as_uuid(reference)
    return None if identity is None else cast("Mapping[UUID, T]", items).get(identity)


def _kind(kind: type[T]) -> Kind:
    return next(which for which, kept in TYPES.items() if kept is kind)
