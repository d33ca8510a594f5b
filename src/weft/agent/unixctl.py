"""Commands to a daemon of Open vSwitch or OVN on this host: what ovs-appctl(8) does, without starting it.

The daemon's control socket is named after its process id, so it is looked up anew for each command.
"""

import json
import time
from pathlib import Path

from weft.ovsdb.framing import Splitter
from weft.ovsdb.transport import Transport

ANSWER_S = 10.0


class DaemonUnreachable(Exception):
    """The daemon does not run, or does not answer; the message is a whole sentence."""


class CommandRefused(Exception):
    """The daemon answered that it will not; the message is what it said."""


class Daemon:
    """One daemon, whatever its process is at the moment."""

    def __init__(self, name: str, run_dir: Path) -> None:
        """`run_dir` has its pid file and its control socket."""
        self.name = name
        self._run_dir = run_dir

    def pid(self) -> int:
        """Its process id. Raises DaemonUnreachable."""
        path = self._run_dir / f"{self.name}.pid"
        try:
            return int(path.read_text())
        except (OSError, ValueError) as error:
            raise DaemonUnreachable(f"{self.name} does not run here: {path} cannot be read") from error

    def command(self, name: str, *arguments: str, timeout_s: float = ANSWER_S) -> str:
        """What the daemon prints. Raises DaemonUnreachable, CommandRefused."""
        path = self._run_dir / f"{self.name}.{self.pid()}.ctl"
        question = {"id": 0, "method": name, "params": list(arguments)}
        try:
            transport = Transport(f"unix:{path}", None, timeout_s)
            try:
                transport.send(json.dumps(question).encode())
                answer = json.loads(_message(transport, timeout_s))
            finally:
                transport.close()
        except (OSError, ValueError) as error:
            raise DaemonUnreachable(f"{self.name} does not answer at {path}: {error}") from error
        if answer["error"] is not None:
            raise CommandRefused(f"{self.name} refused {name}: {str(answer['error']).strip()}")
        return str(answer["result"] or "")


def _message(transport: Transport, timeout_s: float) -> bytes:
    """The one message that is sent back; OSError when it does not come in time."""
    splitter = Splitter()
    deadline = time.monotonic() + timeout_s
    while (left := deadline - time.monotonic()) > 0:
        chunk = transport.receive(left)
        if chunk == b"":
            raise OSError("it closed the connection")
        if chunk and (found := splitter.feed(chunk)):
            return found[0]
    raise TimeoutError(f"silent for {timeout_s:g} s")
