"""Rules that expire are taken out of their policies, by a revision like any other.

Nobody has to be told the time: a server that was away ends at its start what expired meanwhile. Of several
servers on one database one makes the revision; the others find nothing left to end.
"""

import threading
from contextlib import suppress
from datetime import datetime

import sqlalchemy as sa
import structlog

from weft.model.errors import Conflict
from weft.model.ids import Revision
from weft.store.database import Store
from weft.store.policies import end_expired

log = structlog.get_logger()

AUTHOR = "expiry"

_LOOK_S = 1.0
_SOONEST_S = 0.01


def end(store: Store) -> Revision | None:
    """End what has expired by now; the revision that did, or None when nothing had. Idempotent."""
    first = store.snapshot().expires_next
    if first is None or first > store.now():
        return None
    with store.write(AUTHOR) as tx:
        ended = end_expired(tx)
    if not ended:
        return None
    log.info("rules expired", revision=tx.revision, rules=[str(rule.id) for rule in ended])
    return Revision(tx.revision)


class Expiry:
    """A thread that ends rules when they expire, and at its start those that did before."""

    def __init__(self, store: Store) -> None:
        """Nothing is ended before `start`."""
        self._store = store
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="expiry", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when the thread has ended."""
        self._stopping.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            # The database is away, or another server was faster: the next look tells.
            with suppress(sa.exc.OperationalError, Conflict):
                end(self._store)
            self._stopping.wait(_until(self._store.snapshot().expires_next, self._store.now()))


def _until(moment: datetime | None, now: datetime) -> float:
    """How long to wait: until the next rule expires, and never long, for rules and clocks may change."""
    left = _LOOK_S if moment is None else (moment - now).total_seconds()
    return min(_LOOK_S, max(_SOONEST_S, left))
