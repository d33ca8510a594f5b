"""/hosts/{host}/counters and /ports/{id}/counters: what ports sent and received, beside their limits."""

from fastapi import APIRouter

from weft.api import references
from weft.api.context import Hosting, Reading
from weft.api.counters import SILENT, WATCHED_PACE_S
from weft.api.schemas.counters import (
    CountersIn,
    CountersShown,
    CountersTold,
    CountShown,
    LimitShown,
    SampleShown,
)
from weft.model.errors import NotFound
from weft.model.ids import HostName
from weft.model.port import Port
from weft.model.snapshot import Snapshot

router = APIRouter()


@router.post("/hosts/{host}/counters", tags=["agent"])
def report_counters(asking: Hosting, host: str, body: CountersIn) -> CountersTold:
    """Tell what the switch of a host has counted. Idempotent; ports that are not bound there are left out."""
    snapshot, here = asking.store.snapshot(), HostName(host)
    if here not in snapshot.hosts:
        raise NotFound("host", host)
    counted = body.of_ports(snapshot, here)
    return CountersTold(pace_s=asking.api.counters.take(here, counted, asking.store.now()))


@router.get("/ports/{reference}/counters", tags=["ports"])
def read_port_counters(asking: Reading, reference: str, project: str | None = None) -> CountersShown:
    """What a port sent and received lately, beside its limit. Its host tells more often while it is asked."""
    snapshot, now = asking.store.snapshot(), asking.store.now()
    port = references.visible(snapshot, asking.caller, Port, reference, project)
    counters = asking.api.counters
    counted = None if port.host is None else counters.look(port.host, port.id, now)
    told_at = None if port.host is None else counters.told(port.host)
    return CountersShown(
        host=port.host,
        told_at=told_at,
        silent=port.host is not None and (told_at is None or now - told_at > SILENT),
        pace_s=WATCHED_PACE_S,
        sent=None if counted is None else CountShown.from_model(counted.last.sent),
        received=None if counted is None else CountShown.from_model(counted.last.received),
        samples=[] if counted is None else [SampleShown.from_model(one) for one in counted.samples],
        limit=_limit(snapshot, port),
    )


def _limit(snapshot: Snapshot, port: Port) -> LimitShown | None:
    chosen = port.qos_policy_id or snapshot.networks[port.network_id].qos_policy_id
    if chosen is None:
        return None
    return LimitShown.from_model(snapshot.qos_policies[chosen], of_network=port.qos_policy_id is None)
