"""/changes and /receipts: what happened, and what became of it."""

import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

import anyio
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from weft.api.auth import sees
from weft.api.context import Api, Hosting, Reading
from weft.api.receipts import Receipt, State
from weft.api.schemas.agent import RealisedShown
from weft.api.schemas.history import ChangeShown, ChangesShown, ReceiptShown
from weft.api.waiting import KEEP_ALIVE_S, waiting
from weft.model.errors import NotFound
from weft.model.ids import Revision
from weft.store import Change, Store
from weft.store.news import News
from weft.store.progress import realised
from weft.store.tokens import Caller

router = APIRouter(tags=["history"])

_LONGEST_WAIT_S = 60
_STATUS_PAUSE_S = 0.2
"""Between two hints about status, of which a busy installation has many."""
_OTHER_SERVERS_S = 1.0
"""What hosts tell another server is in the database, and wakes nobody here: it is looked for this often."""
_LARGEST = 2**53
_REALISED, _SETTLED = (News.REALISED,), (News.SETTLED,)

Since = Annotated[int | None, Query(ge=0, le=_LARGEST)]


@router.get("/changes", response_model=ChangesShown)
async def read_changes(
    request: Request,
    asking: Reading,
    since: Since = None,
    accept: Annotated[str, Header()] = "",
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """The changes after a revision: a stream of events, or one JSON document if that is accepted."""
    store = asking.store
    if "application/json" in accept:
        shown = await waiting(request, lambda: _changes(asking.api, asking.caller, since or 0))
        return Response(shown.model_dump_json(), media_type="application/json")
    start = store.revision if since is None else Revision(since)
    if last_event_id.isdecimal() and len(last_event_id) < 16:
        start = Revision(int(last_event_id))
    return StreamingResponse(
        _events(request, asking.api, asking.caller, start), media_type="text/event-stream"
    )


@router.get("/receipts/{revision}", response_model=ReceiptShown)
async def read_receipt(
    request: Request,
    asking: Reading,
    revision: int,
    wait_s: Annotated[float, Query(ge=0, le=3600)] = 0,
) -> ReceiptShown:
    """What became of a revision; with `wait_s`, when it is enforced, failed, or time (60 s at most) is up."""
    limit = min(wait_s, _LONGEST_WAIT_S)
    found = await waiting(request, lambda: _receipt(asking.api, revision, limit))
    return ReceiptShown.from_model(found)


@router.get("/hosts/{host}/revisions/{revision}", tags=["agent"])
async def read_realised(
    request: Request,
    asking: Hosting,
    host: str,
    revision: int,
    wait_s: Annotated[float, Query(ge=0, le=60)] = 0,
) -> RealisedShown:
    """The `nb_cfg` that a host reaches with a revision; with `wait_s`, when it is known or the time is up."""
    del host
    return await waiting(request, lambda: _realised(asking.store, revision, wait_s))


def _realised(store: Store, number: int, wait_s: float) -> RealisedShown:
    deadline = time.monotonic() + wait_s
    while True:
        heard = store.heard(_REALISED)
        found = realised(store, Revision(number))
        left = deadline - time.monotonic()
        if found is not None or left <= 0 or store.is_closed():
            return RealisedShown(revision=number, nb_cfg=None if found is None else found.nb_cfg)
        store.wait_to_hear(_REALISED, heard, min(left, _OTHER_SERVERS_S))


def _receipt(api: Api, number: int, wait_s: float) -> Receipt:
    store = api.store
    deadline = time.monotonic() + wait_s
    revision = Revision(number)
    committed_at = store.committed_at(revision) if 0 < number <= _LARGEST else None
    if committed_at is None:
        raise NotFound("revision", number)
    while True:
        heard = store.heard(_SETTLED)
        found = api.receipts(revision, committed_at)
        left = deadline - time.monotonic()
        if found.state in (State.ENFORCED, State.FAILED) or left <= 0 or store.is_closed():
            return found
        store.wait_to_hear(_SETTLED, heard, min(left, _OTHER_SERVERS_S))


def _changes(api: Api, who: Caller, since: int) -> ChangesShown:
    newest = api.store.revision
    found = api.store.changes(Revision(since))
    return ChangesShown(
        items=[ChangeShown.from_model(change) for change in found if sees(who, change.project_id)],
        revision=found[-1].revision if found else newest,
    )


async def _events(request: Request, api: Api, who: Caller, since: Revision) -> AsyncIterator[str]:
    """Whole revisions, a hint that something observed is different, and a comment now and then.

    The hint says no more than that: what changed is what the lists say. The comment is there so that nobody
    takes the line for dead.
    """
    store, reached, statuses = api.store, since, api.store.status_count
    yield ": weft\n\n"
    while not await request.is_disconnected():
        found = await waiting(request, partial(store.changes, reached))
        if found:
            reached = found[-1].revision
            yield _written([change for change in found if sees(who, change.project_id)])
            continue
        began = time.monotonic()
        newest, counted = await waiting(
            request, partial(store.wait_for_news, reached, statuses, KEEP_ALIVE_S)
        )
        if counted > statuses:
            statuses = counted
            yield "event: status\ndata: {}\n\n"
            await anyio.sleep(_STATUS_PAUSE_S)
        elif newest <= reached:
            if time.monotonic() - began < KEEP_ALIVE_S / 2:
                return  # woken without news: the store was closed
            yield ": still here\n\n"


def _written(changes: list[Change]) -> str:
    """Events. Only the last of a revision has its id, so that who resumes there misses nothing."""
    lines: list[str] = []
    for number, change in enumerate(changes):
        last = number + 1 == len(changes) or changes[number + 1].revision > change.revision
        identity = f"id: {change.revision}\n" if last else ""
        data = ChangeShown.from_model(change).model_dump_json()
        lines.append(f"{identity}event: change\ndata: {data}\n\n")
    return "".join(lines)
