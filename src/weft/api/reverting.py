"""The model as it was before a revision, as far as that revision changed it."""

from dataclasses import replace

from weft.api.auth import require_admin
from weft.api.context import Asking
from weft.api.described.prune import REMOVERS
from weft.model.errors import Conflict, NotFound
from weft.model.ids import Revision
from weft.model.policy import Policy, Tier
from weft.model.port import Port
from weft.store import Change, Declared, Kind, Transaction
from weft.store.history import require_kept
from weft.store.kinds import NOUNS, name_of
from weft.store.ranks import rerank

_GOES = list(REMOVERS)


def restore(asking: Asking, tx: Transaction, revision: Revision) -> None:
    """Put back what `revision` changed.

    Raises NotFound, HistoryGone, Forbidden, Conflict where somebody built on it.
    """
    require_kept(asking.store, revision)
    changes = [c for c in asking.store.changes(Revision(revision - 1), 1) if c.revision == revision]
    if not changes:
        raise NotFound("revision", revision, field="revision")
    for change in changes:
        _check(asking, tx, change)
    for change in changes:
        if change.before is not None:
            tx.put(_restored(tx, change.before))
    made = [change for change in changes if change.before is None]
    for change in sorted(made, key=lambda change: _GOES.index(change.kind)):
        REMOVERS[change.kind](tx, change.object_id)
    _rerank(tx, changes)


def _rerank(tx: Transaction, changes: list[Change]) -> None:
    for project in {c.project_id for c in changes if c.kind is Kind.POLICIES and c.project_id is not None}:
        if project in tx.snapshot.projects:
            rerank(tx, project)


def _check(asking: Asking, tx: Transaction, change: Change) -> None:
    who = asking.caller
    if who.project_id is not None and change.project_id != who.project_id:
        raise NotFound("revision", change.revision, field="revision")
    sides = (change.before, change.after)
    if change.kind in (Kind.PROJECTS, Kind.HOSTS) or any(_is_admins(side) for side in sides):
        require_admin(who)
    if change.kind is Kind.HOSTS:
        raise Conflict(f"revision {change.revision} is about host {change.object_id}; hosts join and leave")
    held = getattr(tx.snapshot, change.kind.value).get(change.object_id)
    if _comparable(held) != _comparable(change.after):
        item = change.after or change.before
        raise Conflict(
            f"{NOUNS[change.kind]} {'' if item is None else name_of(item)} is not what revision "
            f"{change.revision} left any more, so that revision cannot be taken back by itself; "
            "restore it by hand, or apply a description"
        )


def _is_admins(item: Declared | None) -> bool:
    if isinstance(item, Port):
        return not item.port_security
    return isinstance(item, Policy) and item.tier is Tier.ADMIN


def _comparable(item: Declared | None) -> Declared | None:
    """The object as it was declared: ranks are the store's own."""
    if isinstance(item, Policy):
        return replace(item, rules=tuple(replace(rule, rank=0) for rule in item.rules))
    return item


def _restored(tx: Transaction, item: Declared) -> Declared:
    """A port that comes back is bound where it is bound now. What has expired does not come back."""
    if isinstance(item, Policy) and any(rule.is_over(tx.now) for rule in item.rules):
        raise Conflict(
            f"policy {item.name} had a rule then that has expired meanwhile; what is over does not come "
            "back: write the rule anew, with a later time or none"
        )
    held = tx.snapshot.ports.get(item.id) if isinstance(item, Port) else None
    return replace(item, host=held.host) if isinstance(item, Port) and held is not None else item
