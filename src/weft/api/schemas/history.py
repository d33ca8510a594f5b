"""Bodies of /changes and /receipts."""

from datetime import datetime

from weft.api.receipts import Receipt, State
from weft.api.schemas.base import Shown
from weft.store import Change
from weft.store.kinds import name_of


class ChangeShown(Shown):
    """What one revision did to one object; `kind` is spelt as in the path of its list."""

    revision: int
    kind: str
    id: str
    name: str
    action: str
    project_id: str | None
    author: str
    at: datetime

    @classmethod
    def from_model(cls, change: Change) -> "ChangeShown":
        """The change as it is shown."""
        named = change.after or change.before
        return cls(
            revision=change.revision,
            kind=change.kind.value.replace("_", "-"),
            id=str(change.object_id),
            name="" if named is None else name_of(named),
            action=change.action.value,
            project_id=None if change.project_id is None else str(change.project_id),
            author=change.author,
            at=change.at,
        )


class ChangesShown(Shown):
    """Changes, oldest first; `revision` is what to ask for next with `since`."""

    items: list[ChangeShown]
    revision: int


class ReceiptHosts(Shown):
    """How many hosts enforce a revision, and which are waited for."""

    total: int
    done: int
    waiting: list[str]


class ReceiptShown(Shown):
    """What became of a revision."""

    revision: int
    committed_at: datetime
    state: State
    applied: bool
    applied_after_ms: int | None
    enforced: bool
    enforced_after_ms: int | None
    hosts: ReceiptHosts
    problems: list[str]

    @classmethod
    def from_model(cls, receipt: Receipt) -> "ReceiptShown":
        """The receipt as it is shown."""
        return cls(
            revision=receipt.revision,
            committed_at=receipt.committed_at,
            state=receipt.state,
            applied=receipt.applied,
            applied_after_ms=receipt.applied_after_ms,
            enforced=receipt.enforced,
            enforced_after_ms=receipt.enforced_after_ms,
            hosts=ReceiptHosts(
                total=receipt.hosts_total,
                done=receipt.hosts_total - len(receipt.waiting),
                waiting=list(receipt.waiting),
            ),
            problems=list(receipt.problems),
        )
