"""Finding objects and judging names, in the words of the errors a caller gets."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar, cast
from uuid import UUID

from weft.model.errors import Invalid, NameTaken, NotFound, StillInUse
from weft.model.ids import ProjectId
from weft.store.change import Kind
from weft.store.kinds import NOUNS
from weft.store.transaction import Transaction

K = TypeVar("K")
V = TypeVar("V")

_LONGEST_NAME = 255
_MENTIONED = 5


def require(items: Mapping[K, V], key: K, noun: str, *, field: str | None = None) -> V:
    """The object with that id. Raises NotFound."""
    found = items.get(key)
    if found is None:
        raise NotFound(noun, key, field=field)
    return found


def require_within(items: Mapping[K, V], key: K | None, noun: str, project: ProjectId, *, field: str) -> None:
    """Refuse a reference (None: there is none) to what `project` does not own. Raises NotFound."""
    if key is not None and getattr(items.get(key), "project_id", None) != project:
        raise NotFound(noun, key, field=field)


def check_text(text: str, *, field: str) -> None:
    """Refuse text that cannot be shown on one line. Raises Invalid."""
    if len(text) > _LONGEST_NAME or not text.isprintable():
        raise Invalid(
            f"{field} has at most {_LONGEST_NAME} printable characters, not {text!r:.80}",
            field=field,
        )


def check_name(tx: Transaction, kind: Kind, project: ProjectId | None, name: str) -> None:
    """Refuse a name that cannot be one, or that another has. Raises Invalid, NameTaken."""
    check_text(name, field="name")
    if not name or name != name.strip() or "/" in name or _is_uuid(name):
        raise Invalid(
            f"{name!r} cannot be a name: it must not be empty, look like a UUID, contain "
            "a slash, or begin or end with a space",
            field="name",
        )
    if (kind, project, name) in tx.index.names:
        owner = None if project is None else tx.snapshot.projects[project].name
        raise NameTaken(NOUNS[kind], name, where="this installation" if owner is None else f"project {owner}")


def free_name(tx: Transaction, kind: Kind, project: ProjectId, wanted: str) -> str:
    """`wanted`, or `wanted` with the lowest number that makes it nobody else's."""
    name, number = wanted, 1
    while (kind, project, name) in tx.index.names:
        number += 1
        name = f"{wanted}-{number}"
    return name


def revised(item: V, changes: Mapping[str, object], allowed: Collection[str]) -> V:
    """`item` with `changes`. Raises Invalid for a field that cannot change, or a bad value."""
    for name in changes:
        if name not in allowed:
            raise Invalid(f"{name} cannot be changed; what can is {', '.join(allowed)}", field=name)
    return cast("Callable[..., V]", replace)(item, **changes)


def refuse_in_use(what: str, users: Iterable[str], advice: str) -> None:
    """Raise StillInUse if there are `users`; the first few are named."""
    names = sorted(users)
    if names:
        more = f" and {len(names) - _MENTIONED} more" if len(names) > _MENTIONED else ""
        raise StillInUse(f"{what} is still used by {', '.join(names[:_MENTIONED])}{more}; {advice}")


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
