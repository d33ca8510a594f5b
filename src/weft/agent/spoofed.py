"""Tells the server what anti-spoofing dropped of what the workloads on this host sent.

OVN 23.03 logs nothing of it, but it counts: ovn-controller makes flows of its own for every port with port
security, with the cookie of the port's binding (controller/lflow.c, `consider_port_sec_flows`). Those that
refuse a packet set a bit, which the next stage drops. They know no more of the packet: so a number for each
port is all that can be told. A flow of table 0 with the same cookie says which interface the port has.

Where there are ports and no such flows, as an OVN may have that is built otherwise, nothing is told, and the
server says that it does not know.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import structlog

from weft.agent.hits import Differences, FlowsUnreadable, dump, flows_in
from weft.client import ClientError

log = structlog.get_logger()

INTERVAL_S = 10.0
SILENCE_S = 60.0
"""How often the server hears that nothing was dropped: without that it could not tell zero from unknown."""
MOST_TOLD = 1000
"""Ports in one message."""

_TABLES = (0, 73, 74)
"""Where packets come in, and where senders are checked: `OFTABLE_CHK_IN_PORT_SEC` and that of discovery."""
_COMES_IN = re.compile(r"\s*cookie=0x([1-9a-f][0-9a-f]*), .* table=0, .*in_port=\"?([^\s\",]+)\"? actions=")
_REFUSES = "actions=set_field:0x1000/0x1000->reg10"
_CHECKS = re.compile(r"table=7[34], .*\breg14=0x")


def read(run_dir: Path, bridge: str) -> str:
    """The flows that tell. Raises FlowsUnreadable."""
    return "".join(dump(run_dir, bridge, f"table={table}", names=True) for table in _TABLES)


def interfaces_in(text: str) -> Mapping[int, str]:
    """By cookie, the interface of a port; without those that two have."""
    found: dict[int, str] = {}
    twice: set[int] = set()
    for line in text.splitlines():
        if come := _COMES_IN.match(line):
            cookie = int(come[1], 16)
            if found.setdefault(cookie, come[2]) != come[2]:
                twice.add(cookie)
    return {cookie: name for cookie, name in found.items() if cookie not in twice}


def refusing(text: str) -> str:
    """The lines of the flows that refuse. Raises FlowsUnreadable when nobody seems to be checked at all."""
    checks = [line for line in text.splitlines() if _CHECKS.search(line)]
    if not checks and interfaces_in(text):
        raise FlowsUnreadable(
            "there are ports, and no flows that check their senders where this OVN has them"
        )
    return "\n".join(line for line in checks if line.rstrip().endswith(_REFUSES))


class Server(Protocol):
    """What is told; `weft.client.Client` and its fake."""

    def report_spoofed(self, host: str, message: Mapping[str, object]) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """What is looked at: `flows` as `read` prints them; port ids by interface; a clock in seconds, and one
    that shows the time.
    """

    flows: Callable[[], str]
    plugged: Callable[[], Mapping[str, str]]
    clock: Callable[[], float]
    now: Callable[[], datetime]


class Spoofed:
    """Looks at one host; called again and again, by one thread."""

    def __init__(self, host: str, server: Server, local: Local) -> None:
        """`server` acts as `host`. What was dropped before is not told: nobody knows whether it was."""
        self._host, self._server, self._local = host, server, local
        self._differences = Differences(local.clock())
        self._due, self._spoke = local.clock(), float("-inf")
        self._since = local.now()
        self._run, self._number = str(uuid4()), 1
        self._owed: dict[str, int] = {}
        self._message: Mapping[str, object] | None = None

    def look(self) -> None:
        """Read the flows, and tell what was dropped, if it is time. Raises OvsdbUnavailable.

        A message that was not answered is repeated under its number, as it was: it may have been heard.
        """
        now = self._local.clock()
        if now < self._due:
            return
        self._due = now + INTERVAL_S
        try:
            for port, packets in self._dropped():
                self._owed[port] = self._owed.get(port, 0) + packets
            while self._message is not None or self._owed or now - self._spoke >= SILENCE_S:
                self._tell()
                self._spoke = now
        except (FlowsUnreadable, ClientError) as error:
            log.warning("spoofing not told", why=str(error))

    def _dropped(self) -> Iterator[tuple[str, int]]:
        """By port, what was dropped since the last look; of interfaces that are no port of ours nothing."""
        text = self._local.flows()
        moved = self._differences.since(flows_in(refusing(text)), self._local.clock())
        names, ports = interfaces_in(text), self._local.plugged()
        for cookie, count in moved.items():
            port = ports.get(names.get(cookie, ""))
            if port:
                yield port, count.packets

    def _tell(self) -> None:
        if self._message is None:
            told: Sequence[str] = list(self._owed)[:MOST_TOLD]
            until = self._local.now()
            self._message = {
                "run": self._run,
                "number": self._number,
                "since": self._since.isoformat(),
                "until": until.isoformat(),
                "ports": [{"port": port, "packets": self._owed.pop(port)} for port in told],
            }
            self._since = self._since if self._owed else until
        self._server.report_spoofed(self._host, self._message)
        self._message, self._number = None, self._number + 1
