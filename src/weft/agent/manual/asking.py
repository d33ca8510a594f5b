"""The other end of the agent's socket: how the command line asks the agent of its own host."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from weft.model.errors import WeftError

ANSWER_S = 30.0
"""The agent answers earlier: its own waits, for the server and for the flows, are shorter."""


class AgentAway(WeftError):
    """No agent serves on this host."""

    code = "agent_away"


class AgentRefused(WeftError):
    """The agent did not do what it was asked for; the message says why."""

    code = "agent_refused"


def ask(socket: Path, path: str, body: Mapping[str, object]) -> dict[str, Any]:
    """What the agent answers. Raises AgentAway, AgentRefused."""
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
