"""Who makes ports: Neutron, or Weft's own API. Each has a session for every client."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import httpx

from bench.scenarios.api import sent

_PROJECT = UUID(int=1).hex
"""Of Keystone's, if there were one."""


class Maker(Protocol):
    """Who makes ports, for up to eight clients."""

    def network(self, name: str, cidr: str) -> str:
        """Make a network; what its ports name it by."""

    def one(self, network: str, name: str, client: int = 0) -> None:
        """Make a port."""

    def many(self, network: str, names: Sequence[str]) -> None:
        """Make ports by one request."""


class ByNeutron:
    """Ports of a project, in its default security group."""

    def __init__(self, sessions: Sequence[httpx.Client]) -> None:
        """One session for each client. Each is used once, alone.

        A process of Neutron reads its policy when it is first asked for a change, and refuses meanwhile what
        others ask (403).
        """
        self._sessions = sessions
        for number, session in enumerate(sessions):
            warm = {"name": f"warm-{number}", "project_id": _PROJECT}
            sent(session, "POST", "/networks", {"network": warm})

    def network(self, name: str, cidr: str) -> str:
        """Its id."""
        asked = {"network": {"name": name, "project_id": _PROJECT}}
        made = str(sent(self._sessions[0], "POST", "/networks", asked).json()["network"]["id"])
        subnet = {"network_id": made, "ip_version": 4, "cidr": cidr, "project_id": _PROJECT}
        sent(self._sessions[0], "POST", "/subnets", {"subnet": subnet})
        return made

    def one(self, network: str, name: str, client: int = 0) -> None:
        """A port."""
        sent(self._sessions[client], "POST", "/ports", {"port": _port(network, name)})

    def many(self, network: str, names: Sequence[str]) -> None:
        """Ports in bulk."""
        sent(self._sessions[0], "POST", "/ports", {"ports": [_port(network, name) for name in names]})


def _port(network: str, name: str) -> dict[str, str]:
    return {"network_id": network, "name": name, "project_id": _PROJECT}


class ByWeft:
    """Ports in a group that lets in its own members, as the default security group does."""

    def __init__(self, sessions: Sequence[httpx.Client]) -> None:
        """One session for each client."""
        self._sessions = sessions
        rules = [
            {"direction": "ingress", "action": "allow", "peer": {"group": "bench"}},
            {"direction": "egress", "action": "allow"},
        ]
        sent(sessions[0], "POST", "/groups", {"name": "bench", "selector": "app=bench"})
        sent(sessions[0], "POST", "/policies", {"name": "bench", "target": "bench", "rules": rules})

    def network(self, name: str, cidr: str) -> str:
        """Its name."""
        sent(self._sessions[0], "POST", "/networks", {"name": name, "subnets": [{"cidr": cidr}]})
        return name

    def one(self, network: str, name: str, client: int = 0) -> None:
        """A port."""
        sent(self._sessions[client], "POST", "/ports", _declared(network, name))

    def many(self, network: str, names: Sequence[str]) -> None:
        """Ports in bulk."""
        items = [_declared(network, name) for name in names]
        sent(self._sessions[0], "POST", "/ports/bulk", {"items": items})


def _declared(network: str, name: str) -> dict[str, object]:
    return {"network": network, "name": name, "labels": {"app": "bench"}}
