"""A machine in memory, for the commands that are about the one that they run on."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.hosts import RECORD

from weft.agent.health.finding import Finding
from weft.host.join import HostRefused
from weft.host.record import Record


@dataclass
class FakeMachine:
    """Joins and leaves by name; `left` is what it cannot clean up itself."""

    hosts: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    refusal: str = ""
    forced: bool = False
    findings: tuple[Finding, ...] = ()

    def joining(
        self, token: str, *, name: str | None, address: str | None, say: Callable[[str], None]
    ) -> "FakeMachine":
        del token, name, address, say
        return self

    def leaving(self, *, force: bool, say: Callable[[str], None]) -> "FakeLeaving":
        del say
        self.forced = force
        return FakeLeaving(self)

    def diagnose(self) -> tuple[Finding, ...]:
        return self.findings

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
