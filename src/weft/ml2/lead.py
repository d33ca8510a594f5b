"""Which of several workers works. Two at once would do no harm, only everything twice.

No clock is compared with another machine's: whoever sees that the beat has stood still for long takes over.
"""

import time
from collections.abc import Callable
from typing import Any

from neutron_lib.db import api as db_api
from oslo_db import exception as db_exception

from weft.ml2.tables import LeadRow

_ONLY = 1


class Lead:
    """This worker's claim."""

    def __init__(self, name: str, takeover_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`name` tells this worker from all others, a restarted one included."""
        self._name = name
        self._takeover_s = takeover_s
        self._clock = clock
        self._seen: tuple[str, int] | None = None
        self._seen_at = 0.0

    def holds(self, context: Any) -> bool:  # noqa: ANN401 - Neutron's
        """Whether this worker is to work now; says so to the others."""
        with db_api.CONTEXT_READER.using(context):
            row = context.session.get(LeadRow, _ONLY)
            holder, beat = ("", 0) if row is None else (str(row.holder), int(row.beat))
        if not holder:
            return self._first(context)
        if (holder, beat) != self._seen:
            self._seen, self._seen_at = (holder, beat), self._clock()
        if holder != self._name and self._clock() - self._seen_at < self._takeover_s:
            return False
        return self._claim(context, holder, beat)

    def _claim(self, context: Any, holder: str, beat: int) -> bool:  # noqa: ANN401 - Neutron's
        with db_api.CONTEXT_WRITER.using(context):
            claimed: int = (
                context.session.query(LeadRow)
                .filter_by(id=_ONLY, holder=holder, beat=beat)
                .update({"holder": self._name, "beat": beat + 1}, synchronize_session=False)
            )
        return claimed == 1

    def _first(self, context: Any) -> bool:  # noqa: ANN401 - Neutron's
        try:
            with db_api.CONTEXT_WRITER.using(context):
                context.session.add(LeadRow(id=_ONLY, holder=self._name, beat=1))
        except db_exception.DBDuplicateEntry:
            return False
        return True
