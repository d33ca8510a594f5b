"""One OVSDB connection that keeps itself alive: transactions, a monitored replica, and a lock.

A reader thread owns the socket's receiving side and the replica; any thread may transact. When the connection
is lost it is made again, and the replica is read anew: `complete` is False until it has been.
"""

import gc
import itertools
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from weft.ovsdb.framing import Splitter
from weft.ovsdb.replica import Replica, shapes_of

BACKOFF_S = 0.5
PROBE_S = 10.0
"""A silent server is asked for an echo after this long, and given up after twice as long."""

Tables = Mapping[str, Sequence[str]]


class OvsdbUnavailable(Exception):
    """The database cannot be reached, or has not been read completely yet."""


class OvsdbError(Exception):
    """The database refused a request; the message is its own."""


class Connection:
    """A session with one database. `changed` counts everything that the monitor has told."""

    def __init__(
        self,
        remote: str,
        database: str,
        tables: Tables | None = None,
        *,
        lock: str | None = None,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        """`remote` is `unix:PATH`, `tcp:HOST:PORT` or `ssl:HOST:PORT`; `lock` is held if it is free."""
        self.remote, self.database = remote, database
        self._wanted = tables or {}
        self._lock_name = lock
        self._tls = tls
        self._timeout_s = timeout_s
        self._ids = itertools.count(1)
        self._news = threading.Condition()
        self._sending = threading.Lock()
        self._answers: dict[int, Any] = {}
        self._socket: socket.socket | None = None
        self._stopping = False
        self.replica = Replica({})
        self.schema: Mapping[str, Any] = {}
        self.complete = False
        self.holds_lock = False
        self.changed = 0
        self.sessions = 0
        self._trouble = "not connected yet"
        self._thread = threading.Thread(target=self._run, name=f"ovsdb-{database}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the session and its thread."""
        self._stopping = True
        with self._news:
            self._news.notify_all()
        if self._socket is not None:
            _shut(self._socket)
        self._thread.join(timeout=5)

    # What callers do.

    @contextmanager
    def reading(self) -> Iterator[Replica]:
        """The replica, still while the block runs; OvsdbUnavailable unless it is complete."""
        with self._news:
            if not self.complete:
                raise OvsdbUnavailable(f"{self.remote}: {self._trouble}")
            yield self.replica

    def wait_for(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Block until `holds()`, which is asked again at each piece of news; False when time is up."""
        with self._news:
            return self._news.wait_for(lambda: self._stopping or holds(), timeout_s)

    def wait_beyond(self, changed: int, timeout_s: float) -> bool:
        """Block until the monitor told more than `changed` things; False when time is up."""
        return self.wait_for(lambda: self.changed > changed, timeout_s)

    def ready(self, timeout_s: float = 10.0) -> None:
        """Block until the replica is complete; OvsdbUnavailable when it does not get there."""
        if not self.wait_for(lambda: self.complete, timeout_s):
            raise OvsdbUnavailable(f"{self.remote}: {self._trouble}")

    def transact(self, operations: Sequence[Mapping[str, object]]) -> list[dict[str, Any]]:
        """All operations or none; their results. OvsdbError names the operation that was refused."""
        results = self._call("transact", [self.database, *operations])
        for number, result in enumerate(results):
            if result is not None and "error" in result:
                failed = operations[number] if number < len(operations) else "commit"
                raise OvsdbError(f"{result['error']}: {result.get('details', '')} (in {failed})")
        return list(results)

    def _call(self, method: str, params: list[Any]) -> Any:  # noqa: ANN401 - JSON
        with self._news:
            if not self.complete:
                raise OvsdbUnavailable(f"{self.remote}: {self._trouble}")
            identity, session = next(self._ids), self.sessions
        self._send({"id": identity, "method": method, "params": params})
        with self._news:
            self._news.wait_for(
                lambda: identity in self._answers or self.sessions != session or not self.complete,
                self._timeout_s,
            )
            if identity not in self._answers:
                raise OvsdbUnavailable(f"{self.remote}: no answer to {method}; {self._trouble}")
            answer = self._answers.pop(identity)
        return _result(answer)

    def _send(self, message: Mapping[str, object]) -> None:
        connected = self._socket
        if connected is None:
            raise OvsdbUnavailable(f"{self.remote}: {self._trouble}")
        try:
            with self._sending:
                connected.sendall(json.dumps(message).encode())
        except OSError as error:
            raise OvsdbUnavailable(f"{self.remote}: {error}") from error

    # The reader's thread.

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._session()
            except (OSError, ValueError, OvsdbError, OvsdbUnavailable) as error:
                self._lost(str(error) or type(error).__name__)
                with self._news:
                    self._news.wait_for(lambda: self._stopping, BACKOFF_S)

    def _lost(self, why: str) -> None:
        with self._news:
            self.complete, self.holds_lock = False, False
            self._trouble = why
            self._answers.clear()
            self.changed += 1
            if self._socket is not None:
                self._socket.close()
                self._socket = None
            self._news.notify_all()

    def _session(self) -> None:
        """Connect, read everything that is monitored, then follow it until the connection breaks."""
        self._socket = _connect(self.remote, self._tls, self._timeout_s)
        self.sessions += 1
        messages = self._messages(self._socket)
        schema = self._ask(messages, "get_schema", [self.database])
        tables = _supported(schema, self._wanted)
        replica = Replica(shapes_of(schema, tables))
        if tables:
            requests = {table: [{"columns": columns}] for table, columns in tables.items()}
            with _collector_off():
                replica.apply(self._ask(messages, "monitor_cond", [self.database, "weft", requests]))
        held = bool(self._lock_name) and self._ask(messages, "lock", [self._lock_name])["locked"]
        with self._news:
            self.schema, self.replica = schema, replica
            self.complete, self.holds_lock, self._trouble = True, bool(held), ""
            self.changed += 1
            self._news.notify_all()
        for message in messages:
            self._take(message)

    def _ask(self, messages: Iterator[dict[str, Any]], method: str, params: list[Any]) -> Any:  # noqa: ANN401 - JSON
        """A call of the session's beginning, before other threads may call."""
        identity = next(self._ids)
        self._send({"id": identity, "method": method, "params": params})
        for message in messages:
            if message.get("id") == identity and "method" not in message:
                return _result(message)
        raise OvsdbUnavailable("the server closed the connection")

    def _messages(self, connected: socket.socket) -> Iterator[dict[str, Any]]:
        """What the server sends, its probes answered and our own sent when it is silent."""
        splitter = Splitter()
        silent = False
        while True:
            connected.settimeout(PROBE_S)
            try:
                chunk = connected.recv(1 << 20)
            except TimeoutError:
                if silent:
                    raise OvsdbUnavailable("the server is silent") from None
                silent = True
                self._send({"id": "echo", "method": "echo", "params": []})
                continue
            if not chunk:
                raise OvsdbUnavailable("the server closed the connection")
            silent = False
            for text in splitter.feed(chunk):
                message = json.loads(text)
                if message.get("method") == "echo":
                    self._send({"id": message["id"], "result": message["params"], "error": None})
                elif message.get("id") != "echo":
                    yield message

    def _take(self, message: dict[str, Any]) -> None:
        with self._news:
            method = message.get("method")
            if method is None:
                self._answers[message["id"]] = message
            elif method == "update2":
                self.replica.apply(message["params"][1])
                self.changed += 1
            elif method in ("locked", "stolen"):
                self.holds_lock = method == "locked"
                self.changed += 1
            self._news.notify_all()


def _result(answer: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    if answer.get("error") is not None:
        raise OvsdbError(str(answer["error"]))
    return answer["result"]


def _supported(schema: Mapping[str, Any], wanted: Tables) -> dict[str, list[str]]:
    """What of `wanted` the connected database has: older OVN lacks tables and columns."""
    known = schema["tables"]
    return {
        table: [name for name in columns if name in known[table]["columns"]]
        for table, columns in wanted.items()
        if table in known
    }


def _connect(remote: str, tls: ssl.SSLContext | None, timeout_s: float) -> socket.socket:
    kind, _, where = remote.partition(":")
    if kind == "unix":
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connected.settimeout(timeout_s)
        try:
            connected.connect(where)
        except OSError:
            connected.close()
            raise
        return connected
    host, _, port = where.rpartition(":")
    plain = socket.create_connection((host.strip("[]"), int(port)), timeout_s)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if kind != "ssl":
        return plain
    context = tls or ssl.create_default_context()
    return context.wrap_socket(plain, server_hostname=host.strip("[]"))


def _shut(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


@contextmanager
def _collector_off() -> Iterator[None]:
    """The initial dump makes millions of objects that live on; looking through them again is waste."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
