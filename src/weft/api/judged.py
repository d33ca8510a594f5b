"""Judgements that many hosts ask for at the same time, made once."""

import threading
from collections.abc import Mapping

from weft.model.ids import DomainId, Revision
from weft.model.judgement import Judgement
from weft.model.snapshot import Snapshot
from weft.verifier.judging import judgements
from weft.verifier.tightening import Cut

Judged = Mapping[DomainId, list[Judgement]]


class JudgedOnce:
    """The last judgements that were asked for. May be used from several threads."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self._turn = threading.Lock()
        self._last: tuple[Revision, Cut, Judged] | None = None

    def __call__(self, snapshot: Snapshot, cut: Cut) -> Judged:
        """What the policy of `snapshot` says of the ports of `cut`."""
        with self._turn:
            if self._last is None or self._last[:2] != (snapshot.revision, cut):
                self._last = snapshot.revision, cut, judgements(snapshot, cut)
            return self._last[2]
