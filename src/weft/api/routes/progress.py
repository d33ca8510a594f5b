"""What became of changes: receipts and the change log; and whether the server is well."""

from typing import Any

from fastapi import APIRouter, Query

from weft.api.context import Context, Here, Who, check_may_write
from weft.api.receipts import receipt
from weft.model.errors import NotFound
from weft.model.ids import Revision
from weft.store import status

router = APIRouter()
open_router = APIRouter()
Json = dict[str, Any]


@router.get("/receipts/{revision}")
def show_receipt(here: Here, who: Who, revision: int, wait_s: float = Query(0, ge=0, le=60)) -> Json:
    """How far a revision has come; with `wait_s` the answer waits until it is enforced, or that long."""
    del who
    deadline = here.now().timestamp() + wait_s
    while True:
        count, newest = here.store.status_count, here.store.revision
        found = _receipt(here, Revision(revision))
        left = deadline - here.now().timestamp()
        if found["enforced"] or left <= 0:
            return found
        here.store.wait_for_news(newest, count, min(left, 1.0))


def _receipt(here: Context, revision: Revision) -> Json:
    committed_at = here.store.committed_at(revision) if 0 < revision < 1 << 60 else None
    if committed_at is None:
        raise NotFound("revision", revision)
    return receipt(
        revision,
        committed_at,
        status.realised(here.store, revision),
        here.store.snapshot(),
        status.host_statuses(here.store),
    )


@router.get("/changes")
def changes(here: Here, who: Who, since: int = Query(0, ge=0, lt=1 << 60)) -> Json:
    """Who changed what after a revision; administrators only."""
    check_may_write(who)
    return {
        "revision": here.store.revision,
        "items": [
            {
                "revision": c.revision,
                "kind": c.kind.value,
                "id": str(c.object_id),
                "project_id": str(c.project_id) if c.project_id else None,
                "action": c.action,
                "author": c.author,
                "at": c.at.isoformat(),
            }
            for c in here.store.changes(Revision(since))
        ],
    }


@open_router.get("/healthz")
def healthz() -> Json:
    """The process answers."""
    return {"ok": True}


@open_router.get("/readyz")
def readyz(here: Here) -> Json:
    """The store answers."""
    return {"ok": True, "revision": here.store.revision}
