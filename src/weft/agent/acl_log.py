"""What ovn-controller logs of packets that met an ACL, read from its lines.

It writes one line per packet (lib/acl-log.c of OVN: name, verdict, severity, direction, then the packet as
Open vSwitch prints flows). Packets that are alike but for the sender's port are told together.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

_LINE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)\|\d+\|acl_log(?:\(\w+\))?\|INFO\|"
    r'name="(?P<name>weft-[0-9a-z-]{1,58})", verdict=(?P<verdict>allow|drop|reject), severity=\w+, '
    r"direction=(?P<side>from|to)-lport: (?P<kind>\w+),(?P<packet>\S+)$"
)
_DIRECTIONS = {"from": "egress", "to": "ingress"}
_PROTOCOLS = {"icmp6": "icmpv6", **{f"{name}6": name for name in ("tcp", "udp", "sctp")}}
_NAMED = ("tcp", "udp", "sctp", "icmp", "icmpv6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """What packets that are told together have in common; `direction` is the workload's at that port."""

    name: str
    verdict: str
    direction: str
    source_mac: str
    destination_mac: str
    source: str
    destination: str
    protocol: str | None = None
    ip_protocol: int | None = None
    destination_port: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """Some such packets: how many, when the first and the last (RFC 3339), and from which port the last."""

    alike: Alike
    count: int
    first_at: str
    last_at: str
    source_port: int | None = None


def packets_in(text: str) -> Iterator[Logged]:
    """One for each whole line about an ACL of ours and an IP packet; other lines are passed over."""
    for line in text[: text.rfind("\n") + 1].splitlines():
        found = _LINE.match(line)
        if found is not None:
            packet = dict(part.partition("=")[::2] for part in found["packet"].split(","))
            try:
                yield _logged(found, packet)
            except (KeyError, ValueError):
                continue  # not IP, or cut off


def together(packets: Iterable[Logged]) -> list[Logged]:
    """Those that are alike as one, in the order in which they began."""
    found: dict[Alike, Logged] = {}
    for new in packets:
        was = found.get(new.alike)
        count, first_at = (new.count, new.first_at) if was is None else (was.count + new.count, was.first_at)
        found[new.alike] = replace(new, count=count, first_at=first_at)
    return list(found.values())


def _logged(line: "re.Match[str]", packet: Mapping[str, str]) -> Logged:
    kind = _PROTOCOLS.get(line["kind"], line["kind"])
    six = "ipv6_src" in packet
    named = kind in _NAMED
    with_ports = named and "tp_dst" in packet
    alike = Alike(
        name=line["name"],
        verdict=line["verdict"],
        direction=_DIRECTIONS[line["side"]],
        source_mac=packet["dl_src"],
        destination_mac=packet["dl_dst"],
        source=packet["ipv6_src" if six else "nw_src"],
        destination=packet["ipv6_dst" if six else "nw_dst"],
        protocol=kind if named else None,
        ip_protocol=None if named else int(packet["nw_proto"]),
        destination_port=int(packet["tp_dst"]) if with_ports else None,
        icmp_type=_number(packet, "icmp_type"),
        icmp_code=_number(packet, "icmp_code"),
    )
    source_port = int(packet["tp_src"]) if with_ports else None
    return Logged(alike=alike, count=1, first_at=line["at"], last_at=line["at"], source_port=source_port)


def _number(packet: Mapping[str, str], name: str) -> int | None:
    return int(packet[name]) if name in packet else None
