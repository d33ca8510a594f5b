"""/hosts/{host}/progress, /flush and /flushed: how far a host is with what was declared."""

from uuid import UUID

from fastapi import APIRouter

from weft.api.context import Hosting
from weft.api.schemas.base import Done
from weft.api.schemas.progress import FlushedIn, FlushShown, ProgressIn, ProgressTold
from weft.model.errors import Invalid, NotFound
from weft.model.ids import DomainId, HostName, Revision
from weft.model.snapshot import Snapshot
from weft.store import progress
from weft.store.standing import Unparsed
from weft.verifier.tightening import Cut

router = APIRouter(prefix="/hosts/{host}", tags=["agent"])


@router.post("/progress")
def report_progress(asking: Hosting, host: str, body: ProgressIn) -> ProgressTold:
    """Say which flows are in, and which matches of theirs OVN could not parse there."""
    here = _host(asking.store.snapshot(), host)
    unparsed = tuple(Unparsed(match=one.match, problem=one.problem) for one in body.unparsed)
    progress.confirm(asking.store, here, body.nb_cfg, unparsed)
    newest = progress.realised(asking.store)
    return ProgressTold(
        realised_nb_cfg=0 if newest is None else newest.nb_cfg,
        flush=bool(progress.owed(asking.store, here).cuts),
    )


@router.get("/flush")
def read_flush(asking: Hosting, host: str) -> FlushShown:
    """The connections that the host must end, by what the newest policy says of them."""
    snapshot = asking.store.snapshot()
    here = _host(snapshot, host)
    owed = progress.owed(asking.store, here)
    cut = Cut(
        ingress=frozenset(port for one in owed.cuts for port in one.ingress),
        egress=frozenset(port for one in owed.cuts for port in one.egress),
    )
    return FlushShown.from_model(
        owed.acknowledge,
        [
            (_ports(snapshot, here, domain), found)
            for domain, found in asking.api.judged(snapshot, cut).items()
        ],
    )


@router.post("/flushed")
def report_flushed(asking: Hosting, host: str, body: FlushedIn) -> Done:
    """Say that what was to be ended for a revision, and all before it, was ended. Idempotent."""
    here = _host(asking.store.snapshot(), host)
    owed = progress.owed(asking.store, here)
    if not owed.cuts:
        return Done()
    if owed.acknowledge is None or body.revision > owed.acknowledge:
        raise Invalid(
            f"revision {body.revision} cannot be acknowledged yet: not every host has its flows; "
            "read /flush again, and do what it says again",
            field="revision",
        )
    progress.record_flushed(asking.store, here, Revision(body.revision), asking.store.now())
    return Done()


def _ports(snapshot: Snapshot, here: HostName, domain: DomainId) -> list[UUID]:
    networks = snapshot.networks_in(domain)
    return sorted(
        port.id for network in networks for port in snapshot.ports_of.get(network, ()) if port.host == here
    )


def _host(snapshot: Snapshot, name: str) -> HostName:
    found = snapshot.hosts.get(HostName(name))
    if found is None:
        raise NotFound("host", name)
    return found.name
