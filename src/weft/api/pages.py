"""Lists in pages: by name, then by id; a cursor says after which object the next page begins."""

import base64
import heapq
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Query

from weft.model.errors import Invalid
from weft.store import Declared
from weft.store.kinds import name_of, object_id_of

T = TypeVar("T", bound=Declared)


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page was asked for, and of which name."""

    limit: Annotated[int, Query(ge=1, le=1000)] = 100
    cursor: Annotated[str | None, Query(max_length=2000)] = None
    name: Annotated[str | None, Query(max_length=1000)] = None


def page(items: Iterable[T], paging: Paging) -> tuple[Sequence[T], str | None]:
    """One page of `items`, and the cursor of the next if there is one. Raises Invalid."""
    after = None if paging.cursor is None else _parse(paging.cursor)
    wanted = (
        item
        for item in items
        if (paging.name is None or name_of(item) == paging.name) and (after is None or _key(item) > after)
    )
    found = heapq.nsmallest(paging.limit + 1, wanted, key=_key)
    if len(found) <= paging.limit:
        return found, None
    found = found[: paging.limit]
    return found, _format(_key(found[-1]))


def _key(item: Declared) -> tuple[str, str]:
    return name_of(item), str(object_id_of(item))


def _format(key: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _parse(cursor: str) -> tuple[str, str]:
    try:
        key = json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        key = None
    if isinstance(key, list) and len(key) == 2 and all(isinstance(part, str) for part in key):
        return key[0], key[1]
    raise Invalid("this cursor is none that this API gave; begin again without one", field="cursor")
