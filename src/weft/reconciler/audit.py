"""A look at everything, beside the passes: it must find nothing, and what it finds is an error of ours.

Passes look at what they are told has moved. Here the model is compiled as if for the first time, and every
row is compared, in a thread of its own, on copies: changes do not wait for it.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass

from weft.compiler import Compilation
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Key, Rows


@dataclass(frozen=True, slots=True)
class Held:
    """What passes take for true at one moment, copied."""

    snapshot: Snapshot
    desired: Rows
    actual: Rows


@dataclass(frozen=True, slots=True)
class Found:
    """Keys of rows."""

    miscompiled: Set[Key]
    """Not what compiling everything gives."""
    unnoticed: Set[Key]
    """Not what OVN holds, though it said nothing of a change."""


def audit(held: Held, compiled: Callable[[Snapshot], Compilation]) -> Found:
    """What is wrong with `held`. Pure."""
    return Found(
        miscompiled=_differing(compiled(held.snapshot).rows, held.desired),
        unnoticed=_differing(held.desired, held.actual),
    )


def _differing(some: Rows, others: Rows) -> Set[Key]:
    return {key for key in some.keys() | others.keys() if some.get(key) != others.get(key)}
