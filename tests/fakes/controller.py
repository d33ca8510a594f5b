"""ovn-controller as the agent meets it: a log, and commands to it."""

from dataclasses import dataclass, field
from pathlib import Path

from weft.agent.unixctl import DaemonUnreachable

COMPLAINT = (
    '2026-11-25T01:59:34.479Z|00031|lflow|WARN|error parsing match "reg0[9] == 1 && ({match})": '
    "Syntax error at `{match}' expecting address set name.\n"
)


@dataclass
class FakeController:
    """`bad` are the matches that it cannot parse; it logs all of them when it looks at everything anew."""

    log: Path
    bad: list[str] = field(default_factory=list)
    process: int | None = 7
    limited: bool = True
    recomputed: int = 0
    busy: int = 0
    """How many more commands it answers before it does what it puts off."""
    asked: bool = False

    def pid(self) -> int:
        if self.process is None:
            raise DaemonUnreachable("ovn-controller does not run here")
        return self.process

    def command(self, name: str, *arguments: str, timeout_s: float = 10.0) -> str:
        del timeout_s
        self.pid()
        if (name, arguments) == ("vlog/disable-rate-limit", ("lflow",)):
            self.limited = False
        self.asked |= name == "inc-engine/recompute"
        self.busy -= self.asked and self.busy > 0
        if self.asked and self.busy == 0:
            self.asked = False
            self.recomputed += 1
            self.complain(*self.bad)
        return {"inc-engine/show-stats": str(self.recomputed), "connection-status": "connected"}.get(name, "")

    def complain(self, *matches: str) -> None:
        with self.log.open("a") as file:
            file.writelines(COMPLAINT.format(match=match) for match in matches)
