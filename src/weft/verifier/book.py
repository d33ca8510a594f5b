"""The lines of a snapshot as columns of numbers, made anew only for what changed.

An entry is one line and one range of what it is about: a line with three ranges of ports is three entries.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from weft.model.policy import Direction, Policy, Protocol, Tier
from weft.model.snapshot import Snapshot
from weft.verifier import lines
from weft.verifier.lines import Line, Origin, Who, Within
from weft.verifier.packet import LARGEST

Column = npt.NDArray[np.int32]

PROTOCOLS: Mapping[Protocol | None, int] = {None: -1, **{p: number for number, p in enumerate(Protocol)}}

COLUMNS = (
    *("line", "version", "ingress", "source", "target", "protocol"),
    *("first", "last", "low", "high", "allow"),
)
"""`source` and `target` are whose packets go to whom, whichever of them the line is for. `first` to `last`
are of the header's value, `low` to `high` of the source port.
"""

Place = tuple[object, ...]
"""Where a chapter stands: chapters are read in the order of their places."""


class Roster:
    """A number for everyone whom lines name; a number once given stays."""

    def __init__(self) -> None:
        """Nobody yet."""
        self.whos: list[Who] = []
        self._numbers: dict[Who, int] = {}

    def number(self, who: Who) -> int:
        """The number of `who`."""
        if who not in self._numbers:
            self._numbers[who] = len(self.whos)
            self.whos.append(who)
        return self._numbers[who]


@dataclass(frozen=True)
class Chapter:
    """Lines that stand together, and their entries, whose lines count from 0. `source` is what is told."""

    source: object
    lines: tuple[Line, ...]
    entries: Column

    @cached_property
    def meanings(self) -> tuple[object, ...]:
        """What the lines say, without who says it."""
        return tuple((x.direction, x.target, x.peer, x.traffic, x.allows) for x in self.lines)

    @cached_property
    def names_prefixes(self) -> bool:
        """Whether any peer is told by addresses, which may stand in another object."""
        return any(isinstance(line.peer, Within) for line in self.lines)


@dataclass(frozen=True)
class Book:
    """All chapters of a snapshot by their place, in order."""

    snapshot: Snapshot
    chapters: Mapping[Place, Chapter]

    @classmethod
    def of(cls, snapshot: Snapshot, roster: Roster, before: "Book | None" = None) -> "Book":
        """The book of `snapshot`; what `before` has of it is kept."""
        return cls(snapshot, dict(_chapters(snapshot, roster, before or cls(Snapshot(), {}))))

    @cached_property
    def entries(self) -> Column:
        """The entries of all chapters, their lines counted through."""
        found = [chapter.entries for chapter in self.chapters.values()]
        starts = np.cumsum([0, *(len(chapter.lines) for chapter in self.chapters.values())])
        whole = np.concatenate(found, axis=1)
        whole[0] += np.repeat(starts[:-1], [part.shape[1] for part in found]).astype(np.int32)
        return whole

    def named(self, roster: Roster) -> list[Who]:
        """Everyone whom the lines name."""
        found = np.unique(self.entries[[COLUMNS.index("source"), COLUMNS.index("target")]])
        return [roster.whos[number] for number in found.tolist()]


def _chapters(snapshot: Snapshot, roster: Roster, before: Book) -> Iterator[tuple[Place, Chapter]]:
    old = before.snapshot
    same_subnets = snapshot.subnets is old.subnets
    same_prefixes = snapshot.address_groups is old.address_groups

    def kept(place: Place, source: object) -> Chapter | None:
        known = before.chapters.get(place)
        return known if known is not None and known.source is source else None

    for network in snapshot.networks.values():
        place: Place = (0, network.id)
        known = kept(place, network) if same_subnets else None
        yield place, known or _written(network, lines.system_lines(snapshot, network), roster)
    yield (1,), kept((1,), None) or _written(None, lines.quarantine_lines(), roster)
    for policy in lines.in_order(snapshot):
        place = place_of(policy)
        known = kept(place, policy)
        if known is None or (known.names_prefixes and not same_prefixes):
            known = _written(policy, lines.policy_lines(snapshot, policy), roster)
        yield place, known
    found = lines.published(snapshot)
    known = before.chapters.get((3,))
    if known is None or known.source != found:
        known = _written(found, lines.published_lines(found), roster)
    yield (3,), known
    for network in snapshot.networks.values():
        place = (4, network.id)
        yield place, kept(place, network) or _written(network, lines.default_lines(network), roster)


def place_of(policy: Policy) -> Place:
    """Where the chapter of `policy` stands."""
    return 2, list(Tier).index(policy.tier), policy.order, policy.id


def _written(source: object, told: Iterable[Line], roster: Roster) -> Chapter:
    """DHCP is left out: it is told apart by source ports, and always the same."""
    kept = tuple(x for x in told if not (x.origin is Origin.SYSTEM and x.traffic.source_ports))
    rows = [row for number, line in enumerate(kept) for row in _entries(number, line, roster)]
    return Chapter(source, kept, np.array(rows, np.int32).reshape(len(rows), len(COLUMNS)).T.copy())


def _entries(number: int, line: Line, roster: Roster) -> Iterator[tuple[int, ...]]:
    own, peer = roster.number(line.target), roster.number(line.peer)
    ingress = line.direction is Direction.INGRESS
    traffic = line.traffic
    ends = (peer, own) if ingress else (own, peer)
    for values in traffic.values or ((0, LARGEST),):
        for sources in traffic.source_ports or ((0, LARGEST),):
            about = (PROTOCOLS[traffic.protocol], *values, *sources)
            yield (number, traffic.version or 0, ingress, *ends, *about, line.allows)
