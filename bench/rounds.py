"""Contestants that take turns."""

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from random import Random

from bench.figures import Round

Contestant = Callable[[], float]
"""Does its work once and says how long it took, in seconds, or at which rate.

Preparing and clearing up do not count.
"""


def interleaved(
    count: int, contestants: Mapping[str, Contestant], *, warm_up: int = 1, scale: float = 1000
) -> list[Round]:
    """`count` rounds after some that do not count; within a round the order is drawn.

    Seconds become milliseconds, unless `scale` says otherwise: rates stay what they are with 1.
    """
    chance, order = Random(1), list(contestants)
    rounds: list[Round] = []
    for number in range(-warm_up, count):
        chance.shuffle(order)
        taken = {name: contestants[name]() * scale for name in order}
        if number >= 0:
            rounds.append({name: taken[name] for name in contestants})
    return rounds


def repeated(count: int, contestant: Contestant, *, warm_up: int = 1, scale: float = 1000) -> list[float]:
    """The times of one that has no rival."""
    return [each["it"] for each in interleaved(count, {"it": contestant}, warm_up=warm_up, scale=scale)]


class Stopwatch:
    """Seconds, once the block has ended."""

    seconds = 0.0


@contextmanager
def timed() -> Iterator[Stopwatch]:
    """Times a block; garbage of what came before is not collected in it."""
    gc.collect()
    watch, began = Stopwatch(), time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - began
