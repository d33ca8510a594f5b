"""One unit of change to the model: all of it becomes one revision, or none of it happens."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa

from weft.model.ids import Revision
from weft.model.snapshot import Snapshot
from weft.store.change import Change, Declared, Kind
from weft.store.index import Index
from weft.store.kinds import ObjectId, kind_of, object_id_of, project_of
from weft.store.limits import Limits
from weft.store.rows import action_of

K = TypeVar("K")
V = TypeVar("V")


class Overlay(Mapping[K, V], Generic[K, V]):
    """A mapping with changes over it; what is under it stays as it was."""

    def __init__(self, under: Mapping[K, V]) -> None:
        """Nothing is changed at first."""
        self._under = under
        self.changed: dict[K, V | None] = {}

    def __getitem__(self, key: K) -> V:
        """The changed value, or the one underneath."""
        if key in self.changed:
            value = self.changed[key]
            if value is None:
                raise KeyError(key)
            return value
        return self._under[key]

    def __iter__(self) -> Iterator[K]:
        """What is underneath first, then what is new."""
        yield from (key for key in self._under if self.changed.get(key, key) is not None)
        yield from (
            key for key, value in self.changed.items() if value is not None and key not in self._under
        )

    def __len__(self) -> int:
        """Counted from the changes, so that it costs what they are."""
        return len(self._under) + sum(
            (value is not None) - (key in self._under) for key, value in self.changed.items()
        )

    def merged(self) -> Mapping[K, V]:
        """A plain mapping of the same contents; the one underneath if nothing changed."""
        if not self.changed:
            return self._under
        result = dict(self._under)
        for key, value in self.changed.items():
            if value is None:
                result.pop(key, None)
            else:
                result[key] = value
        return result


class Transaction:
    """Open while inside `with store.write(author) as tx`; not for use by two threads."""

    def __init__(  # noqa: PLR0913 - made in one place
        self,
        connection: sa.Connection,
        base: Snapshot,
        index: Index,
        *,
        now: datetime,
        new_id: Callable[[], UUID],
        limits: Limits,
        author: str,
    ) -> None:
        """Only the store makes transactions."""
        self.connection = connection
        self.index = index
        self.limits = limits
        self.author = author
        self.revision: Revision = base.revision
        """Before the end: the revision it started from; after: the one that holds its changes."""
        self.now = now
        self.new_id = new_id
        self.later: list[sa.Insert | sa.Delete] = []
        """What follows for rows beside the model, which refer to it: done at the end, after its own."""
        self._base = base
        self._overlays: dict[Kind, Overlay[ObjectId, Declared]] = {
            kind: Overlay(getattr(base, kind.value)) for kind in Kind
        }
        self._undo: list[tuple[Declared | None, Declared | None]] = []
        self._seen: Snapshot | None = None

    @property
    def snapshot(self) -> Snapshot:
        """The model as it is, with this transaction's own changes; a live view.

        Its computed indexes are those of the moment when it was asked for.
        """
        if self._seen is None:
            self._seen = Snapshot(revision=self._base.revision, **self._overlays)  # type: ignore[arg-type]
        return self._seen

    @property
    def base(self) -> Snapshot:
        """The model as it was when the transaction began."""
        return self._base

    def touches(self, kind: Kind) -> bool:
        """Whether an object of `kind` may be different from before."""
        return bool(self._overlays[kind].changed)

    def put(self, item: Declared) -> None:
        """Create the object, or replace the one with its id."""
        self._replace(kind_of(item), object_id_of(item), item)

    def remove(self, item: Declared) -> None:
        """Remove the object with this id."""
        self._replace(kind_of(item), object_id_of(item), None)

    def _replace(self, kind: Kind, object_id: ObjectId, after: Declared | None) -> None:
        overlay = self._overlays[kind]
        before = overlay.get(object_id)
        if before == after:
            return
        self.index.change(before, after)
        self._undo.append((before, after))
        overlay.changed[object_id] = after
        self._seen = None

    def take_back(self) -> None:
        """Undo what the index learned; the store calls it when the transaction fails."""
        for before, after in reversed(self._undo):
            self.index.change(after, before)
        self._undo.clear()

    def result(self, revision: Revision) -> tuple[Snapshot, list[Change]]:
        """The model afterwards and what changed, each object once, as of `revision`."""
        changes: list[Change] = []
        for kind, overlay in self._overlays.items():
            under = getattr(self._base, kind.value)
            for object_id, after in overlay.changed.items():
                before = under.get(object_id)
                owner = after if after is not None else before
                if before == after or owner is None:
                    continue
                changes.append(
                    Change(
                        revision=revision,
                        seq=len(changes),
                        kind=kind,
                        object_id=object_id,
                        project_id=project_of(owner),
                        action=action_of(before, after),
                        author=self.author,
                        at=self.now,
                        before=before,
                        after=after,
                    )
                )
        merged = {kind.value: overlay.merged() for kind, overlay in self._overlays.items()}
        return Snapshot(revision=revision, **merged), changes  # type: ignore[arg-type]
