"""Wait for what a distributed system does in its own time."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")
_tick = threading.Event()


def eventually(look: Callable[[], _T], *, within_s: float = 10, every_s: float = 0.1) -> _T:
    """The first true value of `look()`. An AssertionError of its own counts as "not yet"; the last one, or
    the last value, is what the failure tells."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            seen = look()
            last = AssertionError(f"after {within_s:g} s still {seen!r}")
            if seen:
                return seen
        except AssertionError as error:
            last = error
        if time.monotonic() > deadline:
            raise last
        _tick.wait(every_s)
