"""A machine's services, engines and server in memory, for joining and leaving."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from weft.client import ProblemError, ServerUnreachable
from weft.client.join import Joined
from weft.host.layout import Layout


@dataclass
class FakeServices:
    """Units, and two daemons that run or not."""

    controller: bool = True
    enabled: bool = True
    agent: bool = False
    units: dict[Path, str] = field(default_factory=dict)
    restarts: int = 0

    def controller_runs(self) -> bool:
        return self.controller

    def controller_enabled(self) -> bool:
        return self.enabled

    def install(self, units: Mapping[Path, str]) -> None:
        self.units |= units

    def remove(self, units: Mapping[Path, str]) -> None:
        for path in units:
            self.units.pop(path, None)

    def start_controller(self) -> None:
        self.controller = self.enabled = True
        self.restarts += 1

    def end_controller(self) -> None:
        self.controller = False

    def restore_controller(self, *, ran: bool, enabled: bool) -> None:
        self.controller, self.enabled = ran, enabled

    def start_agent(self) -> None:
        self.agent = True

    def stop_agent(self) -> None:
        self.agent = False


@dataclass
class FakeInstallation:
    """A server that knows hosts: each token is good once."""

    joined: Joined
    tokens: set[str]
    hosts: set[str] = field(default_factory=set)
    away: bool = False
    requests: list[str] = field(default_factory=list)

    def exchange(self, token: str, host: str, csr: str) -> Joined:
        self._reached()
        if token not in self.tokens:
            raise ProblemError(
                code="unauthenticated", title="", detail="this join token is used up", field=None, status=401
            )
        self.tokens.remove(token)
        self.hosts.add(host)
        self.requests.append(csr)
        return self.joined

    def retire(self, joined: Joined, layout: Layout) -> None:
        del layout
        self._reached()
        if joined.host not in self.hosts:
            raise ProblemError(code="unauthenticated", title="", detail="unknown", field=None, status=401)
        self.hosts.remove(joined.host)

    def _reached(self) -> None:
        if self.away:
            raise ServerUnreachable(self.joined.url, "connection refused")


@dataclass
class FakeTraces:
    """What an agent left, until it is removed."""

    networks: list[str] = field(default_factory=lambda: ["DockerSN"])
    stubborn: list[str] = field(default_factory=list)
    kernel_is_clean: bool = False

    def docker_networks(self) -> list[str]:
        self.networks.clear()
        return [f"Docker keeps network {name}" for name in self.stubborn]

    def libvirt_networks(self) -> list[str]:
        return []

    def kernel(self) -> None:
        self.kernel_is_clean = True
