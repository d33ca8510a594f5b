"""Who made a thing what it is: the last change of an object in which what matters became different."""

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from weft.model.ids import RuleId
from weft.model.network import Network
from weft.model.policy import Direction, Policy
from weft.store import tables
from weft.store.change import Change, Declared, Kind
from weft.store.database import Store
from weft.store.rows import to_change

Part = RuleId | Direction


def changes_of(store: Store, kind: Kind, object_id: UUID | str) -> Generator[Change]:
    """The changes of one object, newest first. They are read as they are asked for."""
    log, heads = tables.changes, tables.revisions
    query = (
        sa.select(log, heads.c.at, heads.c.author)
        .join(heads)
        .where(log.c.kind == kind.value, log.c.object_id == str(object_id))
        .order_by(log.c.revision.desc())
    )
    with (
        store.engine.begin() as connection,
        connection.execution_options(yield_per=20).execute(query) as rows,
    ):
        for row in rows:
            yield to_change(row)


def origin_of_rule(store: Store, policy: Policy, rule: RuleId) -> Change | None:
    """The change that made the rule say what it says now; moving it is not saying something else."""
    return _last(store, Kind.POLICIES, policy.id, rule)


def rules_changed_since(store: Store, policy: Policy, since: datetime) -> Mapping[RuleId, datetime]:
    """The rules that say something else than at `since`, or nothing then, and when that was last changed."""
    found: dict[RuleId, datetime] = {}
    with closing(changes_of(store, Kind.POLICIES, policy.id)) as changes:
        for change in changes:
            if change.at <= since:
                break
            before, after = made_by(change.before), made_by(change.after)
            for rule in policy.rules:
                if before.get(rule.id) != after.get(rule.id):
                    found.setdefault(rule.id, change.at)
    return found


def origins_of_rules(store: Store, policy: Policy) -> Mapping[RuleId, Change]:
    """As `origin_of_rule`, of every rule of which it is kept, in one reading of what became of the policy."""
    wanted, found = {rule.id for rule in policy.rules}, dict[RuleId, Change]()
    with closing(changes_of(store, Kind.POLICIES, policy.id)) as changes:
        for change in changes:
            before, after = made_by(change.before), made_by(change.after)
            new = {rule for rule in wanted if before.get(rule) != after.get(rule)}
            found.update(dict.fromkeys(new, change))
            wanted -= new
            if not wanted:
                break
    return found


def origin_of_default(store: Store, network: Network, direction: Direction) -> Change | None:
    """The change that gave `network` the default it has now."""
    return _last(store, Kind.NETWORKS, network.id, direction)


def made_by(item: Declared | None) -> Mapping[Part, object]:
    """The parts of an object of which it is told who made them: rules as they were written, and defaults.

    The rank of a rule is the store's own. Putting a policy in force, or out of it, is saying something else.
    """
    if isinstance(item, Policy):
        return {rule.id: (item.in_force, replace(rule, rank=0)) for rule in item.rules}
    if isinstance(item, Network):
        return {Direction.INGRESS: item.default_ingress, Direction.EGRESS: item.default_egress}
    return {}


def _last(store: Store, kind: Kind, object_id: UUID, part: Part) -> Change | None:
    with closing(changes_of(store, kind, object_id)) as found:
        return next((c for c in found if made_by(c.before).get(part) != made_by(c.after).get(part)), None)
