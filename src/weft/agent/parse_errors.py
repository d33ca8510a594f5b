"""Rules that OVN could not understand on this host: ovn-controller says so in its log, and nowhere else.

A match that does not parse is accepted by OVN's databases and acknowledged by every host, and its rule is
absent. ovn-controller reports one such match a minute unless told otherwise, so it is told otherwise; and it
does not report one again that it met before, so it is made to look at everything anew where that matters.
"""

import os
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import structlog

from weft.agent.unixctl import ANSWER_S, CommandRefused, DaemonUnreachable

log = structlog.get_logger()

RECHECK_S = 10.0
"""How often ovn-controller is made to look at everything anew while something is known not to parse."""
RECOMPUTE_S = 60.0
"""How long that may take where a host knows many flows."""

_FLOWS_MADE = ("logical_flow_output", "recompute")
"""The step of ovn-controller's work that parses matches, and the count of its full runs (inc-proc-eng.c)."""
_CONNECTED = "connected"
_PAUSE_S = 0.02

_LINE = re.compile(r'error parsing match "(?P<match>.*)": (?P<problem>.+)$')
_REGISTER = re.compile(r"reg\d+\[\d+\] == [01] && \((?P<acl>.*)\)")
"""What northd puts around the match of an ACL on a switch with connection tracking (ovn-northd(8))."""


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A match of an ACL, or of a logical flow that is none, and what ovn-controller says of it."""

    match: str
    problem: str


def unparsed_in(text: str) -> dict[str, Unparsed]:
    """The complaints in lines of ovn-controller's log, by match."""
    found: dict[str, Unparsed] = {}
    for line in text.splitlines():
        if (complaint := _LINE.search(line)) is not None:
            match = acl_match(complaint["match"])
            found[match] = Unparsed(match, complaint["problem"].strip())
    return found


def acl_match(flow: str) -> str:
    """The match that an ACL has in the Northbound database, from that of the logical flow made of it."""
    wrapped = _REGISTER.fullmatch(flow)
    return flow if wrapped is None else wrapped["acl"]


class LogTail:
    """What is new in a log since it was last read. Survives rotation, truncation and absence."""

    def __init__(self, path: Path) -> None:
        """Everything that is there by now is old."""
        self._path = path
        self._file = _opened(path)
        if self._file is not None:
            self._file.seek(0, os.SEEK_END)

    @property
    def is_there(self) -> bool:
        """Whether there was a log when it was last read."""
        return self._file is not None

    def read(self) -> str:
        """Whole lines that were added: what is left of a log that was moved away, then its successor."""
        text = "" if self._file is None else _rest(self._file)
        if self._file is None or not self._is_current(self._file):
            self.close()
            self._file = _opened(self._path)
            text += "" if self._file is None else _rest(self._file)
        return text

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def _is_current(self, file: BinaryIO) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except OSError:
            return False


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb", buffering=0)
    except OSError:
        return None


def _rest(file: BinaryIO) -> str:
    """The whole lines behind the place where `file` was left; it is left behind the last of them."""
    start = file.tell()
    if os.fstat(file.fileno()).st_size < start:
        start = file.seek(0)
    text = file.read()
    whole = text[: text.rfind(b"\n") + 1]
    file.seek(start + len(whole))
    return whole.decode(errors="replace")


class Controller(Protocol):
    """What is asked of ovn-controller; Daemon and its fake."""

    def pid(self) -> int: ...  # noqa: D102
    def command(self, name: str, *arguments: str, timeout_s: float = ANSWER_S) -> str: ...  # noqa: D102


class ParseErrors:
    """The matches that ovn-controller cannot parse now. One thread at a time."""

    def __init__(self, tail: LogTail, controller: Controller, *, clock: Callable[[], float]) -> None:
        """`tail` is ovn-controller's log; `clock` in seconds."""
        self._tail, self._controller, self._clock = tail, controller, clock
        self._known: dict[str, Unparsed] = {}
        self._pid: int | None = None
        self._nb_cfg = 0
        self._looked_anew = 0.0
        self._pause = threading.Event()

    def look(self, nb_cfg: int) -> tuple[Unparsed, ...]:
        """What does not parse, now that this host has reached `nb_cfg`; at worst what did not before.

        Makes ovn-controller look at everything anew at first and after its start, and when or while something
        is known, so that what was repaired, perhaps before it was read here, is forgotten.
        """
        try:
            pid = self._controller.pid()
            due = nb_cfg != self._nb_cfg or self._clock() - self._looked_anew >= RECHECK_S
            news = self._learn(unparsed_in(self._tail.read()))
            if news or pid != self._pid or (self._known and due):
                self._look_anew()
                self._pid, self._nb_cfg = pid, nb_cfg
        except (DaemonUnreachable, CommandRefused) as error:
            log.warning("parse errors not looked for", why=str(error))
        self._learn(unparsed_in(self._tail.read()))
        return tuple(self._known[match] for match in sorted(self._known))

    def _look_anew(self) -> None:
        """Forget what is known, once ovn-controller has said everything that it has to say."""
        self._controller.command("vlog/disable-rate-limit", "lflow")
        self._tail.read()
        self._recompute()
        found = unparsed_in(self._tail.read())
        self._known = {match: one for match, one in self._known.items() if match in found}
        self._learn(found)
        self._looked_anew = self._clock()

    def _recompute(self) -> None:
        """Return when ovn-controller has made all its flows anew.

        It puts that off while a transaction or flows of its own are under way (`engine_run` in its main
        loop), which is just when it has told of a new nb_cfg. So its own count says when it is done.
        """
        before = self._recomputed()
        self._controller.command("inc-engine/recompute")
        last = self._clock() + RECOMPUTE_S
        while self._recomputed() == before:
            if self._clock() > last or self._controller.command("connection-status").strip() != _CONNECTED:
                raise DaemonUnreachable("ovn-controller does not look at its flows anew")
            self._pause.wait(_PAUSE_S)

    def _recomputed(self) -> int:
        """How often it has made all its flows anew; waits for one that goes on."""
        return int(self._controller.command("inc-engine/show-stats", *_FLOWS_MADE, timeout_s=RECOMPUTE_S))

    def _learn(self, found: Mapping[str, Unparsed]) -> bool:
        """Whether any of it is news."""
        news = {match: one for match, one in found.items() if match not in self._known}
        for match, one in news.items():
            log.error("match not parsed by ovn-controller", match=match, problem=one.problem)
        self._known.update(found)
        return bool(news)
