"""The console of a machine that boots the lab's guest: what it has said, and a shell."""

import re
import socket
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from weft.lab.layout import LabError, LabHost
from weft.lab.processes import until


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """A serial port: a socket in the host's /run, and a log in its /var/log, both `NAME.console`."""

    host: LabHost
    name: str

    @property
    def console(self) -> Path:
        """What the guest has said."""
        return self.host.logs / f"{self.name}.console"

    def address(self, interface: str = "eth0", *, timeout_s: float = 60) -> str:
        """The address that the guest took by DHCP; waits until its console says so."""

        def said() -> list[str]:
            text = self.console.read_text(errors="replace") if self.console.exists() else ""
            lines = [line.split() for line in text.splitlines() if line.startswith("READY ")]
            return [words[1] for words in lines if words[2:] == [interface]]

        until(
            said,
            f"the guest {self.name} on {self.host.name} to take an address on {interface}",
            timeout_s=timeout_s,
            log=self.console,
        )
        return said()[-1]

    def run(self, command: str, *, timeout_s: float = 20) -> str:
        """Run one line of shell in the guest; what it printed. LabError when it fails."""
        status, said = self.try_run(command, timeout_s=timeout_s)
        if status:
            raise LabError(f"in the guest {self.name}: {command!r} failed ({status}): {said[-500:]}")
        return said

    def try_run(self, command: str, *, timeout_s: float = 20) -> tuple[int, str]:
        """Run one line of shell in the guest, through its console; its exit status and what it printed."""
        mark = uuid4().hex
        with socket.socket(socket.AF_UNIX) as console:
            console.settimeout(timeout_s)
            console.connect(str(self.host.run / f"{self.name}.console"))
            console.sendall(f"echo BEGIN {mark}; ({command}) 2>&1; echo END {mark} $?\n".encode())
            heard = b""
            ended = re.compile(rf"BEGIN {mark}\r?\n(.*)END {mark} (\d+)\r?\n".encode(), re.DOTALL)
            while not (found := ended.search(heard)):
                try:
                    piece = console.recv(65536)
                except TimeoutError:
                    piece = b""
                if not piece:
                    raise LabError(
                        f"the guest {self.name} did not finish {command!r}; it said {heard[-500:]!r}"
                    )
                heard += piece
        return int(found[2]), found[1].decode(errors="replace").replace("\r", "")
