"""/trace: what OVN's own trace does with a packet, and whether the verifier says the same."""

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


@router.post("")
def trace(asking: Reading, body: ExplainIn) -> TracesShown:
    """Let OVN trace the packet between two ports, and tell its way in our names, beside the verdict.

    A difference is an alarm: `weft_trace_disagreements_total`. Each pair of addresses costs OVN a copy of its
    Southbound database.
    """
    snapshot = asking.store.snapshot()
    sources, destinations = ends(asking, snapshot, body)
    for field, stations in (("source", sources), ("destination", destinations)):
        _only_ports(field, [None if station.floating else station.port for station in stations])
    found = verdicts(snapshot, sources, destinations, body)[:_MOST_PAIRS]
    return TracesShown(
        revision=snapshot.revision, traces=[_traced(asking, snapshot, verdict) for verdict in found]
    )


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
