"""Errors as problem documents (RFC 9457): the one place where they become status codes."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from weft.model import errors

_STATUS: dict[type[errors.WeftError], HTTPStatus] = {
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.QuotaExceeded: HTTPStatus.CONFLICT,
    errors.StaleRevision: HTTPStatus.PRECONDITION_FAILED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
}


def problem(status: int, code: str, detail: str, field: str | None = None) -> JSONResponse:
    """A problem document; `code` is stable and part of the API."""
    body = {
        "type": f"urn:weft:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **({"field": field} if field else {}),
    }
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def status_of(error: errors.WeftError) -> int:
    """The status of the nearest kind of error that has one."""
    for kind in type(error).__mro__:
        if kind in _STATUS:
            return _STATUS[kind]
    return HTTPStatus.BAD_REQUEST


def install(app: FastAPI) -> None:
    """Make `app` answer every error with a problem document."""

    @app.exception_handler(errors.WeftError)
    def _(_request: Request, error: errors.WeftError) -> JSONResponse:
        return problem(status_of(error), error.code, error.message, error.field)

    @app.exception_handler(RequestValidationError)
    def _(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
        given = repr(first.get("input"))[:200]
        return problem(422, "invalid", f"{field or 'the body'}: {first['msg']}; given: {given}", field)

    @app.exception_handler(HTTPException)
    def _(_request: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).name.lower()
        return problem(error.status_code, code, str(error.detail))
