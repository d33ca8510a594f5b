"""Whether the model is still what somebody looked at before they changed it."""

from weft.model.errors import StaleRevision
from weft.model.ids import Revision
from weft.store import Change, Store, Transaction
from weft.store.kinds import NOUNS, name_of
from weft.store.tokens import Caller

_MENTIONED = 10


def check_base(store: Store, caller: Caller, tx: Transaction, base: Revision) -> None:
    """Refuse if the model is not what was planned on. Raises StaleRevision."""
    if tx.revision == base:
        return
    if base > tx.revision:
        raise StaleRevision(f"there is no revision {base} yet, the newest is {tx.revision}", field="base")
    since = store.changes(base)
    mine = [c for c in since if caller.project_id in (None, c.project_id)]
    told = [_meanwhile(change) for change in mine[:_MENTIONED]]
    more = f" and {len(mine) - _MENTIONED} more" if len(mine) > _MENTIONED else ""
    raise StaleRevision(
        f"the plan was made on revision {base}, and the model is at {tx.revision}: "
        f"{', '.join(told) or 'what you may not see'}{more}; plan again",
        field="base",
    )


def _meanwhile(change: Change) -> str:
    """As in: change of policy web by alice in revision 12."""
    item = change.after or change.before
    name = "" if item is None else f" {name_of(item)}"
    return f"{change.action} of {NOUNS[change.kind]}{name} by {change.author} in revision {change.revision}"
