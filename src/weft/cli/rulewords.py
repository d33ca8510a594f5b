"""The two sides of a rule as words: `group:dev`, `10.0.0.0/8`, `tcp/80,443`, `icmp/8`."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

from weft.model.errors import Invalid
from weft.model.policy import PortRange, Protocol, Service

_PEERS = {"group": "group", "network": "network", "zone": "zone", "address-group": "address_group"}

_TARGETS = {"group": "target", "network": "target_network", "zone": "target_zone"}


def peer_in(text: str) -> dict[str, str]:
    """The peer that `text` names, as a request carries it. Raises Invalid."""
    if text == "any":
        return {}
    kind, separator, name = text.partition(":")
    if separator and kind in _PEERS and name:
        return {_PEERS[kind]: name}
    try:
        return {"cidr": str(ip_network(text))}
    except ValueError:
        raise Invalid(
            f"{text!r} is no peer; write any, group:NAME, network:NAME, zone:NAME, address-group:NAME or "
            "a prefix like 10.0.0.0/8 (no host bits set)",
            field="peer",
        ) from None


def target_in(text: str) -> dict[str, str | None]:
    """Whom a policy is for, as a request carries it; a name alone is a group's. Raises Invalid."""
    if text == "none":
        return {"target": None}
    kind, separator, name = text.partition(":")
    if not separator:
        return {"target": text}
    if kind not in _TARGETS or not name:
        raise Invalid(
            f"{text!r} is no target; write a group, network:NAME, zone:NAME, or none for every endpoint",
            field="target",
        )
    return {_TARGETS[kind]: name}


def service_in(text: str) -> dict[str, Any]:
    """The service that `text` names, as a request carries it. Raises Invalid."""
    if text == "any":
        return {}
    word, separator, rest = text.partition("/")
    try:
        protocol = Protocol(word.lower())
        if protocol in (Protocol.ICMP, Protocol.ICMPV6):
            return _icmp(protocol, rest.split("/") if separator else [])
        ranges = [_range(part) for part in rest.split(",")] if separator else []
        Service(protocol=protocol, ports=tuple(ranges))
    except ValueError:
        raise Invalid(
            f"{text!r} is no service; write any, tcp, tcp/80,443, udp/8000-8080, icmp or icmp/8",
            field="service",
        ) from None
    return {"protocol": protocol.value, "ports": [_range_text(r) for r in ranges]}


def traffic_in(text: str) -> dict[str, Any]:
    """The traffic of one packet that `text` names, as a request carries it. Raises Invalid."""
    if text == "other":
        return {}
    service = service_in(text)
    ports = service.pop("ports", None)
    if not service or (ports is not None and (len(ports) != 1 or "-" in ports[0])):
        raise Invalid(
            f"{text!r} is not the traffic of one packet; write tcp/443, udp/53, icmp, icmp/8, or other",
            field="traffic",
        )
    return service if ports is None else {**service, "port": int(ports[0])}


def peer_text(peer: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The peer as `peer_in` reads it; `names` by id."""
    for word, field in _PEERS.items():
        if peer.get(field):
            return f"{word}:{names.get(peer[field], peer[field])}"
    return str(peer.get("cidr") or "any")


def service_text(service: Mapping[str, Any]) -> str:
    """The service as `service_in` reads it."""
    protocol = service.get("protocol")
    if protocol is None:
        return "any"
    ports = service.get("ports") or []
    numbers = [service.get("icmp_type"), service.get("icmp_code")]
    parts = [",".join(ports)] if ports else [str(number) for number in numbers if number is not None]
    return "/".join([protocol, *parts])


def _icmp(protocol: Protocol, parts: list[str]) -> dict[str, Any]:
    numbers = [int(part) for part in parts]
    if len(numbers) > 2:
        raise ValueError(parts)
    fields = dict(zip(("icmp_type", "icmp_code"), numbers, strict=False))
    Service(protocol=protocol, icmp_type=fields.get("icmp_type"), icmp_code=fields.get("icmp_code"))
    return {"protocol": protocol.value, **fields}


def _range(text: str) -> PortRange:
    first, _, last = text.partition("-")
    return PortRange(int(first), int(last or first))


def _range_text(ports: PortRange) -> str:
    return str(ports.first) if ports.first == ports.last else f"{ports.first}-{ports.last}"
