"""What OVN's flows on this host matched, told to the server, which knows the rules that they were made of.

A flow's cookie is the beginning of the id of the logical flow that it was made of (ovn-architecture(7)). The
switch counts per flow, from nothing whenever a flow is put in: when a priority changes, when ovn-controller
starts again. So what is told are differences, and a flow's age tells whether it is still the same one.
"""

import re
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import structlog

from weft.client import ClientError

log = structlog.get_logger()

INTERVAL_S = 10.0
"""How often the flows are read: how precisely the time of the last hit is known."""
SILENCE_S = 60.0
"""How often the server hears that nothing moved: without that it could not tell zero from unknown."""
MOST_TOLD = 1000
"""Flows in one report."""
MOST_OWED = 50_000
"""Flows that are remembered for a server that is away."""

_DUMP_S = 20.0
_SLACK_S = 0.5
"""By how much the age of one flow, read twice, may seem to differ."""

_FLOW = re.compile(
    r"\s*cookie=0x(?P<cookie>[0-9a-f]+), duration=(?P<age>[0-9.]+)s, table=(?P<table>\d+), "
    r"n_packets=(?P<packets>\d+), n_bytes=(?P<bytes>\d+), (?:\w+_age=\d+, )*(?P<match>\S*) actions="
)


class FlowsUnreadable(Exception):
    """The switch does not show its flows; the message says why."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow of the switch and what it matched since it was put in, `age_s` ago."""

    cookie: int
    table: int
    match: str
    age_s: float
    packets: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Count:
    """How much was matched."""

    packets: int
    bytes: int

    def __add__(self, other: "Count") -> "Count":
        """Both together."""
        return Count(self.packets + other.packets, self.bytes + other.bytes)


def flows_in(text: str) -> Iterator[Flow]:
    """The flows in the output of `ovs-ofctl dump-flows`, but for those without a cookie."""
    for line in text.splitlines():
        found = _FLOW.match(line)
        if found is not None and (cookie := int(found["cookie"], 16)):
            yield Flow(
                cookie,
                int(found["table"]),
                found["match"],
                float(found["age"]),
                int(found["packets"]),
                int(found["bytes"]),
            )


def dump(run_dir: Path, bridge: str, which: str = "", *, names: bool = False) -> str:
    """The flows of `bridge`, from the switch whose sockets are in `run_dir`. Raises FlowsUnreadable.

    `which` is a match as ovs-ofctl(8) reads it; with `names` interfaces are called by theirs.
    """
    where, style = f"unix:{run_dir / bridge}.mgmt", "--names" if names else "--no-names"
    argv = ("ovs-ofctl", "-O", "OpenFlow15", style, "dump-flows", where, *filter(None, (which,)))
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_DUMP_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FlowsUnreadable(f"ovs-ofctl could not be run to its end: {error}") from error
    if done.returncode != 0:
        raise FlowsUnreadable(f"ovs-ofctl: {done.stderr.strip()[-300:]}")
    return done.stdout


class Differences:
    """What flows matched between two looks.

    A flow that was put in since the last look counts from nothing. One that is older, and was not there under
    this cookie, counts from now: nobody knows how much of it was told before.
    """

    def __init__(self, now: float) -> None:
        """Nothing before `now` counts; in seconds, by the clock of all calls."""
        self._looked = now
        self._known: dict[int, tuple[float, Count]] = {}

    def since(self, flows: Iterable[Flow], now: float) -> Mapping[int, Count]:
        """By cookie, what was matched since the last look; only what was."""
        moved: dict[int, Count] = {}
        known: dict[int, tuple[float, Count]] = {}
        for flow in flows:
            born, count = now - flow.age_s, Count(flow.packets, flow.bytes)
            identity = hash((flow.cookie, flow.table, flow.match))
            known[identity] = born, count
            before = self._before(self._known.get(identity), born, count)
            if count.packets > before.packets:
                new = Count(count.packets - before.packets, count.bytes - before.bytes)
                moved[flow.cookie] = moved.get(flow.cookie, Count(0, 0)) + new
        self._known, self._looked = known, now
        return moved

    def _before(self, known: tuple[float, Count] | None, born: float, count: Count) -> Count:
        if known is None:
            return Count(0, 0) if born >= self._looked - _SLACK_S else count
        was_born, was = known
        is_another = born > was_born + _SLACK_S or count.packets < was.packets or count.bytes < was.bytes
        return Count(0, 0) if is_another else was


class Server(Protocol):
    """What is told; `weft.client.Client` and its fake."""

    def report_hits(  # noqa: D102
        self, host: str, *, run: str, number: int, counted: Sequence[tuple[int, int, int]]
    ) -> Collection[int]: ...


class Hits:
    """Looks at one host; called again and again, by one thread."""

    def __init__(
        self, host: str, server: Server, flows: Callable[[], str], *, clock: Callable[[], float]
    ) -> None:
        """`server` acts as `host`; `flows` prints them and may raise FlowsUnreadable; `clock` in seconds."""
        self._host, self._server, self._flows, self._clock = host, server, flows, clock
        self._differences = Differences(clock())
        self._due = clock()
        self._silent_since = float("-inf")
        self._run, self._number = str(uuid4()), 1
        self._owed: dict[int, Count] = {}
        self._sent: dict[int, Count] = {}
        self._others: set[int] = set()

    def look(self) -> None:
        """Read the flows, and tell what moved, if it is time. What the server did not hear is told again."""
        now = self._clock()
        if now < self._due:
            return
        self._due = now + INTERVAL_S
        try:
            flows = list(flows_in(self._flows()))
        except FlowsUnreadable as error:
            log.warning("hits not counted", why=str(error))
            return
        self._owe(self._differences.since(flows, self._clock()))
        try:
            self._tell(now)
        except ClientError as error:
            log.warning("hits not told", why=str(error))
        self._others &= {flow.cookie for flow in flows}

    def _owe(self, moved: Mapping[int, Count]) -> None:
        for cookie, count in moved.items():
            if cookie in self._others:
                continue
            if cookie not in self._owed and len(self._owed) >= MOST_OWED:
                log.error("hits lost: the server is away, and too many flows wait for it", flows=MOST_OWED)
                return
            self._owed[cookie] = self._owed.get(cookie, Count(0, 0)) + count

    def _tell(self, now: float) -> None:
        """A report that was not answered is repeated under its number, as it was: it may have been heard."""
        while self._sent or self._owed or now - self._silent_since >= SILENCE_S:
            if not self._sent:
                self._sent = dict(islice(self._owed.items(), MOST_TOLD))
                self._owed = {c: count for c, count in self._owed.items() if c not in self._sent}
            counted = [(cookie, count.packets, count.bytes) for cookie, count in self._sent.items()]
            self._others.update(
                self._server.report_hits(self._host, run=self._run, number=self._number, counted=counted)
            )
            self._sent, self._silent_since = {}, now
            self._number += 1
