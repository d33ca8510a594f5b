"""What policy costs to prove, to plan and to look through: 10,000 ports and 10,000 rules in one domain.

All in this process and on the model: nothing is asked of OVN. Each part forgets what the last one knew.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from random import Random

from bench.figures import Figure, alone, percentile
from bench.rounds import repeated, timed
from bench.scenarios.estate import LABEL_SETS, Size, estate, one_rule_more
from bench.scenarios.scale import peak_mb
from weft.api.planner import Planner
from weft.compiler import CompilerSettings
from weft.model.snapshot import Snapshot
from weft.verifier.difference import difference
from weft.verifier.invariants import breaches
from weft.verifier.lint import lint
from weft.verifier.world import World, prove

_DIFF_P50_MS, _DIFF_P99_MS = 20.0, 250.0
_PROOF_S, _LARGE_PROOF_S = 1.0, 3.0
_INVARIANTS, _INVARIANTS_S = 1_000, 1.0
_LARGE = 100_000
_LEAST_CHANGES = 200
"""Of fewer changes a p99 says nothing."""


def proofs(pairs: int) -> Iterator[Figure]:
    """Every pair of ports and every packet, of both sizes, and what one rule opens and closes."""
    model = estate(Size())
    yield from _whole(model, max(5, pairs // 4), _PROOF_S)
    yield from _one_rule(model, max(_LEAST_CHANGES, pairs))
    yield from _whole(estate(Size(ports=_LARGE)), max(3, pairs // 10), _LARGE_PROOF_S)
    yield _memory()


def _whole(model: Snapshot, times: int, goal: float) -> Iterator[Figure]:
    """Reading the model is told apart: it is done once, the proof after every change."""
    size = f"{len(model.ports):,} ports, {LABEL_SETS:,} label sets"
    worlds: list[World] = []

    def read() -> float:
        with timed() as watch:
            worlds[:] = [World.of(model)]
        return watch.seconds

    yield alone(f"the model read, {size}", "s", repeated(max(3, times // 3), read, scale=1))
    found: set[int] = set()

    def proved() -> float:
        with timed() as watch:
            found.add(sum(prove(worlds[0], key).reachable for key in worlds[0].planes))
        return watch.seconds

    taken = repeated(times, proved, scale=1)
    note = f"{found.pop():,} pairs reach each other"
    yield alone(f"all pairs proved, {size}", "s", taken, goal=goal, note=note)


def _one_rule(model: Snapshot, times: int) -> Iterator[Figure]:
    """A rule inserted anywhere: what may be sent that could not be, and the other way round."""
    world, chance = World.of(model), Random(7)

    def changed() -> float:
        new = one_rule_more(model, chance)
        with timed() as watch:
            difference(world, world.advanced(new))
        return watch.seconds

    taken = repeated(times, changed, warm_up=5)
    yield alone("what one rule opens and closes, p50", "ms", taken, goal=_DIFF_P50_MS)
    yield alone(
        "what one rule opens and closes, p99", "ms", taken, goal=_DIFF_P99_MS, of=percentile("weft", 0.99)
    )


def _memory() -> Figure:
    """Of a process of its own, which does the same and nothing else."""
    code = f"from {__name__} import memory_mb; print(memory_mb())"
    runs = [subprocess.run([sys.executable, "-c", code], check=True, capture_output=True) for _ in range(3)]
    return alone("memory to prove and compare 10,000 ports", "MB", [float(run.stdout) for run in runs])


def memory_mb() -> float:
    """The most memory that this process had, once it has read, proved and compared."""
    model = estate(Size())
    world = World.of(model)
    for key in world.planes:
        prove(world, key)
    difference(world, world.advanced(one_rule_more(model, Random(7))))
    return peak_mb(os.getpid())


def promises(pairs: int) -> Iterator[Figure]:
    """1,000 invariants: of a model that is known, and what one rule breaks."""
    model = estate(Size(invariants=_INVARIANTS))
    world, asked = World.of(model), model.invariants.values()
    times = max(5, pairs // 4)
    broken: set[int] = set()

    def looked_at() -> float:
        with timed() as watch:
            broken.add(len(breaches(world, asked)))
        return watch.seconds

    taken = repeated(times, looked_at, scale=1)
    note = f"{broken.pop()} are broken"
    yield alone(f"{_INVARIANTS:,} invariants looked at", "s", taken, goal=_INVARIANTS_S, note=note)
    planner, chance = Planner(CompilerSettings()), Random(7)
    planner.breaks(model, model)
    questions: dict[str, Callable[[Snapshot], object]] = {
        "which rows one rule touches": lambda new: planner.rows(model, new),
        "what one rule breaks": lambda new: planner.breaks(model, new),
    }
    for name, ask in questions.items():

        def asked_once(ask: Callable[[Snapshot], object] = ask) -> float:
            new = one_rule_more(model, chance)
            with timed() as watch:
                ask(new)
            return watch.seconds

        yield alone(name, "ms", repeated(times, asked_once))


def lints(pairs: int) -> Iterator[Figure]:
    """All that lint finds in 10,000 rules; done in the background, so it has no goal."""
    model = estate(Size())
    found: set[int] = set()

    def looked_through() -> float:
        world = World.of(model)
        with timed() as watch:
            found.add(len(lint(world)))
        return watch.seconds

    taken = repeated(max(3, pairs // 20), looked_through, warm_up=0, scale=1)
    yield alone("lint of 10,000 rules", "s", taken, note=f"{found.pop():,} findings")
