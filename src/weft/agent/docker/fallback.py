"""Answers Docker while the agent does not: starting fails with a sentence, stopping works.

A program of its own, of the standard library alone, so that nothing that breaks the agent breaks it too:
`python3 -I -S fallback.py --lock FILE`, with the listening socket as descriptor 3 (sd_listen_fds(3)).

The agent and this program hold the same listening socket, and the agent holds a lock as long as it serves.
A call that nobody takes for PATIENCE seconds, be the agent away or stuck, is answered here; while the agent
stays away, further calls are answered at once. The kernel drops the lock of a process that dies, however.
"""

import argparse
import fcntl
import json
import select
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

LISTENING = 3
PATIENCE_S = 3.0
"""Time for an agent that is being restarted. Docker has to hear from us within five seconds."""
LONGEST_REQUEST_S = 5.0
LONGEST_BODY = 1 << 20
CONTENT_TYPE = "application/vnd.docker.plugins.v1.2+json"

REFUSAL = (
    "weft: the agent of this host does not answer, so nothing can be attached to a Weft network; "
    "`systemctl status weft-agent` and `journalctl -u weft-agent` say why, `systemctl restart weft-agent` "
    "starts it again. Running containers keep their network."
)

_REFUSED = (
    "NetworkDriver.CreateNetwork",
    "NetworkDriver.CreateEndpoint",
    "NetworkDriver.Join",
    "NetworkDriver.ProgramExternalConnectivity",
    "IpamDriver.RequestPool",
    "IpamDriver.RequestAddress",
)
_ANSWERS: Mapping[str, Mapping[str, object]] = {
    # What the driver is does not depend on the agent: Docker may learn it, and keeps it.
    "Plugin.Activate": {"Implements": ["NetworkDriver", "IpamDriver"]},
    "NetworkDriver.GetCapabilities": {"Scope": "local", "ConnectivityScope": "global"},
    "IpamDriver.GetCapabilities": {"RequiresMACAddress": False, "RequiresRequestReplay": False},
    "IpamDriver.GetDefaultAddressSpaces": {
        "LocalDefaultAddressSpace": "weft",
        "GlobalDefaultAddressSpace": "weft",
    },
    # What ends something succeeds: the agent compares with what runs when it is back, and collects the rest.
    "NetworkDriver.DeleteNetwork": {},
    "NetworkDriver.RevokeExternalConnectivity": {},
    "NetworkDriver.Leave": {},
    "NetworkDriver.DeleteEndpoint": {},
    "NetworkDriver.EndpointOperInfo": {"Value": {}},
    "NetworkDriver.DiscoverNew": {},
    "NetworkDriver.DiscoverDelete": {},
    "IpamDriver.ReleaseAddress": {},
    "IpamDriver.ReleasePool": {},
    # Network drivers say Err, IPAM drivers Error (libnetwork's docs/remote.md and docs/ipam.md).
    **{call: {"Err": REFUSAL, "Error": REFUSAL} for call in _REFUSED},
}


def answer(call: str) -> Mapping[str, object] | None:
    """What Docker hears to `call`, like `NetworkDriver.Join`; None for a call that does not exist."""
    return _ANSWERS.get(call)


class Absence:
    """Whether the agent is away, and whether that has been waited for already."""

    def __init__(self, lock: Path) -> None:
        """`lock` is the file that a serving agent has locked."""
        self._lock = lock
        self._given_up: int | None = None

    def life(self) -> int | None:
        """None while an agent serves; otherwise a number that every agent's life changes."""
        try:
            with self._lock.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return self._lock.stat().st_mtime_ns
        except BlockingIOError:
            return None
        except OSError:  # no agent has ever served since the machine started
            return 0

    def is_known(self) -> bool:
        """Whether the agent is away as it was when `give_up` was called."""
        life = self.life()
        return life is not None and life == self._given_up

    def give_up(self) -> None:
        """Wait no more until the agent has been back."""
        self._given_up = self.life()


def serve(
    listening: socket.socket,
    lock: Path,
    *,
    stop: threading.Event | None = None,
    patience_s: float = PATIENCE_S,
) -> None:
    """Answer the calls that the agent leaves, each in a thread; until `stop`, if there is one."""
    absence = Absence(lock)
    listening.settimeout(0)
    waiting = select.poll()
    waiting.register(listening, select.POLLIN)
    look_up_ms = None if stop is None else 50
    while stop is None or not stop.is_set():
        if not waiting.poll(look_up_ms):
            continue
        if not absence.is_known() and _taken(waiting, absence, patience_s):
            continue
        with suppress(BlockingIOError):  # the agent was quicker
            connection, _ = listening.accept()
            threading.Thread(target=_converse, args=(connection,), daemon=True).start()


def _taken(waiting: "select.poll", absence: Absence, patience_s: float) -> bool:
    """Whether somebody else takes the call that waits, in time."""
    pause, deadline = threading.Event(), time.monotonic() + patience_s
    while time.monotonic() < deadline:
        pause.wait(0.02)
        if not waiting.poll(0):
            return True
    absence.give_up()
    return False


def _converse(connection: socket.socket) -> None:
    connection.settimeout(LONGEST_REQUEST_S)
    with connection, suppress(OSError):
        _Conversation(connection, ("", 0), None)  # type: ignore[arg-type]  # it needs no server


class _Conversation(BaseHTTPRequestHandler):
    """One request and its answer; HTTP/1.0 ends the connection, so that the next call may reach the agent."""

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if length.isdigit() and int(length) <= LONGEST_BODY:
            self.rfile.read(int(length))
        said = answer(self.path.strip("/"))
        body = json.dumps({} if said is None else said).encode()
        self.send_response(404 if said is None else 200)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        print(f"the agent is away: {format % args}", flush=True)  # noqa: T201 - the journal


def main() -> None:
    """Run until a signal ends it."""
    parser = argparse.ArgumentParser(prog="fallback", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lock", type=Path, required=True, help="the file that a serving agent locks")
    parser.add_argument("--patience", type=float, default=PATIENCE_S, help="seconds to wait for the agent")
    chosen = parser.parse_args()
    serve(socket.socket(fileno=LISTENING), chosen.lock, patience_s=chosen.patience)


if __name__ == "__main__":
    main()
