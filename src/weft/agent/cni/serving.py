"""The socket between the shim and the agent: one call for each connection, for root alone.

Not HTTP: the shim passes the container's namespace as a descriptor (unix(7), SCM_RIGHTS), and knows no HTTP.
"""

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import structlog

from weft.agent.cni.call import version_of
from weft.agent.cni.refusal import Code, Refusal, document

log = structlog.get_logger()

PARALLEL = 16
ARRIVE_S = 5.0
LONGEST = 1 << 20
_DESCRIPTORS = 4
"""One is meant; a second would be dropped by the kernel, and is closed here."""


class Calls(Protocol):
    """Who does what is asked for; Attaching."""

    def serve(self, message: bytes, namespace: Path | None) -> str: ...  # noqa: D102


class Serving:
    """A thread that accepts, and some that answer; from `start` to `stop`."""

    def __init__(self, calls: Calls, listening: socket.socket) -> None:
        """`listening` is closed by `stop`."""
        self._calls, self._listening = calls, listening
        self._workers = ThreadPoolExecutor(PARALLEL, thread_name_prefix="cni")
        self._thread = threading.Thread(target=self._accept, name="cni", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; calls that are under way are answered."""
        self._listening.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self._thread.join(timeout=5)
        self._listening.close()
        self._workers.shutdown()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._workers.submit(self._converse, connection)

    def _converse(self, connection: socket.socket) -> None:
        descriptors: list[int] = []
        try:
            with connection:
                connection.settimeout(ARRIVE_S)
                message = _received(connection, descriptors)
                connection.sendall(self._answer(message, descriptors))
        except OSError as error:
            log.warning("CNI call not answered", why=str(error))
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _answer(self, message: bytes, descriptors: list[int]) -> bytes:
        """`0` or `1`, the exit status, and what goes to standard output."""
        namespace = Path(f"/proc/self/fd/{descriptors[0]}") if descriptors else None
        try:
            return b"0" + self._calls.serve(message, namespace).encode()
        except Refusal as error:
            refused = error
            log.warning("CNI call refused", code=error.code, why=str(error))
        except Exception:
            log.exception("CNI call failed: the agent has a fault")
            refused = Refusal(Code.IO, "the agent has a fault; see journalctl -u weft-agent")
        return b"1" + document(refused, version_of(message)).encode()


def _received(connection: socket.socket, descriptors: list[int]) -> bytes:
    message = b""
    while True:
        piece, passed, _, _ = socket.recv_fds(connection, 65536, _DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
        descriptors.extend(passed)
        if not piece:
            return message
        message += piece
        if len(message) > LONGEST:
            raise OSError(f"a call of more than {LONGEST} bytes")
