"""What a change opens and closes, in terms of endpoints and traffic."""

from collections.abc import Mapping
from dataclasses import dataclass

from weft.model.ids import PortId
from weft.model.policy import Protocol
from weft.verifier.lines import Who
from weft.verifier.packet import EPHEMERAL, Header
from weft.verifier.sweep import Span


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the traffic of one protocol; None are the protocols that no service can name."""

    protocol: Protocol | None
    source_ports: Span
    values: Span

    def header(self, version: int) -> Header:
        """A packet of this part, from a client's port where that is possible."""
        low, high = self.source_ports
        source = EPHEMERAL if low <= EPHEMERAL <= high else low
        return Header(version=version, protocol=self.protocol, value=self.values[0], source_port=source)


@dataclass(frozen=True, slots=True)
class Those:
    """A set of endpoints: how many, the first of them, and who of the policy's words means just these."""

    count: int
    some: tuple[PortId, ...]
    who: Who | None


@dataclass(frozen=True, slots=True)
class Block:
    """All pairs of some sources with some destinations; no endpoint is its own partner."""

    sources: Those
    destinations: Those
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """`pairs` begin to reach each other in all of `traffic`, or cease to; the first `blocks` are listed."""

    version: int
    opens: bool
    traffic: tuple[Part, ...]
    pairs: int
    blocks: tuple[Block, ...]
    more_blocks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`opened` and `closed` are, by IP version, the pairs for which any traffic does; all are counted.

    `left_out` says how many more shifts there are than are listed.
    """

    opened: Mapping[int, int]
    closed: Mapping[int, int]
    shifts: tuple[Shift, ...]
    left_out: int = 0

    @property
    def is_none(self) -> bool:
        """Whether everybody reaches just whom they reached before."""
        return not any(self.opened.values()) and not any(self.closed.values())
