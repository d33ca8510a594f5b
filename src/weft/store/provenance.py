"""Who made a thing what it is: the last change of an object in which what matters became different."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from uuid import UUID

import sqlalchemy as sa

from weft.model.ids import RuleId
from weft.model.network import Network
from weft.model.policy import Direction, Policy, Rule
from weft.store import tables
from weft.store.change import Change, Declared, Kind
from weft.store.database import Store
from weft.store.rows import to_change


def changes_of(store: Store, kind: Kind, object_id: UUID | str) -> Generator[Change]:
    """The changes of one object, newest first. They are read as they are asked for."""
    log, heads = tables.changes, tables.revisions
    query = (
        sa.select(log, heads.c.at, heads.c.author)
        .join(heads)
        .where(log.c.kind == kind.value, log.c.object_id == str(object_id))
        .order_by(log.c.revision.desc())
    )
    with store.engine.begin() as connection:
        for row in connection.execution_options(yield_per=20).execute(query):
            yield to_change(row)


def origin_of_rule(store: Store, policy: Policy, rule: RuleId) -> Change | None:
    """The change that made the rule say what it says now; moving it is not saying something else."""
    return _last(store, Kind.POLICIES, policy.id, lambda item: _said(item, rule))


def origin_of_default(store: Store, network: Network, direction: Direction) -> Change | None:
    """The change that gave `network` the default it has now."""
    field = f"default_{direction}"
    return _last(store, Kind.NETWORKS, network.id, lambda item: getattr(item, field, None))


def _last(
    store: Store, kind: Kind, object_id: UUID, what: Callable[[Declared | None], object]
) -> Change | None:
    with closing(changes_of(store, kind, object_id)) as found:
        return next((change for change in found if what(change.before) != what(change.after)), None)


def _said(item: Declared | None, rule: RuleId) -> Rule | None:
    """The rule as it was written; its rank is the store's own."""
    if not isinstance(item, Policy):
        return None
    return next((replace(found, rank=0) for found in item.rules if found.id == rule), None)
