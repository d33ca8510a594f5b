"""One OVSDB connection that keeps itself alive: transactions, a monitored replica, and a lock.

A reader thread owns the stream's receiving side and the replica; any thread may transact. When the connection
is lost it is made again, and the replica is read anew: `complete` is False until it has been.
"""

import itertools
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from weft.collector import collector_off
from weft.ovsdb.errors import OvsdbError, OvsdbUnavailable, checked
from weft.ovsdb.framing import Splitter
from weft.ovsdb.replica import Replica, shapes_of
from weft.ovsdb.transport import Transport

BACKOFF_S = 0.25
"""The pause before the first attempt to connect again; it doubles up to MAX_BACKOFF_S."""
MAX_BACKOFF_S = 8.0
PROBE_S = 30.0
"""A silent server is asked for an echo after this long, and given up after twice as long."""

Tables = Mapping[str, Sequence[str] | None]
"""The columns to monitor of each table; None stands for all."""


@dataclass
class _Call:
    """A question that is under way. `then` sees the result before any later update is taken in."""

    then: Callable[[Any], None] | None = None
    answer: Mapping[str, Any] | None = None


class Connection:
    """A session with one database. `changed` counts everything that the monitor has told."""

    def __init__(
        self,
        remote: str,
        database: str,
        tables: Tables | None = None,
        *,
        lock: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        """Connects in the background; `lock` is held as soon as it is free.

        `remote` is `unix:PATH`, `tcp:HOST:PORT` or `ssl:HOST:PORT`, or several with commas between them,
        which are tried in turn.
        """
        self.remote, self.database = remote, database
        self._remotes = itertools.cycle(remote.split(","))
        self._wanted: dict[str, Sequence[str] | None] = dict(tables or {})
        self._lock_name = lock
        self._ssl_context = ssl_context
        self._timeout_s = timeout_s
        self._ids = itertools.count(1)
        self._news = threading.Condition()
        self._calls: dict[int, _Call] = {}
        self._transport: Transport | None = None
        self._stopping = False
        self.replica = Replica({})
        self.schema: Mapping[str, Any] = {}
        self.complete = False
        self.holds_lock = False
        self.changed = 0
        self._trouble = "not connected yet"
        self._thread = threading.Thread(target=self._run, name=f"ovsdb-{database}", daemon=True)
        self._thread.start()

    @classmethod
    def open(
        cls,
        remote: str,
        *,
        database: str,
        ssl_context: ssl.SSLContext | None = None,
        timeout_s: float = 10.0,
    ) -> Self:
        """A connection that is up; OvsdbUnavailable when that takes longer than `timeout_s`."""
        connection = cls(remote, database, ssl_context=ssl_context, timeout_s=timeout_s)
        try:
            connection.ready(timeout_s)
        except OvsdbUnavailable:
            connection.close()
            raise
        return connection

    def __enter__(self) -> Self:
        """The connection, ended with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the session."""
        self.close()

    def close(self) -> None:
        """End the session and its thread."""
        with self._news:
            self._stopping = True
            self._news.notify_all()
            if self._transport is not None:
                self._transport.shut()
        self._thread.join(timeout=5)

    # What callers do.

    @contextmanager
    def reading(self) -> Iterator[Replica]:
        """The replica, still while the block runs; OvsdbUnavailable unless it is complete."""
        with self._news:
            self._require_complete()
            yield self.replica

    def wait_for(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Block until `holds()`, which is asked again at each piece of news; False when time is up."""
        with self._news:
            self._news.wait_for(lambda: self._stopping or holds(), timeout_s)
            return holds()

    def wait_beyond(self, changed: int, timeout_s: float) -> bool:
        """Block until the monitor told more than `changed` things; False when time is up."""
        return self.wait_for(lambda: self.changed > changed, timeout_s)

    def ready(self, timeout_s: float = 10.0) -> None:
        """Block until the replica is complete; OvsdbUnavailable when it does not get there."""
        if not self.wait_for(lambda: self.complete, timeout_s):
            raise OvsdbUnavailable(f"{self.remote}: {self._trouble}")

    def transact(
        self, operations: Sequence[Mapping[str, object]], timeout_s: float | None = None
    ) -> list[dict[str, Any]]:
        """All operations or none; their results. OvsdbError names the operation that was refused.

        After OvsdbUnavailable it is unknown whether the transaction happened; read, and compare.
        """
        return checked(operations, self._call("transact", [self.database, *operations], timeout_s=timeout_s))

    def monitor(self, tables: Tables) -> Replica:
        """Follow these tables too, now and after every reconnection; returns when they are read.

        Each reconnection makes a new replica: look at it through `reading`. A table is monitored once.
        """
        with self._news:
            self._require_complete()
            if again := sorted(tables.keys() & self._wanted.keys()):
                raise ValueError(f"already monitored: {', '.join(again)}")
            self._wanted.update(tables)
            known = _supported(self.schema, tables)
        name = f"weft-{next(self._ids)}"
        with collector_off():
            self._call("monitor_cond", _monitoring(self.database, name, known), then=self._follow(known))
        return self.replica

    def _follow(self, tables: Mapping[str, Sequence[str]]) -> Callable[[Any], None]:
        def take(rows: Any) -> None:  # noqa: ANN401 - JSON
            self.replica.extend(shapes_of(self.schema, tables))
            self.replica.apply(rows)
            self.changed += 1

        return take

    def lock(self, name: str) -> bool:
        """Ask for the lock, now and after every reconnection; whether it is held already.

        When another session has it we are next in line: `holds_lock` turns True when it lets go.
        """
        with self._news:
            self._require_complete()
            if self._lock_name is not None:
                raise ValueError(f"this connection already asks for the lock {self._lock_name}")
            self._lock_name = name

        def take(result: Any) -> None:  # noqa: ANN401 - JSON
            self.holds_lock = bool(result["locked"])

        self._call("lock", [name], then=take)
        return self.holds_lock

    def _require_complete(self) -> None:
        if not self.complete:
            raise OvsdbUnavailable(f"{self.remote}: {self._trouble}")

    def _call(
        self,
        method: str,
        params: list[Any],
        *,
        then: Callable[[Any], None] | None = None,
        timeout_s: float | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        with self._news:
            self._require_complete()
            identity, call, transport = next(self._ids), _Call(then), self._transport
            self._calls[identity] = call
        _send(transport, {"id": identity, "method": method, "params": params})
        with self._news:
            waiting = timeout_s or self._timeout_s
            self._news.wait_for(lambda: call.answer is not None or self._transport is not transport, waiting)
            self._calls.pop(identity, None)
            if call.answer is None:
                why = self._trouble or f"silent for {waiting:g} s"
                raise OvsdbUnavailable(f"{self.remote}: no answer to {method}: {why}")
        return _result(call.answer)

    # The reader's thread.

    def _run(self) -> None:
        pause = BACKOFF_S
        while not self._stopping:
            try:
                self._session()
            except (OSError, LookupError, TypeError, ValueError, OvsdbError, OvsdbUnavailable) as error:
                pause = BACKOFF_S if self.complete else min(2 * pause, MAX_BACKOFF_S)
                self._lost(str(error) or type(error).__name__)
                with self._news:
                    self._news.wait_for(lambda: self._stopping, pause)

    def _lost(self, why: str) -> None:
        with self._news:
            self.complete, self.holds_lock = False, False
            self._trouble = why
            self._calls.clear()
            self.changed += 1
            if self._transport is not None:
                self._transport.close()
                self._transport = None
            self._news.notify_all()

    def _session(self) -> None:
        """Connect, read everything that is monitored, then follow it until the connection breaks."""
        transport = Transport(next(self._remotes), self._ssl_context, self._timeout_s)
        with self._news:
            self._transport = transport
            if self._stopping:
                raise OvsdbUnavailable("the connection was closed")
        messages = _messages(transport)
        schema = _ask(transport, messages, "get_schema", [self.database])
        tables = _supported(schema, self._wanted)
        replica = Replica(shapes_of(schema, tables))
        if tables:
            with collector_off():
                replica.apply(
                    _ask(transport, messages, "monitor_cond", _monitoring(self.database, "weft", tables))
                )
        held = self._lock_name is not None and _ask(transport, messages, "lock", [self._lock_name])["locked"]
        with self._news:
            self.schema, self.replica = schema, replica
            self.complete, self.holds_lock, self._trouble = True, bool(held), ""
            self.changed += 1
            self._news.notify_all()
        for message in messages:
            self._take(message)

    def _take(self, message: Mapping[str, Any]) -> None:
        with self._news:
            match message.get("method"):
                case None:
                    self._answered(message)
                case "update2":
                    self.replica.apply(message["params"][1])
                    self.changed += 1
                case "locked" | "stolen" as news:
                    self.holds_lock = news == "locked"
                    self.changed += 1
                case _:
                    return
            self._news.notify_all()

    def _answered(self, message: Mapping[str, Any]) -> None:
        call = self._calls.pop(message["id"], None)
        if call is None:
            return  # the caller has given up
        call.answer = message
        if call.then is not None and message.get("error") is None:
            call.then(message["result"])


def _send(transport: Transport | None, message: Mapping[str, object]) -> None:
    if transport is None:
        raise OvsdbUnavailable("not connected")
    try:
        transport.send(json.dumps(message).encode())
    except OSError as error:
        raise OvsdbUnavailable(str(error)) from error


def _ask(transport: Transport, messages: Iterator[dict[str, Any]], method: str, params: list[Any]) -> Any:  # noqa: ANN401 - JSON
    """A call of the session's beginning, before other threads may call."""
    _send(transport, {"id": method, "method": method, "params": params})
    for message in messages:
        if message.get("id") == method and "method" not in message:
            return _result(message)
    raise OvsdbUnavailable("the server closed the connection")


def _messages(transport: Transport) -> Iterator[dict[str, Any]]:
    """What the server sends; its probes are answered, and our own sent when it is silent."""
    splitter, silent = Splitter(), False
    while True:
        chunk = transport.receive(PROBE_S)
        if chunk is None:
            if silent:
                raise OvsdbUnavailable("the server is silent")
            silent = True
            _send(transport, {"id": "echo", "method": "echo", "params": []})
            continue
        if not chunk:
            raise OvsdbUnavailable("the server closed the connection")
        silent = False
        for text in splitter.feed(chunk):
            message = json.loads(text)
            if message.get("method") == "echo":
                _send(transport, {"id": message["id"], "result": message["params"], "error": None})
            elif message.get("id") != "echo":
                yield message


def _result(answer: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    match answer.get("error"):
        case None:
            return answer["result"]
        case {"error": name, **rest}:
            raise OvsdbError(str(name), str(rest.get("details", "")))
        case other:
            raise OvsdbError(str(other))


def _supported(schema: Mapping[str, Any], wanted: Tables) -> dict[str, Sequence[str]]:
    """What of `wanted` the connected database has: older OVN lacks tables and columns."""
    known = schema["tables"]
    return {
        table: [name for name in known[table]["columns"] if columns is None or name in columns]
        for table, columns in wanted.items()
        if table in known
    }


def _monitoring(database: str, name: str, tables: Mapping[str, Sequence[str]]) -> list[Any]:
    return [database, name, {table: [{"columns": list(columns)}] for table, columns in tables.items()}]
