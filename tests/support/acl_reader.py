"""ACLs as OVN reads them: an interpreter of the match expressions that the compiler writes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address, ip_network

from weft.model.network import Address
from weft.model.policy import Protocol
from weft.model.port import Port
from weft.ovn.rows import Acl, AddressSet, LogicalSwitchPort, PortGroup, Rows
from weft.verifier.packet import Header


@dataclass(frozen=True, slots=True)
class Packet:
    """What an ACL can ask of a packet between two ports of a switch."""

    inport: Port
    outport: Port
    source: Address
    target: Address
    header: Header


class AclReader:
    """The ACLs of one compiled model."""

    def __init__(self, rows: Rows) -> None:
        self.acls = [row for row in rows.values() if isinstance(row, Acl)]
        self.ports: dict[str, set[str]] = {}
        self.addresses: dict[str, list[str]] = {}
        for row in rows.values():
            if isinstance(row, AddressSet):
                self.addresses[row.name] = sorted(row.addresses)
            if isinstance(row, PortGroup):
                self._learn(row, [m for key in row.ports if isinstance(m := rows[key], LogicalSwitchPort)])

    def _learn(self, group: PortGroup, members: list[LogicalSwitchPort]) -> None:
        self.ports[group.name] = {member.name for member in members}
        words = [word for member in members for text in member.addresses for word in text.split()[1:]]
        for version in (4, 6):
            found = [word for word in words if ip_address(word).version == version]
            if found:
                self.addresses[f"{group.name}_ip{version}"] = found

    def matching(self, packet: Packet, direction: str) -> list[Acl]:
        """The ACLs that are about the packet, the one that decides first."""
        found = [acl for acl in self.acls if acl.direction == direction and parsed(acl.match)(self, packet)]
        found.sort(key=lambda acl: -acl.priority)
        best = {acl.action for acl in found if acl.priority == found[0].priority}
        assert len(best) == 1, "OVN leaves the order of equal priorities open (ovn-nb(5), ACL)"
        return found

    def decide(self, packet: Packet, direction: str) -> str:
        """The action that the packet meets."""
        return self.matching(packet, direction)[0].action

    def arrives(self, packet: Packet) -> bool:
        """Whether both pipelines let the packet pass."""
        ways = ("from-lport", "to-lport")
        return all(self.decide(packet, way).startswith("allow") for way in ways)


_Match = Callable[[AclReader, Packet], bool]
_TOKEN = re.compile(r'\s*(\|\||&&|[(){},]|==|>=|<=|"[^"]+"|[@$]?[A-Za-z0-9_.:/]+)')


@cache
def parsed(text: str) -> _Match:
    """The predicate that `text` is to OVN. Mixing && and || without parentheses is refused, as OVN does."""
    tokens: list[str] = []
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        assert found is not None, text[place:]
        tokens.append(found.group(1))
        place = found.end()
    match, rest = _expression(tokens)
    assert not rest, rest
    return match


def _expression(tokens: list[str]) -> tuple[_Match, list[str]]:
    first, rest = _term(tokens)
    parts = [first]
    operator = rest[0] if rest[:1] in (["&&"], ["||"]) else ""
    while rest and rest[0] in ("&&", "||"):
        assert rest[0] == operator, "&& and || need parentheses between them"
        following, rest = _term(rest[1:])
        parts.append(following)
    combine = all if operator == "&&" else any
    return (lambda acls, packet: combine(part(acls, packet) for part in parts)), rest


def _term(tokens: list[str]) -> tuple[_Match, list[str]]:
    if tokens[0] == "(":
        inner, rest = _expression(tokens[1:])
        assert rest[0] == ")", rest
        return inner, rest[1:]
    if tokens[1:2] and tokens[1] in ("==", ">=", "<="):
        return _comparison(tokens)
    return _symbol(tokens[0]), tokens[1:]


def _symbol(name: str) -> _Match:
    """A predicate without an operand (ovn-sb(5), Logical_Flow: predefined symbols)."""
    return lambda _, packet: holds(name, packet.header)


def holds(name: str, header: Header) -> bool:
    """Whether the predefined symbol `name` is true of a packet with `header`, which is IP."""
    neighbours = {"nd": (135, 136), "nd_rs": (133,), "nd_ra": (134,)}
    if name in neighbours:
        return header.protocol is Protocol.ICMPV6 and header.value >> 8 in neighbours[name]
    if name in ("ip4", "ip6"):
        return header.version == int(name[2])
    if name in ("ip", "arp"):
        return name == "ip"
    return header.protocol is Protocol({"icmp4": "icmp", "icmp6": "icmpv6"}.get(name, name))


def _comparison(tokens: list[str]) -> tuple[_Match, list[str]]:
    field, operator = tokens[:2]
    end = tokens.index("}") if tokens[2] == "{" else 2
    values = [token for token in tokens[2 : end + 1] if token not in "{,}"]
    if field in ("inport", "outport"):
        return _port(field, values[0]), tokens[end + 1 :]
    if field.startswith("ip"):
        return _address(field, values), tokens[end + 1 :]
    return _number(field, operator, [int(value) for value in values]), tokens[end + 1 :]


def _port(field: str, value: str) -> _Match:
    if value.startswith('"'):
        return lambda _, packet: str(getattr(packet, field).id) == value.strip('"')
    return lambda acls, packet: str(getattr(packet, field).id) in acls.ports[value.removeprefix("@")]


def _address(field: str, values: list[str]) -> _Match:
    version, _, side = field.partition(".")

    def match(acls: AclReader, packet: Packet) -> bool:
        address = packet.source if side == "src" else packet.target
        known = [p for v in values for p in (acls.addresses[v[1:]] if v.startswith("$") else [v])]
        if packet.header.version != int(version[2]):
            return False
        return any(address in ip_network(prefix) for prefix in known)

    return match


def _number(field: str, operator: str, wanted: list[int]) -> _Match:
    protocol, _, part = field.partition(".")

    def match(_: AclReader, packet: Packet) -> bool:
        header = packet.header
        if not holds(protocol, header):
            return False
        found = {
            "src": header.source_port,
            "dst": header.value,
            "type": header.value >> 8,
            "code": header.value & 255,
        }[part]
        return {"==": found in wanted, ">=": found >= wanted[0], "<=": found <= wanted[0]}[operator]

    return match
