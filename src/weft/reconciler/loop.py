"""Make the Northbound database equal to the compiled model.

A pass is a function of the snapshot and of what OVN holds now; it keeps nothing between passes, so a restart
in the middle costs one more pass and nothing else. The same pass applies changes, repairs drift and removes
what nobody declares any more.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from weft.model.ids import Revision
from weft.model.snapshot import Snapshot
from weft.ovn.plan import Plan, diff
from weft.ovn.rows import Rows
from weft.ovsdb import OvsdbUnavailable
from weft.reconciler.bump import INTERVAL_S, bump_is_due

log = structlog.get_logger()

RETRY_S = 1.0
"""How long a pass that could not reach OVN waits before the next one."""


class NorthboundRows(Protocol):
    """What a pass needs of the Northbound database: `weft.ovn.northbound`, or the tests' fake."""

    def read(self) -> Rows:
        """Our rows as they are now; raises OvsdbUnavailable before the first complete snapshot."""

    def position(self) -> tuple[Revision, int]:
        """The revision that is realised, and the `nb_cfg` it was realised at."""

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


def reconcile_once(
    snapshot: Snapshot,
    compiled: Callable[[Snapshot], Rows],
    northbound: NorthboundRows,
    *,
    bump: bool = True,
) -> Realised:
    """One pass: compile, diff, apply. Idempotent; an unchanged estate is not written to.

    An empty plan is realised where OVN already stands, without a write and so without waking every host.
    Without `bump` no host is woken at all; a later pass that may does what this one owes.
    """
    plan = diff(compiled(snapshot), northbound.read())
    if plan.is_empty:
        due = bump and northbound.owes_bump
        nb_cfg = northbound.bump() if due else northbound.position()[1]
        return Realised(snapshot.revision, nb_cfg, wrote=due)
    nb_cfg = northbound.apply(plan, snapshot.revision, bump=bump)
    log.info(
        "plan applied",
        revision=snapshot.revision,
        nb_cfg=nb_cfg,
        inserted=len(plan.insert),
        updated=len(plan.update),
        deleted=len(plan.delete),
    )
    return Realised(snapshot.revision, nb_cfg, wrote=True)


class ModelSource(Protocol):
    """The store, as far as the loop needs it."""

    def snapshot(self) -> Snapshot:
        """The model as of the newest revision."""

    def wait_beyond(self, revision: Revision, timeout_s: float) -> Revision:
        """Blocks until there is a newer revision, at most `timeout_s`; the newest revision."""


class Loop:
    """A thread that runs a pass whenever the model moved, and every `resync_s` for drift."""

    def __init__(
        self,
        source: ModelSource,
        compiled: Callable[[Snapshot], Rows],
        northbound: NorthboundRows,
        *,
        realised: Callable[[Realised, Snapshot], None],
        resync_s: float,
        clock: Callable[[], float],
    ) -> None:
        """`realised` is told of each pass that ended well; it must not block for long. `clock` in seconds."""
        self._source = source
        self._compiled = compiled
        self._northbound = northbound
        self._realised = realised
        self._resync_s = resync_s
        self._clock = clock
        self._bumped_at = -INTERVAL_S
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)

    def start(self) -> None:
        """Begin; the first pass runs at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the pass that is under way; returns when the thread has ended."""
        self._stopping.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        done: Revision | None = None
        while not self._stopping.is_set():
            snapshot = self._source.snapshot()
            try:
                result = self._pass(snapshot)
                if result.wrote or result.revision != done:
                    self._realised(result, snapshot)
                    done = result.revision
                owes = self._northbound.owes_bump
            except OvsdbUnavailable as error:
                log.warning("northbound unavailable", reason=str(error), retry_s=RETRY_S)
                self._stopping.wait(RETRY_S)
                continue
            except Exception:
                log.exception("pass failed", revision=snapshot.revision, retry_s=RETRY_S)
                self._stopping.wait(RETRY_S)
                continue
            self._rest(result.revision, INTERVAL_S if owes else self._resync_s)

    def _pass(self, snapshot: Snapshot) -> Realised:
        now = self._clock()
        bump = bump_is_due(len(snapshot.hosts), now - self._bumped_at)
        result = reconcile_once(snapshot, self._compiled, self._northbound, bump=bump)
        if bump and result.wrote:
            self._bumped_at = now
        return result

    def _rest(self, done: Revision, timeout_s: float) -> None:
        """Sleep until the model moves, another pass is due, or the end."""
        waited = 0.0
        while waited < timeout_s and not self._stopping.is_set():
            if self._source.wait_beyond(done, 1.0) > done:
                return
            waited += 1.0
