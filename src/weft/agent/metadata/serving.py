"""The answers over HTTP, bounded: who asks is a virtual machine, which nobody trusts.

A caller is known by the address that it comes from: anti-spoofing makes that its own, and an answer to
another address would never reach it.
"""

import http.server
import socket
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus

import structlog

from weft.agent.metadata.answers import answer
from weft.client import ClientError, GuestTold, ProblemError

log = structlog.get_logger()

AT_ONCE, AT_ONCE_EACH = 16, 4
"""Connections of all callers of a network, and of one."""
ARRIVE_S = 5.0
_BACKLOG = 64


class Serving:
    """A thread that accepts on `listening`, and some that answer; from `start` to `stop`."""

    def __init__(self, listening: socket.socket, ask: Callable[[str], GuestTold]) -> None:
        """`ask` says what the machine with an address is told, and raises ClientError.

        `listening` is closed by `stop`.
        """
        self._listening, self._ask = listening, ask
        self._workers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="metadata")
        self._thread = threading.Thread(target=self._accept, name="metadata", daemon=True)
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; who is being answered is answered."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self._thread.join(timeout=ARRIVE_S)
        self._listening.close()
        self._workers.shutdown(cancel_futures=True)

    def _accept(self) -> None:
        while True:
            try:
                connection, (caller, *_) = self._listening.accept()
            except OSError:
                return
            if self._enter(caller):
                self._workers.submit(self._converse, connection, caller)
            else:
                connection.close()

    def _enter(self, caller: str) -> bool:
        """Whether `caller` may have one more connection; nobody has all of them."""
        with self._lock:
            if self._under_way[caller] >= AT_ONCE_EACH or self._under_way.total() >= _BACKLOG:
                return False
            self._under_way[caller] += 1
            return True

    def _converse(self, connection: socket.socket, caller: str) -> None:
        try:
            with connection:
                connection.settimeout(ARRIVE_S)
                _Conversation(connection, caller, self._ask)
        except OSError as error:
            log.debug("guest not answered", caller=caller, why=str(error))
        except Exception:
            log.exception("guest not answered: the agent has a fault", caller=caller)
        finally:
            with self._lock:
                self._under_way[caller] -= 1
                self._under_way += Counter()  # forgets who has none


class _Conversation(http.server.BaseHTTPRequestHandler):
    """One request, one answer, and the end: HTTP/1.0."""

    server_version, sys_version = "weft", ""
    timeout = ARRIVE_S

    def __init__(self, connection: socket.socket, caller: str, ask: Callable[[str], GuestTold]) -> None:
        """Reads the request and answers it."""
        self._caller, self._ask = caller, ask
        super().__init__(connection, (caller, 0), None)  # type: ignore[arg-type]  # it asks no server

    def do_GET(self) -> None:
        """Answer what is asked of the caller itself."""
        try:
            body = answer(self._ask(self._caller), self.path.partition("?")[0])
        except ProblemError as error:
            self._say(HTTPStatus.NOT_FOUND if error.status == 404 else HTTPStatus.SERVICE_UNAVAILABLE)
        except ClientError as error:
            log.warning("guest not answered", caller=self._caller, why=str(error))
            self._say(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._say(HTTPStatus.NOT_FOUND) if body is None else self._say(HTTPStatus.OK, body)

    def _say(self, status: HTTPStatus, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's word
        """Nothing: guests ask often, and whatever they like."""
