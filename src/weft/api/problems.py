"""The only place where errors become status codes: problem documents (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from weft.model.errors import (
    Busy,
    Conflict,
    Forbidden,
    HistoryGone,
    Invalid,
    NotFound,
    QuotaExceeded,
    StaleRevision,
    Unauthenticated,
    Unavailable,
    WeftError,
)

log = structlog.get_logger()

_STATUS: Mapping[type[WeftError], int] = {
    Invalid: 422,
    NotFound: 404,
    HistoryGone: 410,
    Conflict: 409,
    QuotaExceeded: 409,
    Busy: 429,
    StaleRevision: 412,
    Forbidden: 403,
    Unauthenticated: 401,
    Unavailable: 503,
}
_SHOWN = 120
_SECRETS = frozenset({"user_data"})
"""Fields whose value is never said again."""
_MOST_ERRORS = 20


def status_of(error: WeftError) -> int:
    """The status code of an error, by the nearest of its types."""
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 400)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    field: str | None = None,
    errors: Sequence[Mapping[str, str]] = (),
    retry_after_s: int | None = None,
) -> Response:
    """A problem document. ASCII, because what a client sent and is told need not be UTF-8."""
    body: dict[str, object] = {
        "type": f"urn:weft:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if field is not None:
        body["field"] = field
    if errors:
        body["errors"] = list(errors)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    return Response(
        json.dumps(body, ensure_ascii=True),
        status_code=status,
        media_type="application/problem+json",
        headers=headers,
    )


def install(app: FastAPI, unavailable: tuple[type[Exception], ...]) -> None:
    """Make `app` answer errors with problem documents; `unavailable` are the world's, not ours."""
    app.add_exception_handler(WeftError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _ours)
    for kind in unavailable:
        app.add_exception_handler(kind, _unavailable)


def _refused(request: Request, error: Exception) -> Response:
    del request
    if not isinstance(error, WeftError):
        raise error
    later = error.retry_after_s if isinstance(error, Busy) else None
    return problem(status_of(error), error.code, error.message, field=error.field, retry_after_s=later)


def _malformed(request: Request, error: Exception) -> Response:
    del request
    if not isinstance(error, RequestValidationError):
        raise error
    errors = [_rule_broken(one) for one in error.errors()[:_MOST_ERRORS]]
    first = errors[0]
    detail = f"{first['field']}: {first['rule']}; it was {first['value']}"
    return problem(422, "invalid", detail, field=first["field"], errors=errors)


def _rule_broken(error: Mapping[str, object]) -> Mapping[str, str]:
    if error.get("type") == "json_invalid":
        return {"field": "body", "value": "not JSON", "rule": "the body is one JSON document"}
    place = error.get("loc", ())
    path = [str(part) for part in place] if isinstance(place, tuple | list) else [str(place)]
    if len(path) > 1 and path[0] in ("body", "query", "path", "header"):
        path = path[1:]
    rule = str(error.get("msg", "is not valid")).removeprefix("Value error, ")
    if error.get("type") == "extra_forbidden":
        rule = "there is no such field"
    value = "not repeated" if _SECRETS.intersection(path) else _shown(error.get("input"))
    return {"field": ".".join(path), "value": value, "rule": rule}


def _shown(value: object) -> str:
    """What was sent, cut to a length that a person reads."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, int) and value.bit_length() > 512:
        return "a very large number"
    if not isinstance(value, str | int | float | None):
        return "an object"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 404:
        return problem(404, "not_found", f"there is nothing at {request.url.path!r:.200}")
    if error.status_code == 405:
        return problem(405, "method_not_allowed", f"{request.method} is not possible here")
    if error.status_code == 400:
        return problem(422, "invalid", "the body is not a JSON document", field="body")
    return problem(error.status_code, "refused", str(error.detail))


def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("database unavailable", path=request.url.path, reason=str(error))
    return problem(
        503,
        "unavailable",
        f"the server cannot reach its database ({type(error).__name__}; its log says more); "
        "ask again, and look first whether a change was made",
    )


def _ours(request: Request, error: Exception) -> Response:
    log.error("request failed", path=request.url.path, exc_info=error)
    return problem(500, "internal", "this is a fault of the server; its log says more")
