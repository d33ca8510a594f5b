"""A way into the middle of an attach: stands between Docker and the agent, and acts after a given call."""

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from weft.agent.docker import fallback


class PluginProxy:
    """Listens where Docker looks for the plugin, and passes requests on to where the agent listens.

    `trap` sets what happens after the agent has done a call: `act` is run, once, and Docker hears the answer
    or a closed connection. While no agent listens, Docker hears what the fallback says.
    """

    def __init__(self, here: Path, agent: Path) -> None:
        self._agent = agent
        self._trap: tuple[str, bool, Callable[[], None]] | None = None
        self.sprung = threading.Event()
        here.parent.mkdir(parents=True, exist_ok=True)
        here.unlink(missing_ok=True)
        self._here = here
        self._connections: list[socket.socket] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(here))
        self._listening.listen(64)
        threading.Thread(target=self._serve, name="plugin-proxy", daemon=True).start()

    def trap(self, call: str, act: Callable[[], None], *, answered: bool) -> None:
        self.sprung.clear()
        self._trap = (call, answered, act)

    def close(self) -> None:
        for one in (self._listening, *self._connections):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._here.unlink(missing_ok=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=[connection], daemon=True).start()

    def _converse(self, docker: socket.socket) -> None:
        self._connections.append(docker)
        with docker, suppress(OSError):
            while request := _message(docker):
                call = request.split(b" ", 2)[1].decode().lstrip("/")
                try:
                    with socket.socket(socket.AF_UNIX) as agent:
                        agent.connect(str(self._agent))
                        agent.sendall(request)
                        answer = _message(agent)
                except (ConnectionRefusedError, FileNotFoundError):
                    docker.sendall(_fallback(call))
                    continue
                if not self._spring(call):
                    return
                docker.sendall(answer)

    def _spring(self, call: str) -> bool:
        """Whether Docker is to hear the answer."""
        trap = self._trap
        if trap is None or trap[0] != call:
            return True
        self._trap = None
        trap[2]()
        self.sprung.set()
        return trap[1]


def _fallback(call: str) -> bytes:
    said = fallback.answer(call)
    body = json.dumps({} if said is None else said).encode()
    status = "404 Not Found" if said is None else "200 OK"
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _message(peer: socket.socket) -> bytes:
    """One request or answer of HTTP with a Content-Length; empty when the peer has closed."""
    got = b""
    while b"\r\n\r\n" not in got:
        if not (more := peer.recv(65536)):
            return b""
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = (int(lengths[0].split(b":")[1]) if lengths else 0) - len(body)
    while missing > 0:
        if not (more := peer.recv(65536)):
            return b""
        got += more
        missing -= len(more)
    return got
