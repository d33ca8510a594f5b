"""The lines that are evaluated for one port, in their order: what it is told that applies to it."""

from collections.abc import Iterator

from weft.model.port import Port
from weft.model.snapshot import Snapshot, is_for
from weft.verifier.lines import Line, in_order, policy_lines, quarantine_lines


def effective_lines(snapshot: Snapshot, port: Port) -> Iterator[Line]:
    """Quarantine and the rules whose target `port` is, both directions; the network's defaults come after."""
    if port.quarantined:
        yield from quarantine_lines()
    for policy in in_order(snapshot):
        if is_for(snapshot, policy, port):
            yield from policy_lines(snapshot, policy)
