"""What a monitor has told of a database so far: raw rows by table and identity.

Updates are those of `update2` (ovsdb-server(7), section 4.1.14): a modification of a set is the elements
that came or went, one of a map the keys that came, went or changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weft.ovsdb.values import Uuid, Value, decode

RawRow = dict[str, Value]


@dataclass(frozen=True, slots=True)
class TableShape:
    """Which columns of a table are sets of more than one, and which are maps."""

    sets: frozenset[str]
    maps: frozenset[str]
    defaults: Mapping[str, Value]
    """What a column holds when an update leaves it out."""


class Replica:
    """The monitored rows. `touched` collects the rows that changed since it was last drained."""

    def __init__(self, shapes: Mapping[str, TableShape]) -> None:
        """An empty replica of tables with these shapes."""
        self._shapes = dict(shapes)
        self.tables: dict[str, dict[Uuid, RawRow]] = {table: {} for table in shapes}
        self.touched: set[tuple[str, Uuid]] = set()

    def extend(self, shapes: Mapping[str, TableShape]) -> None:
        """Make room for more tables."""
        self._shapes.update(shapes)
        for table in shapes:
            self.tables.setdefault(table, {})

    def apply(self, updates: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        """Take in the table updates of a monitor's answer or of an `update2` notification."""
        for table, rows in updates.items():
            for identity, change in rows.items():
                self._apply_row(table, Uuid(identity), change)

    def _apply_row(self, table: str, identity: Uuid, change: Mapping[str, Any]) -> None:
        self.touched.add((table, identity))
        rows = self.tables[table]
        for verb, columns in change.items():
            match verb:
                case "initial" | "insert":
                    rows[identity] = {
                        **self._shapes[table].defaults,
                        **{name: decode(json) for name, json in columns.items()},
                    }
                case "modify":
                    shape = self._shapes[table]
                    rows[identity] = {
                        **rows[identity],
                        **dict(_modified(shape, rows[identity], columns)),
                    }
                case "delete":
                    rows.pop(identity, None)
                case _:
                    raise ValueError(f"an update of an unknown kind: {verb!r}")


def _modified(shape: TableShape, row: RawRow, columns: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """The new values of the columns that a `modify` names."""
    for name, json in columns.items():
        new = decode(json)
        if name in shape.sets:
            yield name, _set(row.get(name)) ^ _set(new)
        elif name in shape.maps and isinstance(new, dict):
            yield name, _patched(row.get(name), new)
        else:
            yield name, new


def _set(value: Value | None) -> frozenset[Any]:
    if value is None:
        return frozenset()
    return value if isinstance(value, frozenset) else frozenset((value,))


def _patched(old: Value | None, patch: dict[Any, Any]) -> dict[Any, Any]:
    """A key with an equal value went; any other is new or has a new value."""
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if result.get(key) == value:
            del result[key]
        else:
            result[key] = value
    return result


def shapes_of(schema: Mapping[str, Any], tables: Mapping[str, Sequence[str]]) -> dict[str, TableShape]:
    """The shapes of the monitored columns, from a database's schema (RFC 7047, section 3.2)."""
    found = {}
    for table, names in tables.items():
        columns = schema["tables"][table]["columns"]
        kinds = {name: columns[name]["type"] for name in names}
        maps = {name for name, kind in kinds.items() if isinstance(kind, dict) and "value" in kind}
        many = {
            name
            for name, kind in kinds.items()
            if isinstance(kind, dict) and kind.get("max", 1) != 1 and name not in maps
        }
        defaults = {name: _default(kind) for name, kind in kinds.items()}
        found[table] = TableShape(frozenset(many), frozenset(maps), defaults)
    return found


def _default(kind: Any) -> Value:  # noqa: ANN401 - JSON
    """The default value of a column (RFC 7047, section 5.2.1)."""
    if isinstance(kind, dict):
        if "value" in kind:
            return {}
        if kind.get("min", 1) == 0:
            return frozenset()
        kind = kind["key"] if isinstance(kind["key"], str) else kind["key"]["type"]
    return _EMPTY[str(kind)]


_EMPTY: Mapping[str, Value] = {
    "integer": 0,
    "real": 0.0,
    "boolean": False,
    "string": "",
    "uuid": Uuid("00000000-0000-0000-0000-000000000000"),
}
