"""When passes run: as soon as the model moves, and once a second for drift; an audit, on a timer."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol

import structlog

from weft.compiler import Compilation
from weft.model.ids import Revision
from weft.model.snapshot import Snapshot, Touched
from weft.ovsdb import OvsdbUnavailable
from weft.reconciler.audit import Found, audit
from weft.reconciler.bump import INTERVAL_S, bump_is_due
from weft.reconciler.passes import NorthboundRows, Passes, Realised
from weft.store.change import Change, touched_by

log = structlog.get_logger()

RETRY_S = 1.0
"""How long a pass that could not reach OVN waits before the next one."""
REST_S = 1.0
"""How long drift may wait for a pass when the model does not move; one that finds nothing costs nothing."""
MANY_CHANGES = 50_000
"""From here on it is cheaper to compile everything than to go through the log."""


class ModelSource(Protocol):
    """The store, as far as the loop needs it."""

    def snapshot(self) -> Snapshot:
        """The model as of the newest revision."""

    def changes(self, since: Revision, limit: int) -> Sequence[Change]:
        """The changes after `since`, oldest first: whole revisions, until `limit` is reached."""

    def catch_up(self) -> Revision:
        """Takes in what other servers committed; the newest revision."""

    def wait_beyond(self, revision: Revision, timeout_s: float) -> Revision:
        """Blocks until there is a newer revision, at most `timeout_s`; the newest revision."""


def touched_since(source: ModelSource, since: Revision, until: Revision) -> Touched | None:
    """What was touched after `since`, at least until `until`; None if the log does not reach that far."""
    changes = source.changes(since, MANY_CHANGES)
    reached = changes[-1].revision if changes else since
    if reached < until or (changes and changes[0].revision != since + 1):
        return None
    return touched_by(changes)


class Loop:
    """A thread that runs passes."""

    def __init__(
        self,
        source: ModelSource,
        compiled: Callable[[Snapshot], Compilation],
        northbound: NorthboundRows,
        *,
        realised: Callable[[Realised, Snapshot], None],
        resync_s: float,
        clock: Callable[[], float],
    ) -> None:
        """`realised` is told of each pass that ended well; it must not block for long. `clock` in seconds.

        An audit begins `resync_s` after the last one.
        """
        self._source = source
        self._compiled = compiled
        self._northbound = northbound
        self._passes = Passes(compiled, northbound)
        self._realised = realised
        self._resync_s = resync_s
        self._clock = clock
        self._done: Revision | None = None
        self._lost_touch = False
        """The last pass did not end well: other servers may have committed what we have not asked for."""
        self._bumped_at = -INTERVAL_S
        self._audited_at = clock()
        self._audit: Future[Found] | None = None
        self._auditor = ThreadPoolExecutor(1, thread_name_prefix="audit")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)

    def start(self) -> None:
        """Begin; the first pass runs at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the pass that is under way; returns when the thread has ended."""
        self._stopping.set()
        self._thread.join(timeout=10)
        self._auditor.shutdown()

    def _run(self) -> None:
        with suppress(OvsdbUnavailable):
            self._northbound.ready(RETRY_S)
        while not self._stopping.is_set():
            try:
                self._source.wait_beyond(self._turn(), REST_S)
                continue
            except OvsdbUnavailable as error:
                log.warning("northbound unavailable", reason=str(error), retry_s=RETRY_S)
            except Exception:
                log.exception("pass failed", revision=self._source.snapshot().revision, retry_s=RETRY_S)
            self._lost_touch = True
            self._stopping.wait(RETRY_S)

    def _turn(self) -> Revision:
        """A pass, and what follows from it; the revision that it was for."""
        writer = self._northbound.holds_lock  # asked first: what an earlier writer wrote is then known below
        snapshot = self._newest()
        result = self._pass(snapshot, writer=writer)
        if result.wrote or result.revision != self._done:
            self._realised(result, snapshot)
            self._done = result.revision
        self._audit_beside()
        return result.revision

    def _newest(self) -> Snapshot:
        """The model, not older than what OVN holds: a writer that takes over must not undo a revision."""
        if self._lost_touch or self._northbound.position()[0] > self._source.snapshot().revision:
            self._source.catch_up()
            self._lost_touch = False
        return self._source.snapshot()

    def _pass(self, snapshot: Snapshot, *, writer: bool) -> Realised:
        now = self._clock()
        bump = bump_is_due(len(snapshot.hosts), now - self._bumped_at)
        result = self._passes.run(
            snapshot,
            lambda since: touched_since(self._source, since, snapshot.revision),
            bump=bump,
            writer=writer,
        )
        if bump and result.wrote:
            self._bumped_at = now
        return result

    def _audit_beside(self) -> None:
        """Begin an audit when one is due and all is settled; take in what the last one found."""
        if self._audit is not None:
            if self._audit.done():
                finished, self._audit = self._audit, None
                self._passes.correct(finished.result())
        elif self._clock() - self._audited_at >= self._resync_s and (held := self._passes.held()) is not None:
            self._audited_at = self._clock()
            self._audit = self._auditor.submit(audit, held, self._compiled)
