"""/session: a browser gives a token once, and is known by a cookie that no script can read."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Cookie, Request, Response

from weft.api import auth
from weft.api.context import SESSION_COOKIE, Api, ApiDep, Reading
from weft.api.schemas.session import SessionCreate, SessionShown
from weft.store import tokens
from weft.store.tokens import Caller

router = APIRouter(prefix="/session", tags=["session"])

LASTS = timedelta(hours=12)


@router.post("", status_code=201)
def log_in(api: ApiDep, request: Request, response: Response, body: SessionCreate) -> SessionShown:
    """Exchange a token for a session of twelve hours, in a cookie."""
    caller = auth.caller(api.caller_of, f"Bearer {body.token}")
    auth.require_reader(caller)
    with api.store.write(caller.name) as tx:
        secret, expires_at = tokens.open_session(tx, body.token, ttl=LASTS)
    # SameSite=Strict and the header that unsafe requests must bear (context.py) keep other sites out.
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=int(LASTS.total_seconds()),
        path="/api/",
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="strict",
    )
    return _shown(api, caller).model_copy(update={"expires_at": expires_at})


@router.get("")
def read_session(asking: Reading) -> SessionShown:
    """Who the caller is."""
    return _shown(asking.api, asking.caller)


@router.delete("", status_code=204)
def log_out(
    asking: Reading, response: Response, weft_session: Annotated[str | None, Cookie()] = None
) -> None:
    """End the session; its cookie is worth nothing any more. Idempotent."""
    if weft_session is not None:
        with asking.store.write(asking.caller.name) as tx:
            tokens.forget(tx, weft_session)
    response.delete_cookie(SESSION_COOKIE, path="/api/")


def _shown(api: Api, caller: Caller) -> SessionShown:
    project = caller.project_id
    return SessionShown(
        name=caller.name,
        role=caller.role,
        project_id=project,
        project=None if project is None else api.view().project_name(project),
    )
