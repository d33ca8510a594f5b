"""Ends the connections on this host that policy does not allow any more.

OVN judges only the packets of who opened a connection. One whose answers run on by themselves, a stream that
a server pushes over UDP, would survive the rule that allowed it, in the zones of both its ends.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

import structlog

from weft.agent.conntrack import Tracked
from weft.client import FlushWork

log = structlog.get_logger()


class Tracking(Protocol):
    """What is asked of connection tracking; Conntrack and its fake."""

    def tracked(self) -> Iterator[Tracked]: ...  # noqa: D102
    def end(self, one: Tracked) -> None: ...  # noqa: D102


def flush(work: FlushWork, zones: Mapping[str, int], tracking: Tracking) -> int:
    """End what `work` does not allow in the zones of its ports; how many connections that were.

    `zones` are by port id. Idempotent; connections that are allowed are not touched.
    """
    judged = [
        ({zones[port] for port in domain.ports if port in zones}, domain.judgements)
        for domain in work.domains
    ]
    if not any(here for here, _ in judged):
        return 0
    ended = 0
    for one in list(tracking.tracked()):
        if any(one.zone in here and judgements.deny(one.connection) for here, judgements in judged):
            tracking.end(one)
            ended += 1
    if ended:
        log.info("connections ended", count=ended, revision=work.acknowledge)
    return ended
