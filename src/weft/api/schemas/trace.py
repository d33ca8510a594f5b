"""Answers of /trace: what OVN does with a packet, beside what the verifier says of it."""

from weft.api.schemas.base import Shown


class TraceShown(Shown):
    """One packet. `arrives` is what OVN's trace found, `passes` the verdict.

    `agrees` is null where they differ while hosts still wait for a revision: ask again then. `lines` tell the
    way of the packet, `sentences` the verdict.
    """

    version: int
    source: str
    destination: str
    traffic: str
    arrives: bool
    passes: bool
    agrees: bool | None
    lines: list[str]
    sentences: list[str]


class TracesShown(Shown):
    """A trace for each pair of addresses that the two ports have, but for those that were `left_out`.

    At most eight are traced, and none is begun when half a minute has passed.
    """

    revision: int
    left_out: int
    traces: list[TraceShown]
