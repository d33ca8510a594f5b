"""The Northbound database: read our rows, apply a plan in one transaction.

Ours are the rows whose `external_ids` hold our mark; no other row is ever changed or deleted. The identities
that the database gives its rows do not leave this module.
"""

import ssl
from collections import ChainMap
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, fields
from typing import Any

from weft.model.ids import Revision
from weft.ovn.plan import Plan, RowChange
from weft.ovn.rows import REFERENCES, ROW_TYPES, Key, Row, Rows
from weft.ovsdb import Connection, OvsdbUnavailable, Uuid, encode
from weft.ovsdb.replica import RawRow, Replica
from weft.ovsdb.values import NamedUuid, as_map

MARK = "weft:key"
REVISION = "weft:revision"
OWES_BUMP = "weft:owes-bump"
"""In NB_Global while what was written last is not covered by any `nb_cfg` that hosts were asked for."""
LOCK = "weft_northbound"
APPLY_S = 300.0
"""How long one transaction may take: about 5,000 rows a second go in. A dead server is noticed earlier."""

_FOREIGN = "foreign:"
_DUPLICATE = "duplicate:"

_TYPES = {row_type.table: row_type for row_type in ROW_TYPES}
_COLUMNS = {row_type.table: [f.name for f in fields(row_type) if f.name != "key"] for row_type in ROW_TYPES}
_SETS = {
    (table, f.name)
    for table, row_type in _TYPES.items()
    for f in fields(row_type)
    if str(f.type).startswith("frozenset")
}
_MAPS = {
    (table, f.name)
    for table, row_type in _TYPES.items()
    for f in fields(row_type)
    if str(f.type).startswith(("Strings", "Mapping", "collections.abc.Mapping", "typing.Mapping"))
}
_ROOTS = frozenset(
    {"Logical_Switch", "Logical_Router", "DHCP_Options", "DNS", "Port_Group", "Address_Set", "Meter"}
)
"""Tables whose rows live without being referred to (the schema's isRoot); the rest goes with its parent."""


@dataclass(frozen=True, slots=True)
class Actual:
    """Our rows in the database, as a live view, and which are new, different or gone since the last look."""

    rows: Rows
    moved: Set[Key]


class Northbound:
    """A session with the Northbound database."""

    def __init__(self, remote: str, *, ssl_context: ssl.SSLContext | None = None) -> None:
        """Connects in the background; see `weft.ovsdb.Connection` for `remote`."""
        tables = {table: [*columns, "external_ids"] for table, columns in _COLUMNS.items()}
        self._connection = Connection(
            remote,
            "OVN_Northbound",
            {**tables, "NB_Global": ["external_ids", "nb_cfg"]},
            lock=LOCK,
            ssl_context=ssl_context,
        )
        self._seen: Replica | None = None
        self._rows: dict[Key, Row] = {}
        self._moved: set[Key] = set()
        self._keys: dict[Uuid, Key] = {}
        """What each row is called, those of strangers included."""
        self._uuids: dict[Key, Uuid] = {}
        self._duplicates: set[Key] = set()

    def close(self) -> None:
        """End the session."""
        self._connection.close()

    def ready(self, timeout_s: float) -> None:
        """Block until the first complete snapshot; OvsdbUnavailable when it does not come."""
        self._connection.ready(timeout_s)

    @property
    def changed(self) -> int:
        """Counts what the database has told; for `wait`."""
        return self._connection.changed

    @property
    def holds_lock(self) -> bool:
        """Whether we are the one writer."""
        return self._connection.holds_lock

    def wait(self, changed: int, timeout_s: float) -> bool:
        """Block until the database told more than `changed` things; False when time is up."""
        return self._connection.wait_beyond(changed, timeout_s)

    def wait_for_lock(self, timeout_s: float) -> bool:
        """Block until we are the one writer; False when time is up."""
        return self._connection.wait_for(lambda: self._connection.holds_lock, timeout_s)

    def read(self) -> Rows:
        """Our rows as they are now."""
        return dict(self.look({}).rows)

    def look(self, like: Rows) -> Actual:
        """Our rows as they are now, at the cost of those that moved since the last look.

        A row that equals the one in `like` is that one: an estate that is as desired is held once, not twice.

        A second row with a key that is taken is called `duplicate:...`, a stranger's row that one of ours
        refers to `foreign:...`: no desired row is called so, hence the next plan does away with them.
        One thread at a time.
        """
        with self._connection.reading() as replica:
            if replica is not self._seen:
                self._moved.update(self._rows)
                self._seen, self._rows, self._keys, self._uuids = replica, {}, {}, {}
                self._duplicates.clear()
                replica.touched.update(
                    (table, identity) for table, rows in replica.tables.items() for identity in rows
                )
            self._refresh(replica, like)
            moved, self._moved = self._moved, set()
            return Actual(self._rows, moved)

    def position(self) -> tuple[Revision, int]:
        """The revision that is realised (0: none), and the `nb_cfg` whose acknowledgement covers it."""
        with self._connection.reading() as replica:
            for row in replica.tables["NB_Global"].values():
                marks = as_map(row["external_ids"])
                realised = marks.get(REVISION, "0")
                revision = Revision(int(realised) if realised.isdecimal() else 0)
                return revision, _integer(row["nb_cfg"]) + (OWES_BUMP in marks)
        return Revision(0), 0

    @property
    def owes_bump(self) -> bool:
        """Whether something was applied that hosts were not asked to acknowledge yet."""
        with self._connection.reading() as replica:
            rows = replica.tables["NB_Global"].values()
            return any(OWES_BUMP in as_map(row["external_ids"]) for row in rows)

    def apply(self, plan: Plan, revision: Revision, *, bump: bool = True) -> int:
        """All of `plan` and `revision` in one transaction, or nothing; the `nb_cfg` that covers it.

        Without `bump` no host is asked to acknowledge it yet: the `nb_cfg` is the one of the next bump,
        whoever does it, and `owes_bump` says that one is due. Only while we hold the writer's lock. Returns
        when the replica shows the new state, so that the next `read` compares with it.
        """
        known = _known_columns(self._connection.schema)
        return self._write(operations_for(plan, self._uuids, known), revision, bump=bump)

    def bump(self) -> int:
        """Ask the hosts to acknowledge everything that was applied; the `nb_cfg` that covers it."""
        return self._write([], self.position()[0], bump=True)

    def _write(self, operations: list[dict[str, object]], revision: Revision, *, bump: bool) -> int:
        if not self._connection.holds_lock:
            raise OvsdbUnavailable(f"another server writes to {self._connection.remote}")
        results = self._connection.transact(
            [
                {"op": "assert", "lock": LOCK},
                *self._global(revision, bump=bump),
                *operations,
                {"op": "select", "table": "NB_Global", "where": [], "columns": ["nb_cfg"]},
            ],
            timeout_s=APPLY_S,
        )
        nb_cfg = int(results[-1]["rows"][0]["nb_cfg"])
        if not self._connection.wait_for(lambda: self._shows(revision, nb_cfg, owing=not bump), 10):
            raise OvsdbUnavailable(f"{self._connection.remote} does not show what it accepted")
        return nb_cfg if bump else nb_cfg + 1

    def _shows(self, revision: Revision, nb_cfg: int, *, owing: bool) -> bool:
        return any(
            _integer(row["nb_cfg"]) >= nb_cfg
            and (marks := as_map(row["external_ids"])).get(REVISION) == str(revision)
            and (OWES_BUMP in marks) == owing
            for row in self._connection.replica.tables.get("NB_Global", {}).values()
        )

    def _global(self, revision: Revision, *, bump: bool) -> Iterator[dict[str, object]]:
        """The revision and the bump of `nb_cfg`, in the row that a fresh database may lack."""
        with self._connection.reading() as replica:
            exists = bool(replica.tables["NB_Global"])
        if not exists:
            yield {"op": "insert", "table": "NB_Global", "row": {}}
        marks = {REVISION: str(revision)} if bump else {REVISION: str(revision), OWES_BUMP: "yes"}
        counted: list[list[object]] = [["nb_cfg", "+=", 1]] if bump else []
        yield {
            "op": "mutate",
            "table": "NB_Global",
            "where": [],
            "mutations": [
                ["external_ids", "delete", ["set", [REVISION, OWES_BUMP]]],
                ["external_ids", "insert", encode(marks)],
                *counted,
            ],
        }

    def _refresh(self, replica: Replica, like: Rows) -> None:
        """Bring the converted rows up to date with what the monitor touched.

        Names first, then values, for rows name each other by key. A row that is new or gone changes the
        rows that refer to it too; only a row that stays and is called differently makes others read
        differently by itself.
        """
        touched = {(table, identity) for table, identity in replica.touched if table in _TYPES}
        replica.touched.clear()
        renamed: set[str] = set()
        vacant: set[str] = set()
        for table, identity in touched:
            old, new = self._keys.get(identity), self._name(table, identity, replica)
            if old != new:
                vacant |= self._call_it(identity, old, new)
                renamed |= {table} if old is not None and new is not None else set()
        if vacant:
            self._promote(vacant, replica, touched, renamed)
        for table, identity in self._with_parents(replica, touched, renamed):
            self._convert(table, identity, replica, like)

    def _call_it(self, identity: Uuid, old: Key | None, new: Key | None) -> set[str]:
        """Change what a row is called; the key that has become free, if any."""
        vacant: set[str] = set()
        if old is not None:
            del self._keys[identity]
            self._rows.pop(old, None)
            self._moved.add(old)
            vacant = {old} if self._uuids.pop(old, None) is not None else vacant
            self._duplicates.discard(old)
        if new is not None:
            self._keys[identity] = new
            if not new.startswith(_FOREIGN):
                self._uuids[new] = identity
            if new.startswith(_DUPLICATE):
                self._duplicates.add(new)
        return vacant

    def _name(self, table: str, identity: Uuid, replica: Replica) -> Key | None:
        """What the row is called, None when it is gone."""
        row = replica.tables[table].get(identity)
        if row is None:
            return None
        mark = as_map(row["external_ids"]).get(MARK)
        if mark is None:
            return Key(f"{_FOREIGN}{table}:{identity}")
        if self._uuids.get(Key(mark), identity) != identity:
            return Key(f"{_DUPLICATE}{table}:{identity}")
        return Key(mark)

    def _promote(
        self, vacant: set[str], replica: Replica, touched: set[tuple[str, Uuid]], renamed: set[str]
    ) -> None:
        """Give a key whose row is gone to its duplicate, if there is one."""
        for name in list(self._duplicates):
            identity, table = self._uuids[name], name.split(":")[1]
            new = self._name(table, identity, replica)
            if new is not None and new in vacant:
                self._call_it(identity, name, new)
                touched.add((table, identity))
                renamed.add(table)

    def _with_parents(
        self, replica: Replica, touched: set[tuple[str, Uuid]], renamed: set[str]
    ) -> set[tuple[str, Uuid]]:
        parents = {parent for (parent, _), target in REFERENCES.items() if target in renamed}
        return touched | {
            (table, identity) for table in parents for identity in replica.tables.get(table, {})
        }

    def _convert(self, table: str, identity: Uuid, replica: Replica, like: Rows) -> None:
        """Convert one of ours. A duplicate that lives by its parent alone is seen in the parent alone."""
        key = self._keys.get(identity)
        if key is None or key.startswith(_FOREIGN):
            return
        if table in _ROOTS or not key.startswith(_DUPLICATE):
            row, known = self._row(table, key, replica.tables[table][identity]), like.get(key)
            self._rows[key] = known if known is not None and known == row else row
            self._moved.add(key)

    def _row(self, table: str, key: Key, raw: RawRow) -> Row:
        values: dict[str, Any] = {}
        for column in _COLUMNS[table]:
            if column in raw:
                values[column] = self._value(table, column, raw[column])
        return _TYPES[table](key=key, **values)

    def _value(self, table: str, column: str, value: Any) -> Any:  # noqa: ANN401 - any column
        target = REFERENCES.get((table, column))
        if (table, column) in _MAPS:
            return value if isinstance(value, dict) else {}
        if (table, column) in _SETS:
            items = value if isinstance(value, frozenset) else frozenset((value,))
            return items if target is None else frozenset(self._key(target, item) for item in items)
        if isinstance(value, frozenset):
            value = next(iter(value), None)
        return value if target is None or value is None else self._key(target, value)

    def _key(self, table: str, identity: Uuid) -> Key:
        """What we call a row that is referred to; it may be gone already."""
        return self._keys.get(identity, Key(f"{_FOREIGN}{table}:{identity}"))


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0


def _known_columns(schema: Mapping[str, Any]) -> dict[str, set[str]]:
    return {table: set(shape["columns"]) for table, shape in schema["tables"].items()}


def operations_for(
    plan: Plan, uuids: Mapping[Key, Uuid], known: Mapping[str, set[str]]
) -> list[dict[str, object]]:
    """The OVSDB operations of `plan`. `uuids` are our rows in the database; columns that the connected
    schema lacks are left out.
    """
    names = {row.key: NamedUuid(f"row{number}") for number, row in enumerate(plan.insert)}
    address = _Addressing(ChainMap(names, uuids))  # type: ignore[arg-type]  # only ever read
    inserts = [_insert(row, names[row.key], address, known[row.table]) for row in plan.insert]
    updates = [
        operation
        for change in plan.update
        for operation in _updates(change, uuids[change.row.key], address, known[change.row.table])
    ]
    deletes: list[dict[str, object]] = [
        {"op": "delete", "table": row.table, "where": [["_uuid", "==", encode(uuids[row.key])]]}
        for row in plan.delete
        if row.table in _ROOTS
    ]
    return [*inserts, *updates, *deletes]


class _Addressing:
    """Values with keys put into the identities that the database knows."""

    def __init__(self, identities: Mapping[Key, str]) -> None:
        self._identities = identities

    def __call__(self, table: str, column: str, value: object) -> object:
        if (table, column) not in REFERENCES or value is None:
            return encode(value)
        if isinstance(value, frozenset):
            return encode(frozenset(self._identity(key) for key in value))
        return encode(self._identity(Key(str(value))))

    def _identity(self, key: Key) -> str:
        if key.startswith((_FOREIGN, _DUPLICATE)):
            return Uuid(key.rpartition(":")[2])
        return self._identities[key]


def _insert(row: Row, name: NamedUuid, address: _Addressing, known: set[str]) -> dict[str, object]:
    columns = {
        column: address(row.table, column, getattr(row, column))
        for column in _COLUMNS[row.table]
        if column in known
    }
    return {
        "op": "insert",
        "table": row.table,
        "uuid-name": str(name),
        "row": {**columns, "external_ids": encode({MARK: row.key})},
    }


def _updates(
    change: RowChange, identity: Uuid, address: _Addressing, known: set[str]
) -> Iterator[dict[str, object]]:
    table, where = change.row.table, [["_uuid", "==", encode(identity)]]
    columns = {name: value for name, value in change.columns.items() if name in known}
    if columns:
        yield {
            "op": "update",
            "table": table,
            "where": where,
            "row": {name: address(table, name, value) for name, value in columns.items()},
        }
    mutations = [
        [name, verb, address(table, name, items)]
        for name, delta in change.sets.items()
        if name in known
        for verb, items in (("delete", delta.remove), ("insert", delta.add))
        if items
    ]
    for name, entries in change.maps.items():
        if name in known and entries.remove:
            mutations.append([name, "delete", encode(entries.remove)])
        if name in known and entries.add:
            mutations.append([name, "insert", address(table, name, entries.add)])
    if mutations:
        yield {"op": "mutate", "table": table, "where": where, "mutations": mutations}
