"""The plugin's socket: HTTP as Docker speaks it to plugins."""

import fcntl
import json
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from weft.agent.docker import messages
from weft.agent.docker.driver import Driver
from weft.agent.docker.messages import Body
from weft.agent.docker.publisher import Publisher
from weft.agent.docker.runtime import DockerUnavailable
from weft.agent.plug import PlugFailed
from weft.client import ClientError
from weft.model.errors import Invalid, WeftError
from weft.ovsdb import OvsdbUnavailable

log = structlog.get_logger()

Call = Callable[[Body], Awaitable[Body]]

_ONE_CALL = {"Connection": "close"}
"""Docker would keep the connection, and put its next call into it also when we are stuck: no fallback can
take that one, and Docker waits without end. A call that opens a connection waits in the socket instead."""

_LOCK_TRIES, _LOCK_PAUSE_S = 20, 0.05


def application(driver: Driver, publisher: Publisher) -> Starlette:
    """Every call of the protocol as a route; calls that are not here are 404, which Docker understands."""
    calls: Mapping[str, Call] = {
        "Plugin.Activate": _always(messages.ACTIVATE),
        "NetworkDriver.GetCapabilities": _always(messages.DRIVER_CAPABILITIES),
        "NetworkDriver.CreateNetwork": driver.create_network,
        "NetworkDriver.DeleteNetwork": _always({}),
        "NetworkDriver.CreateEndpoint": driver.create_endpoint,
        "NetworkDriver.EndpointOperInfo": _always({"Value": {}}),
        "NetworkDriver.DeleteEndpoint": driver.delete_endpoint,
        "NetworkDriver.Join": driver.join,
        "NetworkDriver.Leave": _always({}),
        "NetworkDriver.ProgramExternalConnectivity": publisher.program,
        "NetworkDriver.RevokeExternalConnectivity": publisher.revoke,
        "NetworkDriver.DiscoverNew": _always({}),
        "NetworkDriver.DiscoverDelete": _always({}),
        "IpamDriver.GetCapabilities": _always(messages.IPAM_CAPABILITIES),
        "IpamDriver.GetDefaultAddressSpaces": _always(messages.ADDRESS_SPACES),
        "IpamDriver.RequestPool": driver.request_pool,
        "IpamDriver.ReleasePool": driver.release_pool,
        "IpamDriver.RequestAddress": driver.request_address,
        "IpamDriver.ReleaseAddress": driver.release_address,
    }
    return Starlette(routes=[_route(name, call) for name, call in calls.items()])


def bind(path: Path, given: Sequence[socket.socket] = ()) -> socket.socket:
    """The plugin's socket: the one that systemd listens on for us, or one at `path`, for root alone.

    One that was given stays where it is when we end: Docker's calls wait in it for the next agent, or for
    the fallback. Without one, a stale socket makes way.
    """
    for listening in given:
        if listening.family == socket.AF_UNIX:
            return listening
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    path.chmod(0o600)
    listening.listen(128)
    return listening


def take_over(lock: Path) -> int:
    """Lock the file that says that an agent serves; the descriptor, whose end gives the lock back.

    Idempotent for a process that died. Raises Invalid while another agent serves on this host.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            threading.Event().wait(_LOCK_PAUSE_S)  # the fallback looks, which takes it microseconds
        else:
            os.utime(descriptor)  # tells the fallback that this is another life
            return descriptor
    os.close(descriptor)
    raise Invalid(f"another agent serves on this host already: it holds {lock}", field="run_dir")


def server(driver: Driver, publisher: Publisher) -> uvicorn.Server:
    """The server of the plugin; `serve(sockets=[...])` runs it. Signals are the daemon's."""
    config = uvicorn.Config(
        application(driver, publisher),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


def _always(answer: Body) -> Call:
    async def call(body: Body) -> Body:
        del body
        return answer

    return call


def _route(name: str, call: Call) -> Route:
    async def endpoint(request: Request) -> JSONResponse:
        """Errors are answers, too: Docker shows the sentence to whoever started the container."""
        try:
            answer = await call(_body(await request.body()))
        except (WeftError, ClientError, PlugFailed, DockerUnavailable, OvsdbUnavailable) as error:
            log.warning("docker call refused", call=name, why=str(error))
            answer = messages.refusal(str(error))
        except LookupError as error:
            answer = messages.refusal(f"{name} came without {error}")
        return JSONResponse(dict(answer), headers=_ONE_CALL, media_type=messages.CONTENT_TYPE)

    return Route(f"/{name}", endpoint, methods=["POST"])


def _body(raw: bytes) -> Body:
    """Docker sends no content type, and no body where there is nothing to say."""
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {}
