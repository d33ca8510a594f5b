"""/hosts/{host}/progress, /flush and /flushed: how far a host is with what was declared."""

import time
from collections.abc import Callable, Collection
from functools import partial
from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter, Request

from weft.api.context import Asking, Hosting
from weft.api.schemas.base import Done
from weft.api.schemas.progress import FlushedIn, FlushShown, ProgressIn, ProgressTold
from weft.api.waiting import waiting
from weft.model.errors import Invalid, NotFound
from weft.model.ids import DomainId, HostName, Revision
from weft.model.snapshot import Snapshot
from weft.store import Store, progress
from weft.store.news import News
from weft.store.standing import Unparsed
from weft.verifier.tightening import Cut

router = APIRouter(prefix="/hosts/{host}", tags=["agent"])

T = TypeVar("T")

_MOMENT_S = 0.2
"""An agent gives an answer 3 s, and tells nothing else of how far it is meanwhile."""


@router.post("/progress")
async def report_progress(request: Request, asking: Hosting, host: str, body: ProgressIn) -> ProgressTold:
    """Say which flows are in, and which matches of theirs OVN could not parse there.

    A host can be quicker than our own record of what OVN was asked for: the answer waits a moment for that.
    """
    return await waiting(request, partial(_told, asking.store, host, body))


def _told(store: Store, host: str, body: ProgressIn) -> ProgressTold:
    here = _host(store.snapshot(), host)
    unparsed = tuple(Unparsed(match=one.match, problem=one.problem) for one in body.unparsed)
    told = _awaited(
        store,
        {News.REALISED},
        lambda: progress.confirm(store, here, body.nb_cfg, unparsed),
        lambda told: told.realised_nb_cfg >= body.nb_cfg or not told.pending,
    )
    return ProgressTold(
        realised_nb_cfg=told.realised_nb_cfg if told.pending else max(told.realised_nb_cfg, body.nb_cfg),
        flush=told.owes,
    )


@router.get("/flush")
async def read_flush(request: Request, asking: Hosting, host: str) -> FlushShown:
    """The connections that the host must end, by what the newest policy says of them.

    The answer waits a moment for other hosts that do not have their flows yet.
    """
    return await waiting(request, partial(_flush, asking, host))


def _flush(asking: Asking, host: str) -> FlushShown:
    here = _host(asking.store.snapshot(), host)
    owed = _awaited(
        asking.store,
        {News.REALISED, News.REACHED},
        lambda: progress.owed(asking.store, here),
        lambda owed: owed.acknowledge is not None or not owed.cuts,
    )
    snapshot = asking.store.snapshot()
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


def _awaited(store: Store, news: Collection[News], ask: Callable[[], T], is_enough: Callable[[T], bool]) -> T:
    """What `ask` answers once that is enough, or after a moment; it is asked again at each of `news`."""
    deadline = time.monotonic() + _MOMENT_S
    while True:
        heard = store.heard(news)
        found = ask()
        left = deadline - time.monotonic()
        if is_enough(found) or left <= 0 or store.is_closed():
            return found
        store.wait_to_hear(news, heard, left)


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
