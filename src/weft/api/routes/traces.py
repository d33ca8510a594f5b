"""/trace: what OVN's own trace does with a packet, and whether the verifier says the same."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import structlog
from fastapi import APIRouter

from weft.api import tracing
from weft.api.context import Asking, Reading
from weft.api.routes.explain import ends, telling, verdicts
from weft.api.schemas.explain import TO_COME, ExplainIn
from weft.api.schemas.trace import TraceShown, TracesShown
from weft.model.errors import Invalid
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.store.progress import enforced
from weft.verifier.sentences import name_of, tell, traffic_text
from weft.verifier.station import Station
from weft.verifier.verdict import Verdict

log = structlog.get_logger()

router = APIRouter(prefix="/trace", tags=["explain"])

_MOST_PAIRS = 8
_BEGUN_WITHIN = timedelta(seconds=30)
"""After that the answer is what was found. A trace has an end of its own, `weft.ovn.trace.LONGEST_S`."""


@router.post("")
def trace(asking: Reading, body: ExplainIn) -> TracesShown:
    """Let OVN trace the packet between two ports, and tell its way in our names, beside the verdict.

    A difference is an alarm: `weft_trace_disagreements_total`. Each pair of addresses costs OVN a copy of its
    Southbound database: a caller has one request at a time, all together as many as the setting
    `traces_at_once`. Who asks for more gets status 429 (`busy`), and `Retry-After` in seconds.
    """
    snapshot = asking.store.snapshot()
    sources, destinations = ends(asking, snapshot, body)
    for field, stations in (("source", sources), ("destination", destinations)):
        _only_ports(field, [None if station.floating else station.port for station in stations])
    with asking.api.tracing.taken(asking.caller.name):
        found = verdicts(snapshot, sources, destinations, body)
        traces = list(_in_time(asking, snapshot, found[:_MOST_PAIRS]))
    return TracesShown(revision=snapshot.revision, left_out=len(found) - len(traces), traces=traces)


def _in_time(asking: Asking, snapshot: Snapshot, found: Sequence[Verdict]) -> Iterator[TraceShown]:
    last = asking.store.now() + _BEGUN_WITHIN
    for verdict in found:
        if asking.store.now() > last:
            return
        yield _traced(asking, snapshot, verdict)


def _only_ports(field: str, ports: list[Port | None]) -> None:
    if any(port is None or port.id == TO_COME for port in ports):
        raise Invalid("OVN traces between ports that exist; name one", field=field)


def _traced(asking: Asking, snapshot: Snapshot, verdict: Verdict) -> TraceShown:
    source, target = _port(verdict.source), _port(verdict.destination)
    packet = tracing.microflow(snapshot, verdict.source, verdict.destination, verdict.header)
    walk = asking.api.trace(tracing.entry(source), packet)
    said = tracing.told(snapshot, walk, target)
    agrees: bool | None = said.arrives is verdict.passes
    if not agrees and not _settled(asking, snapshot):
        agrees = None
    if agrees is False:
        asking.api.disagreements.inc()
        log.error(
            "trace disagrees",
            source=str(source.id),
            destination=str(target.id),
            traffic=traffic_text(verdict.header),
            arrives=said.arrives,
            passes=verdict.passes,
        )
    return TraceShown(
        version=verdict.header.version,
        source=f"{name_of(verdict.source)} ({verdict.source.address})",
        destination=f"{name_of(verdict.destination)} ({verdict.destination.address})",
        traffic=traffic_text(verdict.header),
        arrives=said.arrives,
        passes=verdict.passes,
        agrees=agrees,
        lines=list(said.lines),
        sentences=list(tell(snapshot, verdict, telling(asking, snapshot).credit)),
    )


def _port(station: Station) -> Port:
    if station.port is None:
        raise ValueError("only ports are traced")
    return station.port


def _settled(asking: Asking, snapshot: Snapshot) -> bool:
    """Whether OVN has realised just this model everywhere, and no other since."""
    done = enforced(asking.store)
    newest = asking.store.snapshot().revision
    return done is not None and done.revision >= snapshot.revision == newest
