"""Turns at what costs the server much: so many at the same time, and so many of one caller."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from weft.model.errors import Busy

RETRY_S = 5
"""When to ask again: most of what needs a turn is over by then."""


class Turns:
    """Nobody waits for a turn: who gets none is told when to ask again. From any thread."""

    def __init__(self, what: str, most: int, most_of_one: int = 1) -> None:
        """`what` is taken in turns, as a plural noun; `most` at the same time."""
        self._what, self._most, self._most_of_one = what, most, most_of_one
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, who: str) -> Iterator[None]:
        """A turn of `who`, until the end of the block. Raises Busy."""
        with self._lock:
            self._check(who)
            self._taken[who] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[who] -= 1
                self._taken += Counter()  # without those at zero

    def _check(self, who: str) -> None:
        if self._taken[who] >= self._most_of_one:
            raise Busy(
                f"{self._taken[who]} of your {self._what} run already, as many as one caller may have",
                retry_after_s=RETRY_S,
            )
        if self._taken.total() >= self._most:
            raise Busy(
                f"{self._taken.total()} {self._what} run on this server already, as many as it has at the "
                "same time",
                retry_after_s=RETRY_S,
            )
