"""Python's cyclic garbage collector, while a process reads what it will keep."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_off() -> Iterator[None]:
    """No collection inside the block, and what is alive at its end is never looked through again.

    Loading an estate makes millions of objects that live on. The collector would look through all of them
    again and again: at 100,000 ports that doubles the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
