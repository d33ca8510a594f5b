"""Bodies of /mirrors: the whole state of an object that another system declares."""

from typing import Generic, TypeVar
from uuid import UUID

from weft.api.schemas.base import Body, Count, Shown, Word
from weft.api.schemas.port import PortCreate
from weft.store import Kind
from weft.store.status import PortState

T = TypeVar("T", bound=Body)


class Mirrored(Body, Generic[T]):
    """An object as it is in its source at `version`; a `digest` that is different says that the state is."""

    version: Count
    digest: Word = ""
    object: T


class MirroredPort(PortCreate):
    """A port: `addresses` are all that it has. One in quarantine sends and gets nothing."""

    quarantined: bool = False


class MarkShown(Shown):
    """What is held here of an object of the source.

    `changed`: it was changed here since; `present` is false when it was removed here. `state` is a port's.
    """

    kind: Kind
    id: UUID
    version: int
    digest: str
    present: bool
    changed: bool
    state: PortState | None = None
