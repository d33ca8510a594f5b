"""The agent's own socket: what the command line on this host asks for, in HTTP, for root alone."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from weft.agent.manual.messages import PLUG, UNPLUG, Body, name_from, project_from, wanted_from
from weft.agent.manual.plugging import Plugging
from weft.agent.plug import PlugFailed
from weft.client import ClientError, ProblemError, ServerUnreachable
from weft.model.errors import Conflict, WeftError

log = structlog.get_logger()

Answer = dict[str, object]


def application(plugging: Plugging) -> Starlette:
    """A route for each thing that can be asked. A refusal has a status and says why."""

    def plug(body: Body) -> Answer:
        return asdict(plugging.plug(wanted_from(body)))

    def unplug(body: Body) -> Answer:
        return asdict(plugging.unplug(name_from(body), project_from(body)))

    return Starlette(routes=[_route(PLUG, plug), _route(UNPLUG, unplug)])


def server(plugging: Plugging) -> uvicorn.Server:
    """The server of the socket; `serve(sockets=[...])` runs it. Signals are the daemon's."""
    config = uvicorn.Config(
        application(plugging),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=8,
    )
    return uvicorn.Server(config)


def _route(path: str, call: Callable[[Body], Answer]) -> Route:
    async def endpoint(request: Request) -> JSONResponse:
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return _refusal(422, "the body is a JSON object", None)
        try:
            return JSONResponse(await asyncio.to_thread(call, body))
        except WeftError as error:
            return _refusal(409 if isinstance(error, Conflict) else 422, error.message, error.field)
        except ProblemError as error:
            return _refusal(error.status, str(error), error.field)
        except ServerUnreachable as error:
            return _refusal(503, str(error), None)
        except (ClientError, PlugFailed) as error:
            return _refusal(502, str(error), None)

    return Route(path, endpoint, methods=["POST"])


def _refusal(status: int, detail: str, field: str | None) -> JSONResponse:
    log.warning("plug refused", status=status, why=detail)
    return JSONResponse({"detail": detail, "field": field}, status_code=status)
