"""The connections that Open vSwitch tracks on this host, in its own words and in those of the model."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol as Interface

from weft.agent.unixctl import CommandRefused
from weft.model.judgement import Connection
from weft.model.policy import Protocol

_ENTRY = re.compile(r"(?P<protocol>[^,]+),orig=\((?P<opened>[^)]*)\),.*?\bzone=(?P<zone>\d+)")
_NUMBERS = {"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "dccp": 33, "icmpv6": 58, "sctp": 132, "udplite": 136}
"""IANA's numbers of the protocols that Open vSwitch prints by name (`ct_dpif_format_ipproto`)."""
_ICMP = ("icmp", "icmpv6")


class Vswitchd(Interface):
    """What is asked of ovs-vswitchd; Daemon and its fake."""

    def command(self, name: str, *arguments: str) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Tracked:
    """A connection in a zone, and the words by which dpctl/flush-conntrack knows it (ovs-dpctl(8))."""

    zone: int
    connection: Connection
    words: str


def tracked_in(text: str) -> Iterator[Tracked]:
    """The connections in the output of dpctl/dump-conntrack; lines of another kind are left out."""
    for line in text.splitlines():
        entry = _ENTRY.match(line)
        if entry is None:
            continue
        opened = dict(item.split("=", 1) for item in entry["opened"].split(","))
        if "src" in opened and "dst" in opened:
            name = entry["protocol"]
            yield Tracked(int(entry["zone"]), _connection(name, opened), _words(name, opened))


def _connection(name: str, opened: Mapping[str, str]) -> Connection:
    known = {protocol.value for protocol in Protocol}
    value = int(opened.get("dport", 0))
    if name in _ICMP:
        value = int(opened["type"]) << 8 | int(opened["code"])
    return Connection(
        source=ip_address(opened["src"]),
        destination=ip_address(opened["dst"]),
        protocol=Protocol(name) if name in known else None,
        value=value,
        source_port=int(opened.get("sport", 0)),
    )


def _words(name: str, opened: Mapping[str, str]) -> str:
    family = "ct_ipv6" if ":" in opened["src"] else "ct_nw"
    words = {
        f"{family}_src": opened["src"],
        f"{family}_dst": opened["dst"],
        "ct_nw_proto": str(_NUMBERS.get(name, name)),
    }
    if name in _ICMP:
        words |= {f"icmp_{field}": opened[field] for field in ("type", "code", "id")}
    elif "sport" in opened:
        words |= {"ct_tp_src": opened["sport"], "ct_tp_dst": opened["dport"]}
    return ",".join(f"{word}={value}" for word, value in words.items())


class Conntrack:
    """Connection tracking of this host's switch, on either datapath."""

    def __init__(self, vswitchd: Vswitchd) -> None:
        """Asks when it is asked."""
        self._vswitchd = vswitchd

    def tracked(self) -> Iterator[Tracked]:
        """Every connection in every zone. Raises DaemonUnreachable, CommandRefused."""
        return tracked_in(self._vswitchd.command("dpctl/dump-conntrack"))

    def end(self, one: Tracked) -> None:
        """Forget a connection: its next packet is judged as a first one. Raises as `tracked`.

        Idempotent: one that ended by itself in the meantime is no error.
        """
        try:
            self._vswitchd.command("dpctl/flush-conntrack", f"zone={one.zone}", one.words)
        except CommandRefused as error:
            if "No such file" not in str(error):
                raise
