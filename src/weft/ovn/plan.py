"""What must change so that the rows OVN holds become the rows that are desired.

Sets change by element, so that adding one port to a group of thousands costs one element on the wire and one
in every hypervisor's conditional update, not a rewrite of the group.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from weft.ovn.rows import BY_ENTRY, Key, Row, Rows


@dataclass(frozen=True, slots=True)
class SetChange:
    """Elements that join and leave a set column."""

    add: frozenset[str]
    remove: frozenset[str]


@dataclass(frozen=True, slots=True)
class MapChange:
    """Entries of a map column that come, and the keys of those that go: both, for what is different."""

    add: Mapping[str, str]
    remove: frozenset[str]


@dataclass(frozen=True, slots=True)
class RowChange:
    """What becomes different in one row: whole columns, sets by element, and large maps by entry."""

    row: Row
    """The row as it will be."""
    columns: Mapping[str, object] = field(default_factory=dict)
    sets: Mapping[str, SetChange] = field(default_factory=dict)
    maps: Mapping[str, MapChange] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows to insert, to change and to delete, each in an order that does not depend on chance."""

    insert: tuple[Row, ...] = ()
    update: tuple[RowChange, ...] = ()
    delete: tuple[Row, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether OVN already is as desired."""
        return not (self.insert or self.update or self.delete)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows come, change and go, for the log."""
        return {"inserted": len(self.insert), "updated": len(self.update), "deleted": len(self.delete)}


def diff(desired: Rows, actual: Rows, among: Iterable[Key] | None = None) -> Plan:
    """The plan that turns `actual` into `desired`; `among` are the only keys to look at, if it is given.

    `diff(x, x)` is empty. The table is part of how keys are made; should a stranger have put our key on a
    row of another table, that row goes and ours is made.
    """
    insert: list[Row] = []
    update: list[RowChange] = []
    delete: list[Row] = []
    for key in desired.keys() | actual.keys() if among is None else among:
        new, old = desired.get(key), actual.get(key)
        if new is old or new == old:
            continue
        if new is not None and old is not None and new.table == old.table:
            update.append(_change(new, old))
            continue
        insert += [] if new is None else [new]
        delete += [] if old is None else [old]
    return Plan(
        _in_order(insert), tuple(sorted(update, key=lambda change: change.row.key)), _in_order(delete)
    )


def _in_order(rows: list[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: row.key))


def _change(desired: Row, actual: Row) -> RowChange:
    columns: dict[str, object] = {}
    sets: dict[str, SetChange] = {}
    maps: dict[str, MapChange] = {}
    for column in fields(desired):
        new, old = getattr(desired, column.name), getattr(actual, column.name)
        if new == old:
            continue
        if isinstance(new, frozenset) and isinstance(old, frozenset):
            sets[column.name] = SetChange(add=new - old, remove=old - new)
        elif (desired.table, column.name) in BY_ENTRY:
            maps[column.name] = _entries(new, old)
        else:
            columns[column.name] = new
    return RowChange(desired, columns, sets, maps)


def _entries(new: Mapping[str, str], old: Mapping[str, str]) -> MapChange:
    come, gone = new.items() - old.items(), old.items() - new.items()
    return MapChange(add=dict(come), remove=frozenset(name for name, _ in gone))


def apply_to(plan: Plan, rows: Rows) -> dict[Key, Row]:
    """`rows` after `plan`: what OVN is expected to hold, without asking it."""
    gone = {row.key for row in plan.delete}
    result = {key: row for key, row in rows.items() if key not in gone}
    result.update((row.key, row) for row in plan.insert)
    for change in plan.update:
        old = result[change.row.key]
        values: dict[str, Any] = dict(change.columns)
        for name, delta in change.sets.items():
            values[name] = (getattr(old, name) - delta.remove) | delta.add
        for name, entries in change.maps.items():
            kept = {key: value for key, value in getattr(old, name).items() if key not in entries.remove}
            values[name] = {**kept, **entries.add}
        result[change.row.key] = replace(old, **values)
    return result
