"""Rules of security groups as rules of policies. Pure."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

_EVERYWHERE = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}

_PROTOCOLS = {
    **dict.fromkeys(("tcp", "6"), "tcp"),
    **dict.fromkeys(("udp", "17"), "udp"),
    **dict.fromkeys(("sctp", "132"), "sctp"),
    **dict.fromkeys(("icmp", "1"), "icmp"),
    **dict.fromkeys(("icmpv6", "ipv6-icmp", "58"), "icmpv6"),
}
"""Neutron's names and numbers (neutron-lib, constants) for what Weft can name."""

_ANY = (None, "", "any", "0")


def rule_of(given: Mapping[str, Any], *, stateful: bool) -> dict[str, Any] | str:
    """The rule with the same id; or, where Weft has no words for it, a sentence about what is left out.

    A rule for a group is of one IP version in Neutron and of both in Weft.
    """
    service = _service(given)
    if isinstance(service, str):
        return f"rule {given['id']}: {service}"
    return {
        "id": given["id"],
        "direction": given["direction"],
        "action": "allow",
        "peer": _peer(given),
        "service": service,
        "stateful": stateful,
        "description": given.get("description") or "",
    }


def _peer(given: Mapping[str, Any]) -> dict[str, str]:
    if given.get("remote_group_id"):
        return {"group": given["remote_group_id"]}
    if given.get("remote_address_group_id"):
        return {"address_group": given["remote_address_group_id"]}
    prefix = given.get("remote_ip_prefix")
    return {"cidr": str(ip_network(str(prefix), strict=False)) if prefix else _EVERYWHERE[given["ethertype"]]}


def _service(given: Mapping[str, Any]) -> dict[str, Any] | str:
    protocol = given.get("protocol")
    if protocol in _ANY:
        return {}
    known = _PROTOCOLS.get(str(protocol).lower())
    if known is None:
        return f"Weft has no rules for protocol {protocol}"
    first, last = given.get("port_range_min"), given.get("port_range_max")
    if known in ("icmp", "icmpv6"):
        return _icmp("icmpv6" if given["ethertype"] == "IPv6" else "icmp", first, last)
    if first is None:
        return {"protocol": known}
    return {"protocol": known, "ports": [str(first) if last in (None, first) else f"{first}-{last}"]}


def _icmp(protocol: str, kind: int | None, code: int | None) -> dict[str, Any]:
    """Neutron keeps the type and the code of ICMP where others have the range of ports."""
    said: dict[str, Any] = {"protocol": protocol}
    if kind is not None:
        said["icmp_type"] = kind
    if code is not None:
        said["icmp_code"] = code
    return said
