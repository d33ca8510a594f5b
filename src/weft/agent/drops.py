"""Tells the server what OVN dropped, rejected or logged at the ports of this host.

ovn-controller's log is the source and the buffer: while the server or this agent is away nothing is lost that
is still in the log. A message that was not answered is repeated as it was, under its number.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from weft.agent.acl_log import Logged, packets_in, together
from weft.agent.kept_log import KeptLog
from weft.agent.meters import MetersUnreadable
from weft.agent.unixctl import ANSWER_S, CommandRefused, DaemonUnreachable
from weft.client import ClientError

log = structlog.get_logger()

INTERVAL_S = 1.0
METERS_S = 10.0
"""How often the meters are read."""
SILENCE_S = 60.0
"""How often the server hears that nothing was logged: without that it could not tell nothing from unknown."""

_PIECES = 20
"""Read in one look, so that a long log does not keep others of its thread waiting."""
_READ_AT = "read at"


class Server(Protocol):
    """What is told; `weft.client.Client` and its fake."""

    def report_drops(self, host: str, message: Mapping[str, object]) -> None: ...  # noqa: D102


class Controller(Protocol):
    """What is asked of ovn-controller; Daemon and its fake."""

    def pid(self) -> int: ...  # noqa: D102
    def command(self, name: str, *arguments: str, timeout_s: float = ANSWER_S) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """What is looked at on this host; `meters` may raise MetersUnreadable, `clock` is in seconds."""

    log: KeptLog
    controller: Controller
    meters: Callable[[], Mapping[str, int]]
    clock: Callable[[], float]
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Message:
    """What is on its way, and what the meters said by then."""

    body: Mapping[str, Any]
    notes: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Unlogged:
    """What one meter kept from the log between two moments."""

    packets: int
    since: datetime
    until: datetime

    def said(self, meter: str) -> dict[str, object]:
        span = {"since": self.since.isoformat(), "until": self.until.isoformat()}
        return {"meter": meter, "packets": self.packets, **span}


class Drops:
    """Looks at one host; called again and again, by one thread."""

    def __init__(self, host: str, server: Server, local: Local) -> None:
        """`server` acts as `host`."""
        self._host, self._server, self._local = host, server, local
        self._due = self._meters_due = local.clock()
        self._spoke = float("-inf")
        self._pid: int | None = None
        self._notes: Mapping[str, float] | None = dict(local.log.place.notes) or None
        self._unlogged: dict[str, _Unlogged] = {}
        self._message: _Message | None = None

    def look(self) -> None:
        """Read what is new, and tell it. What the server did not hear is told again."""
        now = self._local.clock()
        if now < self._due:
            return
        self._due = now + INTERVAL_S
        self._have_it_logged()
        if now >= self._meters_due:
            self._meters_due = now + METERS_S
            self._read_meters()
        try:
            for _ in range(_PIECES):
                if not self._tell(now):
                    return
        except ClientError as error:
            log.warning("drops not told", why=str(error))

    def _have_it_logged(self) -> None:
        """An ovn-controller that was told to be quiet would log nothing."""
        try:
            pid = self._local.controller.pid()
            if pid != self._pid:
                self._local.controller.command("vlog/set", "acl_log:file:info")
                self._pid = pid
        except (DaemonUnreachable, CommandRefused) as error:
            log.debug("ovn-controller not asked to log", why=str(error))

    def _read_meters(self) -> None:
        try:
            counted = self._local.meters()
        except MetersUnreadable as error:
            log.warning("meters not read", why=str(error))
            return
        now, known = self._local.now(), self._notes
        if known is not None:
            since = datetime.fromtimestamp(known.get(_READ_AT, now.timestamp()), UTC)
            for name, count in counted.items():
                self._owe(name, _more(known.get(name, 0), count), since, now)
        self._notes = {**counted, _READ_AT: now.timestamp()}

    def _owe(self, meter: str, packets: int, since: datetime, until: datetime) -> None:
        """One number for each meter, however long the server is away."""
        if packets:
            was = self._unlogged.get(meter)
            self._unlogged[meter] = (
                _Unlogged(packets, since, until)
                if was is None
                else _Unlogged(was.packets + packets, was.since, until)
            )

    def _tell(self, now: float) -> bool:
        """Tell the next piece of the log, if there is reason to; whether there may be more of it."""
        if self._message is None:
            self._message = self._next(silent=now - self._spoke < SILENCE_S)
        if self._message is None:
            return False
        self._server.report_drops(self._host, self._message.body)
        self._local.log.taken(self._message.notes)
        self._message, self._spoke = None, now
        return self._local.log.more

    def _next(self, *, silent: bool) -> _Message | None:
        """The next message; None when nothing is to be told, or not yet."""
        packets: list[Logged] = []
        while not packets:
            text = self._local.log.next()
            place = self._local.log.place
            packets = together(packets_in(text))
            if place.gap or self._unlogged or not (text or silent):
                break
            if not text:
                return None
            if not packets:
                self._local.log.taken(place.notes)  # lines about other things
        body = {
            "run": place.run,
            "number": place.number,
            "gap": place.gap,
            "packets": [_said(each) for each in packets],
            "unlogged": [one.said(meter) for meter, one in self._unlogged.items()],
        }
        self._unlogged = {}
        return _Message(body, self._notes or {})


def _more(before: float, count: int) -> int:
    """What was added; a meter that was put in anew counts from nothing."""
    return count - int(before) if count >= before else count


def _said(packets: Logged) -> dict[str, object]:
    alike = {name: value for name, value in asdict(packets.alike).items() if value is not None}
    said = {**alike, "count": packets.count, "first_at": packets.first_at, "last_at": packets.last_at}
    return said if packets.source_port is None else {**said, "source_port": packets.source_port}
