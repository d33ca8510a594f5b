"""Make the Northbound database equal to the compiled model.

A pass compares the rows that moved on either side: those that the model's changes made different, and those
that the database says have changed. What is kept between passes can be dropped at any time: the next one then
compiles and compares everything, as the first one does, so a restart in the middle costs that and nothing
else. The same pass applies changes, repairs drift and removes what nobody declares any more.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Protocol

import structlog

from weft.collector import collector_off
from weft.compiler import Compilation
from weft.model.ids import Revision
from weft.model.snapshot import Snapshot, Touched
from weft.ovn.northbound import Actual
from weft.ovn.plan import Plan, diff
from weft.ovn.rows import Key, Rows
from weft.ovsdb import OvsdbUnavailable
from weft.reconciler.audit import Found, Held

log = structlog.get_logger()


class NorthboundRows(Protocol):
    """What a pass needs of the Northbound database: `weft.ovn.northbound`, or the tests' fake."""

    def ready(self, timeout_s: float) -> None:
        """Block until the first complete snapshot; raises OvsdbUnavailable when it does not come."""

    def look(self, like: Rows) -> Actual:
        """Our rows, those of `like` where they are equal, and which have moved.

        Raises OvsdbUnavailable before the first complete snapshot.
        """

    def position(self) -> tuple[Revision, int]:
        """The revision that is realised, and the `nb_cfg` it was realised at."""

    @property
    def holds_lock(self) -> bool:
        """Whether we are the one writer."""

    @property
    def owes_bump(self) -> bool:
        """Whether something was applied that hosts were not asked to acknowledge yet."""

    def apply(self, plan: Plan, revision: Revision, *, bump: bool = True) -> int:
        """All of `plan` in one transaction; the `nb_cfg` whose acknowledgement covers it."""

    def bump(self) -> int:
        """Ask the hosts to acknowledge what was applied; the `nb_cfg` that covers it."""


@dataclass(frozen=True, slots=True)
class Realised:
    """A revision that the Northbound database holds, and the `nb_cfg` that hosts will acknowledge."""

    revision: Revision
    nb_cfg: int
    wrote: bool


Since = Callable[[Revision], Touched | None]
"""What was touched after a revision, or None when nobody knows any more."""


class Passes:
    """Passes over one Northbound database, for one thread."""

    def __init__(self, compiled: Callable[[Snapshot], Compilation], northbound: NorthboundRows) -> None:
        """Nothing is known yet: the first pass looks at everything."""
        self._compiled = compiled
        self._northbound = northbound
        self._compilation: Compilation | None = None
        self._suspects: set[Key] | None = None
        """The rows that are not known to be as desired; None for all of them."""
        self._settled: Rows | None = None
        """OVN's rows, if the last pass found them as desired."""

    def run(self, snapshot: Snapshot, since: Since, *, bump: bool = True, writer: bool = True) -> Realised:
        """One pass: compile, diff, apply. Idempotent; an unchanged estate is not written to.

        An empty plan is realised where OVN already stands, without a write and so without waking every host.
        Without `bump` no host is woken at all; a later pass that may does what this one owes.
        Only the `writer` writes; without being it, raises OvsdbUnavailable while there is something to write.
        """
        self._settled = None
        desired = self._desired(snapshot, since).rows
        actual = self._look(desired)
        plan = diff(desired, actual.rows, self._suspects)
        if plan.is_empty:
            self._suspects, self._settled = set(), actual.rows
            due = bump and writer and self._northbound.owes_bump
            nb_cfg = self._northbound.bump() if due else self._northbound.position()[1]
            return Realised(snapshot.revision, nb_cfg, wrote=due)
        if not writer:
            raise OvsdbUnavailable(f"another server writes; it has not realised {snapshot.revision} yet")
        nb_cfg = self._northbound.apply(plan, snapshot.revision, bump=bump)
        self._suspects = set()
        log.info("plan applied", revision=snapshot.revision, nb_cfg=nb_cfg, **plan.counts)
        return Realised(snapshot.revision, nb_cfg, wrote=True)

    def _look(self, desired: Rows) -> Actual:
        """OVN's rows. Those of which it says that they moved become suspect."""
        if self._suspects is not None:
            actual = self._northbound.look(desired)
            self._suspects |= actual.moved
            return actual
        with collector_off():
            return self._northbound.look(desired)

    def held(self) -> Held | None:
        """What is taken for true, if the last pass found everything as desired."""
        if self._compilation is None or self._settled is None:
            return None
        return Held(self._compilation.snapshot, dict(self._compilation.rows), dict(self._settled))

    def correct(self, found: Found) -> None:
        """Let the next pass put right what an audit found."""
        if found.miscompiled:
            log.error("compiled rows were wrong", count=len(found.miscompiled), rows=_some(found.miscompiled))
            self._compilation = None
        if found.unnoticed:
            log.error("drift went unnoticed", count=len(found.unnoticed), rows=_some(found.unnoticed))
            self._suspect(found.unnoticed)

    def _suspect(self, keys: Set[Key]) -> None:
        if self._suspects is not None:
            self._suspects |= keys

    def _desired(self, snapshot: Snapshot, since: Since) -> Compilation:
        """`snapshot`, compiled. Rows that are not what they were become suspect."""
        touched = None if self._compilation is None else since(self._compilation.snapshot.revision)
        if self._compilation is None or touched is None:
            self._suspects = None
            with collector_off():
                self._compilation = self._compiled(snapshot)
        else:
            self._suspect(self._compilation.advance(snapshot, touched))
        return self._compilation


def _some(keys: Set[Key]) -> list[Key]:
    return sorted(keys)[:10]
