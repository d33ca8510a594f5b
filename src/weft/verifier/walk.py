"""A walk over all traffic: protocols, source ports where they matter, then ranges of values.

Going down into a part of the traffic applies the entries that are about the whole part; coming back takes
them off again. So an entry costs what it touches, however many other services there are.
"""

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np

from weft.model.policy import Protocol
from weft.verifier.book import PROTOCOLS, Column
from weft.verifier.census import Mask
from weft.verifier.packet import LARGEST
from weft.verifier.region import FIRST, HIGH, LAST, LOW, PROTOCOL, Cells, Region

Span = tuple[int, int]

ANY_VALUE: Span = (0, LARGEST)

M = TypeVar("M")


class Walk(ABC, Generic[M]):
    """One walk over the traffic of one region; `entries` are those of all its layers."""

    def __init__(self, region: Region) -> None:
        """Nothing is walked yet."""
        self._region = region
        self.entries = np.concatenate([layer.entries for layer in region.layers], axis=1)

    @abstractmethod
    def apply(self, found: Cells) -> None:
        """The traffic from here on is what these entries are about."""

    @abstractmethod
    def mark(self) -> M:
        """Where `take_back` goes back to."""

    @abstractmethod
    def take_back(self, mark: M) -> None:
        """The traffic is again what it was at `mark`."""

    @abstractmethod
    def leaf(self, protocol: Protocol | None, source_ports: Span, values: Span) -> None:
        """A part of the traffic in which nothing differs."""

    def walk(self) -> None:
        """Go through all traffic, or that of the region's scope; none of it twice."""
        scope = self._region.scope
        protocols = self.entries[PROTOCOL]
        self.apply(np.flatnonzero(protocols == PROTOCOLS[None]))
        for protocol in (None, *Protocol):
            if _exists_in(protocol, self._region.version):
                number = PROTOCOLS[protocol]
                mine = scope if scope is None else scope[:, _about(scope[PROTOCOL], number)]
                if mine is not None and not mine.shape[1]:
                    continue
                found = protocols == number if protocol is not None else np.zeros_like(protocols, bool)
                self._by_source_port(protocol, np.flatnonzero(found), mine)

    def _by_source_port(self, protocol: Protocol | None, found: Cells, scope: Column | None) -> None:
        """Source ports matter only where a stateless rule has answers."""
        low, high = self.entries[LOW, found], self.entries[HIGH, found]
        bounds = {0, LARGEST + 1, *low.tolist(), *(high + 1).tolist()}
        if scope is not None:
            bounds |= {*scope[LOW].tolist(), *(scope[HIGH] + 1).tolist()}
        ordered = sorted(bounds)
        for start, following in pairwise(ordered):
            sources = (start, following - 1)
            asked = scope if scope is None else scope[:, _cover(scope[LOW], scope[HIGH], sources)]
            self._by_value((protocol, sources), ANY_VALUE, found[_cover(low, high, sources)], asked)

    def _by_value(
        self, traffic: tuple[Protocol | None, Span], span: Span, found: Cells, scope: Column | None
    ) -> None:
        if scope is not None and not scope.shape[1]:
            return
        mark = self.mark()
        first, last = self.entries[FIRST, found], self.entries[LAST, found]
        whole = _cover(first, last, span)
        if whole.all():
            rest, bounds = found[:0], first[:0]
            self.apply(found)
        else:
            self.apply(found[whole])
            others = ~whole
            rest, bounds = found[others], _bounds_inside(first[others], last[others], span)
        if scope is not None and _cover(scope[FIRST], scope[LAST], span).any():
            scope = None
        if scope is not None:
            bounds = np.concatenate([bounds, _bounds_inside(scope[FIRST], scope[LAST], span)])
        if len(bounds):
            middle = int(np.partition(bounds, len(bounds) // 2)[len(bounds) // 2])
            for part in ((span[0], middle - 1), (middle, span[1])):
                inside = _meet(self.entries[FIRST, rest], self.entries[LAST, rest], part)
                asked = scope if scope is None else scope[:, _meet(scope[FIRST], scope[LAST], part)]
                self._by_value(traffic, part, rest[inside], asked)
        else:
            self.leaf(*traffic, span)
        self.take_back(mark)


def _exists_in(protocol: Protocol | None, version: int) -> bool:
    return protocol is not (Protocol.ICMP if version == 6 else Protocol.ICMPV6)


def _about(protocols: Column, number: int) -> Mask:
    """Which entries are about the protocol of that number, or about any."""
    found: Mask = (protocols == number) | (protocols == PROTOCOLS[None])
    return found


def _cover(first: Column, last: Column, span: Span) -> Mask:
    return (first <= span[0]) & (last >= span[1])


def _meet(first: Column, last: Column, span: Span) -> Mask:
    return (first <= span[1]) & (last >= span[0])


def _bounds_inside(first: Column, last: Column, span: Span) -> Column:
    """Where in `span` a range begins, or the next value after one."""
    return np.concatenate([first[first > span[0]], last[last < span[1]] + 1])
