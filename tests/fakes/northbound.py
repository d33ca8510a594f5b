"""A Northbound database in memory: it holds rows, and takes plans as the real one does."""

from collections.abc import Iterable

from weft.model.ids import Revision
from weft.ovn.northbound import Actual
from weft.ovn.plan import Plan, apply_to
from weft.ovn.rows import REFERENCES, Key, LogicalSwitch, Meter, PortGroup, Row, Rows, by_key
from weft.ovsdb import OvsdbError, OvsdbUnavailable

_ROOTS = frozenset({"Logical_Switch", "DHCP_Options", "Port_Group", "Address_Set", "Meter"})


class FakeNorthbound:
    """`rows` are what OVN holds; a test may change them behind the reconciler's back."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows: dict[Key, Row] = by_key(rows)
        self.plans: list[Plan] = []
        self.available = True
        self.holds_lock = True
        self._revision = Revision(0)
        self._nb_cfg = 0
        self.owes_bump = False
        self._seen: Rows = {}

    def ready(self, timeout_s: float) -> None:
        del timeout_s
        self._require_available()

    def read(self) -> Rows:
        return dict(self.look({}).rows)

    def look(self, like: Rows) -> Actual:
        del like
        self._require_available()
        seen, self._seen = self._seen, dict(self.rows)
        moved = {key for key in seen.keys() | self.rows.keys() if seen.get(key) != self.rows.get(key)}
        return Actual(self.rows, moved)

    def position(self) -> tuple[Revision, int]:
        self._require_available()
        return self._revision, self._nb_cfg + self.owes_bump

    def apply(self, plan: Plan, revision: Revision, *, bump: bool = True) -> int:
        self._require_available()
        after = apply_to(plan, self.rows)
        for row in after.values():
            for target in _referred(row):
                if target not in after:
                    raise OvsdbError("referential integrity violation", f"{row.key} refers to {target}")
        alive = _alive(after)
        self.rows = {key: row for key, row in after.items() if row.table in _ROOTS or key in alive}
        self.plans.append(plan)
        self._revision = revision
        return self._count(bump=bump)

    def bump(self) -> int:
        self._require_available()
        return self._count(bump=True)

    def _count(self, *, bump: bool) -> int:
        self._nb_cfg, self.owes_bump = self._nb_cfg + bump, not bump
        return self._nb_cfg + self.owes_bump

    def _require_available(self) -> None:
        if not self.available:
            raise OvsdbUnavailable("fake: switched off by the test")


def _referred(row: Row) -> set[Key]:
    found: set[Key] = set()
    for table, column in REFERENCES:
        if table == row.table and (value := getattr(row, column)) is not None:
            found |= value if isinstance(value, frozenset) else {value}
    return found


def _alive(rows: Rows) -> set[Key]:
    """What a parent holds; a port group holds its ports only weakly."""
    held: set[Key] = set()
    for row in rows.values():
        if isinstance(row, PortGroup):
            held |= row.acls
        elif isinstance(row, LogicalSwitch | Meter):
            held |= _referred(row)
    return held
