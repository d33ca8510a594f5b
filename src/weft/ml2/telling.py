"""Tell Weft what the journal says has changed: read the objects as they are now, and PUT or DELETE them.

A line is forgotten after Weft has answered. Whoever is killed in between tells the same again, and nothing
comes of it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from oslo_log import log as logging

from weft.client import ProblemError
from weft.ml2 import journal
from weft.ml2.journal import Due
from weft.ml2.nouns import KINDS, Noun
from weft.ml2.read import Neutron, Unsayable
from weft.ml2.translate import Wanted
from weft.ml2.weft_side import Weft

LOG = logging.getLogger(__name__)

_AT_ONCE = 500
_SOONEST_S, _LATEST_S = 1.0, 60.0


@dataclass
class _Waiting:
    """An object that Weft refused, and when it is told again."""

    until: float
    pause_s: float


class Teller:
    """Works the journal off. For one thread."""

    def __init__(self, neutron: Neutron, weft: Weft, clock: Callable[[], float]) -> None:
        """Nothing is told before `turn`."""
        self._neutron = neutron
        self._weft = weft
        self._clock = clock
        self._projects: set[str] = set()
        self._waiting: dict[tuple[Noun, str], _Waiting] = {}

    def turn(self) -> int:
        """Tell what is due; how many objects Weft knows now. Raises ServerUnreachable: all lines stay."""
        now = self._clock()
        context = self._neutron.context()
        found = journal.due(context, _AT_ONCE)
        mine = [one for one in found if self._may_be_told(one, now)]
        return sum(self._told(context, one, wanted) for one, wanted in self._in_order(mine))

    def _may_be_told(self, due: Due, now: float) -> bool:
        waiting = self._waiting.get((due.noun, due.object_id))
        return waiting is None or waiting.until <= now

    def _in_order(self, found: Collection[Due]) -> list[tuple[Due, list[Wanted]]]:
        """What others need comes first; what goes, last, and then what needed others first."""
        read = [(due, wanted) for due in found if (wanted := self._read(due)) is not None]
        nouns = list(Noun)

        def place(item: tuple[Due, list[Wanted]]) -> tuple[bool, int, int]:
            due, wanted = item
            level = nouns.index(due.noun)
            return not wanted, level if wanted else -level, due.lines[0]

        return sorted(read, key=place)

    def _read(self, due: Due) -> list[Wanted] | None:
        try:
            return self._neutron.now(due.noun, due.object_id)
        except Unsayable as error:
            self._refused(due, error)
            return None

    def _told(self, context: Any, due: Due, wanted: Collection[Wanted]) -> bool:  # noqa: ANN401
        try:
            for one in wanted:
                self._put(one)
            if not wanted:
                self._remove(due)
        except ProblemError as error:
            self._refused(due, error)
            return False
        self._waiting.pop((due.noun, due.object_id), None)
        journal.done(context, due.lines)
        return True

    def _put(self, wanted: Wanted) -> None:
        if wanted.kind not in ("subnets", "ports") and wanted.project not in self._projects:
            self._projects.add(wanted.project)
            try:
                for part in self._neutron.now(Noun.PROJECT, wanted.project):
                    self._weft.put(part)
            except Exception:
                self._projects.discard(wanted.project)
                raise
        self._weft.put(wanted)
        if wanted.left_out:
            LOG.warning("%s %s is in Weft without: %s", wanted.kind, wanted.id, "; ".join(wanted.left_out))

    def _remove(self, due: Due) -> None:
        for kind in reversed(KINDS[due.noun]):
            self._weft.remove(kind, due.object_id)

    def _refused(self, due: Due, error: Exception) -> None:
        journal.failed(self._neutron.context(), due.lines, str(error))
        key = due.noun, due.object_id
        known = self._waiting.get(key)
        pause_s = _SOONEST_S if known is None else min(2 * known.pause_s, _LATEST_S)
        self._waiting[key] = _Waiting(self._clock() + pause_s, pause_s)
        LOG.warning("%s %s is not in Weft yet: %s", due.noun.value, due.object_id, error)
