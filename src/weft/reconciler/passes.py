"""Make the Northbound database equal to the compiled model.

A pass compares the rows that moved on either side: those that the model's changes made different, and those
that the database says have changed. What is kept between passes can be dropped at any time, so a restart in
the middle costs one pass over everything and nothing else. The same pass applies changes, repairs drift and
removes what nobody declares any more.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Protocol

import structlog

from weft.compiler import Compilation
from weft.model.ids import Revision
from weft.model.snapshot import Snapshot, Touched
from weft.ovn.northbound import Actual
from weft.ovn.plan import Plan, diff
from weft.ovn.rows import Key, Rows

log = structlog.get_logger()


class NorthboundRows(Protocol):
    """What a pass needs of the Northbound database: `weft.ovn.northbound`, or the tests' fake."""

    def look(self) -> Actual:
        """Our rows, and which have moved; raises OvsdbUnavailable before the first complete snapshot."""

    def position(self) -> tuple[Revision, int]:
        """The revision that is realised, and the `nb_cfg` it was realised at."""

    def apply(self, plan: Plan, revision: Revision) -> int:
        """All of `plan` in one transaction; the `nb_cfg` it was given."""


@dataclass(frozen=True, slots=True)
class Realised:
    """A revision that the Northbound database holds, and the `nb_cfg` that hosts will acknowledge."""

    revision: Revision
    nb_cfg: int
    wrote: bool


Since = Callable[[Revision], Touched | None]
"""What was touched after a revision, or None when that is not known any more."""


class Passes:
    """Passes over one Northbound database, for one thread."""

    def __init__(self, compiled: Callable[[Snapshot], Compilation], northbound: NorthboundRows) -> None:
        """Nothing is compiled yet: the first pass looks at everything."""
        self._compiled = compiled
        self._northbound = northbound
        self._compilation: Compilation | None = None
        self._suspects: set[Key] = set()
        """The rows that are not known to be equal on both sides."""

    def run(self, snapshot: Snapshot, since: Since) -> Realised:
        """One pass: compile, diff, apply. Idempotent; an unchanged estate is not written to.

        An empty plan is realised where OVN already stands, without a write and so without waking every host.
        """
        desired = self._desired(snapshot, since)
        actual = self._northbound.look()
        self._suspects |= actual.moved
        plan = diff(desired, actual.rows, self._suspects)
        if plan.is_empty:
            self._suspects.clear()
            return Realised(snapshot.revision, self._northbound.position()[1], wrote=False)
        nb_cfg = self._northbound.apply(plan, snapshot.revision)
        self._suspects.clear()
        log.info("plan applied", revision=snapshot.revision, nb_cfg=nb_cfg, **plan.counts)
        return Realised(snapshot.revision, nb_cfg, wrote=True)

    def _desired(self, snapshot: Snapshot, since: Since) -> Rows:
        """The rows of `snapshot`. What differs from the last ones becomes suspect."""
        known = self._compilation
        touched = None if known is None else since(known.snapshot.revision)
        if known is None or touched is None:
            self._suspects.update(() if known is None else known.rows)
            self._compilation = self._compiled(snapshot)
            self._suspects.update(self._compilation.rows)
            return self._compilation.rows
        self._suspects |= known.advance(snapshot, touched)
        return known.rows
