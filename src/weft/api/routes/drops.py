"""/hosts/{host}/drops, and what was dropped, rejected and logged lately: asked for, or as it happens."""

from collections.abc import AsyncIterator, Callable, Collection
from functools import partial
from itertools import islice
from typing import Annotated

import anyio
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from weft.api import references
from weft.api.context import Asking, Hosting, Reading
from weft.api.dropped import forged, placed
from weft.api.drops import ByRule, Drop, Drops, Verdict
from weft.api.schemas.base import Done
from weft.api.schemas.drops import ConnectionsIn, ConnectionsTold, DropShown, DropsIn, DropsShown, SpoofedIn
from weft.api.waiting import KEEP_ALIVE_S, waiting
from weft.model.errors import NotFound
from weft.model.ids import HostName, ProjectId
from weft.model.policy import Policy
from weft.model.port import Port

router = APIRouter()

_PAUSE_S = 0.5
"""Between two batches on a stream: a flood is a line per flow, and not one per packet."""
_LARGEST = 2**53

Number = Annotated[int | None, Query(ge=0, le=_LARGEST)]
Wanted = Callable[[Drop], bool]


class _Asked:
    """What was asked for: which projects, and which of their entries."""

    def __init__(
        self,
        asking: Reading,
        project: Annotated[str | None, Query(max_length=255)] = None,
        port: Annotated[str | None, Query(max_length=255)] = None,
        policy: Annotated[str | None, Query(max_length=255)] = None,
        verdict: Verdict | None = None,
        since: AwareDatetime | None = None,
    ) -> None:
        snapshot, who = asking.store.snapshot(), asking.caller
        wanted = references.asked_project(snapshot, who, project)
        self.projects: Collection[ProjectId] | None = None if wanted is None else {wanted}
        of_port = None if port is None else references.visible(snapshot, who, Port, port, project).id
        of_policy = None if policy is None else references.visible(snapshot, who, Policy, policy, project).id

        def wants(drop: Drop) -> bool:
            flow = drop.flow
            return (
                (of_port is None or of_port in (flow.source.port_id, flow.destination.port_id))
                and (of_policy is None or (isinstance(flow.by, ByRule) and flow.by.policy_id == of_policy))
                and verdict in (None, flow.verdict)
                and (since is None or drop.last_at >= since)
            )

        self.wants: Wanted = wants


@router.post("/hosts/{host}/drops", tags=["agent"])
def report_drops(asking: Hosting, host: str, body: DropsIn) -> Done:
    """Tell what ovn-controller logged on a host, at the ports that are bound there. Idempotent."""
    snapshot, here, now = asking.store.snapshot(), HostName(host), asking.store.now()
    if here not in snapshot.hosts:
        raise NotFound("host", host)
    found, strange = placed(snapshot, here, [packets.to_model(now) for packets in body.packets])
    found = [*found, *asking.api.audits(snapshot).of_drops(found)]
    served = {port.project_id for port in snapshot.ports_on.get(here, ())}
    full = [one for one in (each.to_model() for each in body.unlogged) if one and one.project_id in served]
    asking.api.drops.take(body.told(here), now, found, full, strange)
    return Done()


@router.post("/hosts/{host}/spoofed", tags=["agent"])
def report_spoofed(asking: Hosting, host: str, body: SpoofedIn) -> Done:
    """Tell how much anti-spoofing dropped of what ports that are bound to a host sent. Idempotent."""
    snapshot, here, now = asking.store.snapshot(), HostName(host), asking.store.now()
    if here not in snapshot.hosts:
        raise NotFound("host", host)
    found, strange = forged(snapshot, here, body.to_model(now))
    asking.api.drops.take(body.told(here), now, found, (), strange)
    return Done()


@router.post("/hosts/{host}/connections", tags=["agent"])
def report_connections(asking: Hosting, host: str, body: ConnectionsIn) -> ConnectionsTold:
    """Tell which connections began at ports that policies in audit are for; which these are. Idempotent."""
    snapshot, here, now = asking.store.snapshot(), HostName(host), asking.store.now()
    if here not in snapshot.hosts:
        raise NotFound("host", host)
    audit = asking.api.audits(snapshot)
    found = list(audit.of_connections(here, [one.to_model() for one in body.connections], now))
    asking.api.drops.take(body.told(here), now, found, ())
    return ConnectionsTold(ports=list(audit.ports_on(here)))


@router.get("/drops", tags=["policies"])
def list_drops(
    asking: Reading,
    asked: Annotated[_Asked, Depends()],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Number = None,
) -> DropsShown:
    """What was dropped, rejected or logged, the latest first; a flow that is seen again comes first.

    And what policies in audit would have decided otherwise: an estimate, from what hosts saw.
    """
    drops = asking.api.drops
    found = list(islice(filter(asked.wants, drops.newest(asked.projects, cursor)), limit + 1))
    page = found[:limit]
    missing = drops.missing(asked.projects, _hosts(asking, asked.projects), asking.store.now())
    return DropsShown(
        items=[DropShown.from_model(drop) for drop in page],
        next_cursor=str(page[-1].number) if len(found) > limit else None,
        since=drops.began,
        forgotten=missing.forgotten,
        unlogged=missing.unlogged,
        gaps=list(missing.gaps),
        silent=list(missing.silent),
        unwatched=list(missing.unwatched),
    )


@router.get("/drops/feed", tags=["policies"], response_class=StreamingResponse)
async def follow_drops(
    request: Request,
    asking: Reading,
    asked: Annotated[_Asked, Depends()],
    after: Number = None,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """Each entry whenever it changes, as events `drop`; `missing` when some were gone too early."""
    drops = asking.api.drops
    start = drops.number if after is None else after
    if last_event_id.isdecimal() and len(last_event_id) < 16:
        start = int(last_event_id)
    return StreamingResponse(_events(request, drops, asked, start), media_type="text/event-stream")


async def _events(request: Request, drops: Drops, asked: _Asked, after: int) -> AsyncIterator[str]:
    """A number of another server, or of one that began again, is beyond ours: then from now on."""
    reached = min(after, drops.number)
    yield ": weft\n\n"
    while not await request.is_disconnected():
        found, lost, newest = await waiting(request, partial(drops.after, reached, asked.projects))
        if lost:
            yield "event: missing\ndata: {}\n\n"
        for drop in filter(asked.wants, found):
            yield f"id: {drop.number}\nevent: drop\ndata: {DropShown.from_model(drop).model_dump_json()}\n\n"
        if newest == reached:
            await waiting(request, partial(drops.wait, reached, KEEP_ALIVE_S))
            if drops.number == reached:
                yield ": still here\n\n"
        reached = newest
        await anyio.sleep(_PAUSE_S)


def _hosts(asking: Asking, projects: Collection[ProjectId] | None) -> Collection[HostName]:
    """The hosts with ports of some projects."""
    found = asking.store.snapshot().ports_on.items()
    return [
        host
        for host, ports in found
        if projects is None or any(port.project_id in projects for port in ports)
    ]
