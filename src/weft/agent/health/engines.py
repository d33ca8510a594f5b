"""The container engine as it describes itself, and whether an agent serves it."""

import fcntl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from weft.agent.health.facts import Docker

_ANSWER_S = 3.0
_USERS = Path("/run/user")


def docker(engine: Path) -> Docker | None:
    """The engine at this socket; None if there is no such socket."""
    rootless = tuple(str(path) for path in sorted(_USERS.glob("*/docker.sock")))
    if not engine.exists():
        return Docker(rootless_sockets=rootless) if rootless else None
    try:
        info = _ask(engine, "/info")
    except (httpx.HTTPError, ValueError) as error:
        return Docker(trouble=str(error), rootless_sockets=rootless)
    return Docker(
        rootless="name=rootless" in (info.get("SecurityOptions") or ()),
        swarm=str((info.get("Swarm") or {}).get("LocalNodeState") or "inactive"),
        rootless_sockets=rootless,
    )


def docker_version(engine: Path) -> str | None:
    """What the engine says; None while there is none that answers."""
    try:
        return str(_ask(engine, "/version")["Version"]) if engine.exists() else None
    except (httpx.HTTPError, ValueError, LookupError):
        return None


def is_locked(lock: Path) -> bool:
    """Whether a serving agent holds this file locked."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _ask(engine: Path, what: str) -> Mapping[str, Any]:
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(engine)), timeout=_ANSWER_S) as http:
        body = http.get(f"http://docker{what}").raise_for_status().json()
    if not isinstance(body, dict):
        raise ValueError(f"{engine} does not speak as Docker does")  # noqa: TRY004 - caught as such
    return body
