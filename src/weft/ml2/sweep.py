"""Compare both sides completely, and write into the journal what differs.

So a repair is told by the one road that changes are told by, and each object is read once more before
anything is done with it. What Weft holds without our mark is not even seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from weft.ml2.nouns import KINDS, NOUN_OF, Noun, base_ids
from weft.ml2.translate import Wanted
from weft.ml2.weft_side import Held


@dataclass(frozen=True, slots=True)
class Difference:
    """An object that is not the same on both sides, and why."""

    noun: Noun
    object_id: str
    why: str


def differences(
    everything: Iterable[tuple[Noun, str, list[Wanted] | None]], held: Iterable[Held]
) -> list[Difference]:
    """What to tell so that Weft holds what Neutron does. Both arguments are complete. Pure.

    What is None in Neutron is there, and cannot be said: it is left alone.
    """
    known = {(mark.kind, mark.id): mark for mark in held}
    objects = list(everything)
    found = list(
        chain.from_iterable(_missing(noun, key, wanted or [], known) for noun, key, wanted in objects)
    )
    ours = {(one.kind, one.id) for _, _, wanted in objects for one in wanted or ()}
    ours |= {(kind, key) for noun, key, wanted in objects if wanted is None for kind in KINDS[noun]}
    kept = base_ids([key for kind, key in known if kind == "projects"])
    found += [
        Difference(NOUN_OF[kind], key, "is in Weft and not in Neutron")
        for kind, key in known
        if (kind, key) not in ours and kind in NOUN_OF and key not in kept
    ]
    return list({(one.noun, one.object_id): one for one in found}.values())


def _missing(
    noun: Noun, object_id: str, wanted: list[Wanted], known: dict[tuple[str, str], Held]
) -> Iterable[Difference]:
    for one in wanted:
        mark = known.get((one.kind, one.id))
        if mark is None:
            yield Difference(noun, object_id, "is not in Weft")
        elif not mark.settled:
            yield Difference(noun, object_id, "was changed in Weft")
        elif mark.digest != one.digest and one.kind != "projects":
            yield Difference(noun, object_id, "is different in Weft")
