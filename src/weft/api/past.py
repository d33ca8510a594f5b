"""What a request about the past names: a moment, with the model as it was then, and a kind of object."""

from datetime import UTC, datetime

from weft.api.context import Asking
from weft.model.errors import Invalid
from weft.model.ids import Revision
from weft.model.snapshot import Snapshot
from weft.store import Kind, Store
from weft.store.history import Moment, moment_at, moment_of, snapshot_at

_LARGEST = 2**53


def then(asking: Asking, text: str | None, *, field: str = "at") -> tuple[Snapshot, Moment]:
    """The model at a revision or a time (ISO 8601; without an offset it is UTC); None is now.

    Raises Invalid, NotFound, HistoryGone.
    """
    store = asking.store
    if text is None:
        snapshot = store.snapshot()
        return snapshot, moment_of(store, snapshot.revision)
    moment = _moment(store, text.strip(), field)
    return snapshot_at(store, moment.revision), moment


def _moment(store: Store, text: str, field: str) -> Moment:
    if text.isascii() and text.isdecimal() and len(text) < 17 and 0 < int(text) <= _LARGEST:
        return moment_of(store, Revision(int(text)))
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            f"{text!r:.80} is no revision and no time; write 12, 2026-11-27T21:00, or 2026-11-27", field=field
        ) from error
    return moment_at(store, at)


def kind_named(text: str) -> Kind:
    """The kind of object, spelt as in the path of its list. Raises Invalid."""
    try:
        return Kind(text.replace("-", "_"))
    except ValueError as error:
        kinds = ", ".join(kind.value.replace("_", "-") for kind in Kind)
        raise Invalid(f"{text!r:.80} is no kind of object; the kinds are {kinds}", field="kind") from error
