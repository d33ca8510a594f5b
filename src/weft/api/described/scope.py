"""One project of a description on its way into the model: who declares it, and how names are resolved."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar, cast
from uuid import UUID

from weft.api import references
from weft.api.described.text import Described, Place
from weft.api.rules import peer_of
from weft.api.schemas.policy import PeerIn
from weft.model.errors import WeftError
from weft.model.ids import ProjectId, QosPolicyId
from weft.model.policy import Peer, QosPolicy
from weft.store import Declared, Transaction
from weft.store.kinds import TYPES
from weft.store.tokens import Caller

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A project, and the transaction in which a description of it is declared."""

    tx: Transaction
    who: Caller
    described: Described
    project: ProjectId
    place: Place

    @contextmanager
    def at(self, *place: str | int) -> Iterator[None]:
        """An error that comes up here is about this part of the text."""
        try:
            yield
        except WeftError as error:
            self.described.blame(error, (*self.place, *place))
            raise

    def known(self, kind: type[T], name: str) -> T | None:
        """The object of that kind and name that the project has already."""
        which = next(one for one, kept in TYPES.items() if kept is kind)
        key = self.tx.index.names.get((which, self.project, name))
        items: dict[object, Declared] = getattr(self.tx.snapshot, which.value)
        return None if key is None else cast("T | None", items.get(key))

    def named(self, kind: type[T], reference: str, field: str) -> T:
        """The object of the project that the text names. Raises NotFound."""
        return references.owned(self.tx, kind, self.project, reference, field=field)

    def qos(self, reference: str | None) -> QosPolicyId | None:
        """The QoS policy that the text names, if it does."""
        return None if reference is None else self.named(QosPolicy, reference, "qos_policy").id

    def peer(self, asked: PeerIn, field: str) -> Peer:
        """The other side of a rule, or the end of an invariant. Raises NotFound."""
        return peer_of(self.tx, self.project, asked, field)


def differing(item: object, wanted: Mapping[str, object]) -> dict[str, object]:
    """Those of the fields that `item` does not have yet."""
    return {name: value for name, value in wanted.items() if getattr(item, name) != value}


def identity(item: Declared) -> UUID:
    """The id of an object of a project."""
    return cast("UUID", getattr(item, "id"))  # noqa: B009 - hosts have none, and are not described
