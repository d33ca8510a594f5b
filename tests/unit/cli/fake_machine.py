"""A machine in memory, for the commands that are about the one that they run on."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.support.hosts import RECORD

from weft.agent.attachment import Lease, Wanted
from weft.agent.health.finding import Finding
from weft.agent.manual.asking import AgentRefused
from weft.agent.manual.messages import PluggedPort
from weft.host.join import HostRefused
from weft.host.record import Record
from weft.model.port import Workload

PORT = "11111111-1111-4111-8111-111111111111"


@dataclass
class FakeMachine:
    """Joins and leaves by name; `left` is what it cannot clean up itself."""

    hosts: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    refusal: str = ""
    forced: bool = False
    findings: tuple[Finding, ...] = ()
    plugged: dict[str, Wanted] = field(default_factory=dict)
    server_away: bool = False

    def joining(
        self,
        token: str,
        *,
        name: str | None,
        address: str | None,
        cni: str | None,
        say: Callable[[str], None],
    ) -> "FakeMachine":
        del token, name, address, cni, say
        return self

    def leaving(self, *, force: bool, say: Callable[[str], None]) -> "FakeLeaving":
        del say
        self.forced = force
        return FakeLeaving(self)

    def diagnose(self) -> tuple[Finding, ...]:
        return self.findings

    def plug(self, wanted: Wanted) -> dict[str, Any]:
        if self.refusal:
            raise AgentRefused(self.refusal, field="interface")
        self.plugged[wanted.name] = wanted
        lease = Lease(
            port_id=PORT,
            network_id="n1",
            network=wanted.network or "DockerSN",
            project="default",
            mac="02:00:00:00:00:01",
            mtu=1400,
            prefixes=("192.168.200.2/24",),
            workload=Workload(runtime="manual", engine="h1", id=PORT, name=wanted.name),
            tap=wanted.interface or "wt11111111111",
            tap_made=wanted.interface is None,
        )
        return asdict(PluggedPort.of(lease, state="up", userspace=True))

    def unplug(self, name: str, project: str | None) -> dict[str, Any]:
        del project
        gone = self.plugged.pop(name, None)
        return {"port_id": "" if gone is None else PORT, "told": not self.server_away}

    def check(self) -> None:
        if self.refusal:
            raise HostRefused(self.refusal)

    def plan(self) -> tuple[str, ...]:
        return ("change something",)

    def run(self, done: Callable[[str], None]) -> Record:
        self.hosts.append(RECORD.host)
        done("changed something")
        return RECORD


@dataclass
class FakeLeaving:
    machine: FakeMachine

    def run(self, done: Callable[[str], None]) -> list[str]:
        self.machine.hosts.clear()
        done("changed it back")
        return self.machine.left
