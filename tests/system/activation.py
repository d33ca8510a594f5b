"""What systemd does on a real host: one listening socket, given to the agent and to its fallback."""

import signal
import subprocess
import sys
from pathlib import Path

from weft.agent.docker import fallback
from weft.agent.docker.plugin import bind
from weft.lab import life
from weft.lab.layout import LabHost
from weft.lab.processes import entering, reap, stop_on, until

SOCKET = 3
"""Where a service finds the first socket that it was given (sd_listen_fds(3))."""


class Activated:
    """A host whose agent and fallback hold the same plugin socket, which outlives them both.

    The lab's agent makes way for this one; `end` brings it back.
    """

    def __init__(self, host: LabHost) -> None:
        self._host = host
        life.stop_agent(host)
        self._listening = bind(host.run / "docker" / "plugins" / "weft.sock")
        program = Path(fallback.__file__)
        self._start(
            "weft-fallback", "/usr/bin/python3", "-I", "-S", str(program), "--lock", "/run/weft/agent.lock"
        )
        self.run_agent()

    def run_agent(self) -> None:
        """Start the agent; returns when it serves."""
        ready = self._host.run / "weft" / "agent.ready"
        ready.unlink(missing_ok=True)
        self._start("weft-agent", sys.executable, "-m", "weft.agent", "--config", "/etc/weft/agent.toml")
        until(
            ready.exists,
            f"the agent on {self._host.name} to be ready",
            timeout_s=40,
            log=self._host.logs / "weft-agent.log",
        )

    def kill_agent(self) -> None:
        """End the agent as the kernel does when memory is short."""
        life.stop_agent(self._host, signal.SIGKILL)

    def end(self) -> None:
        """The host as the lab has it. The agent may be away."""
        stop_on(self._host, "weft-agent", signal.SIGKILL)
        stop_on(self._host, "weft-fallback")
        self._listening.close()
        life.run_agent(self._host)

    def _start(self, name: str, *argv: str) -> None:
        passed = self._listening.fileno()
        give = f'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" {SOCKET}<&{passed}'
        with (self._host.logs / f"{name}.log").open("ab") as output:
            process = subprocess.Popen(
                entering(self._host, ["bash", "-c", give, "bash", *argv]),
                pass_fds=[passed],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        (self._host.run / f"{name}.lab-pid").write_text(str(process.pid))
        reap(process)
