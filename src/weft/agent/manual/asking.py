"""The other end of the agent's socket: how the command line asks the agent of its own host."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from weft.agent.attachment import Wanted
from weft.agent.manual.messages import PLUG, SOCKET, UNPLUG, body_of
from weft.model.errors import Invalid, WeftError
from weft.settings import load_agent

ANSWER_S = 30.0
"""The agent answers earlier: its own waits, for the server and for the flows, are shorter."""


class AgentAway(WeftError):
    """No agent serves on this host."""

    code = "agent_away"


class AgentRefused(WeftError):
    """The agent did not do what it was asked for; the message says why."""

    code = "agent_refused"


def plug(settings: Path, wanted: Wanted) -> dict[str, Any]:
    """Have it plug a port. Raises AgentAway, AgentRefused, Invalid."""
    return _ask(_socket(settings), PLUG, body_of(wanted))


def unplug(settings: Path, name: str, project: str | None) -> dict[str, Any]:
    """Have it unplug a port. Raises AgentAway, AgentRefused, Invalid."""
    return _ask(_socket(settings), UNPLUG, {"name": name, "project": project})


def _socket(settings: Path) -> Path:
    """Where the agent listens whose settings are in this file, if there is one."""
    if os.geteuid() != 0:
        raise Invalid("only root can ask the agent of this host; run the same with sudo")
    return load_agent(settings if settings.exists() else None).run_dir / SOCKET


def _ask(socket: Path, path: str, body: Mapping[str, object]) -> dict[str, Any]:
    transport = httpx.HTTPTransport(uds=str(socket))
    try:
        with httpx.Client(transport=transport, timeout=ANSWER_S, trust_env=False) as client:
            answer = client.post(f"http://agent{path}", json=dict(body))
    except httpx.ConnectError as error:
        raise AgentAway(
            f"no agent runs on this host ({socket}: {error}); start it with systemctl start weft-agent, or "
            "make this machine a host first: weft host join TOKEN"
        ) from error
    except httpx.TransportError as error:
        raise AgentAway(
            f"the agent of this host did not answer ({str(error) or type(error).__name__}); "
            "see journalctl -u weft-agent, and ask again: the same is done once"
        ) from error
    found = _document(answer)
    if answer.is_success:
        return found
    raise AgentRefused(str(found.get("detail") or f"status {answer.status_code}"), field=found.get("field"))


def _document(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = {
            "detail": f"the agent has a fault (status {answer.status_code}); see journalctl -u weft-agent"
        }
    return found if isinstance(found, dict) else {}
