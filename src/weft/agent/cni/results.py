"""What ADD answers, in the version that the runtime speaks, and what CHECK holds against it. Pure.

SPEC.md of containernetworking/cni, "Section 5: Result Types", and the same of the older versions.
"""

import json
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any

from weft.agent.attachment import Lease, host_end
from weft.agent.cni.call import Call
from weft.agent.cni.refusal import Code, Refusal
from weft.agent.links import Inside
from weft.model.resolver import RESOLVERS

_EVERYWHERE = {4: "0.0.0.0/0", 6: "::/0"}
_VERSIONED_IPS = frozenset({"0.3.1", "0.4.0"})


def result(call: Call, lease: Lease, inside: Inside) -> str:
    """The attachment as it is now; after others of a chain, added to what they said."""
    before: Mapping[str, Any] = call.config.previous or {}
    interfaces = [*(before.get("interfaces") or ()), *_interfaces(call, lease)]
    told = {
        "cniVersion": call.config.version,
        "interfaces": interfaces,
        "ips": [*(before.get("ips") or ()), *_ips(call, lease, at=len(interfaces) - 1)],
        "routes": [*(before.get("routes") or ()), *(_route(gateway) for gateway in inside.gateways)],
        "dns": before.get("dns") or _dns(lease),
    }
    return json.dumps(told)


def differences(call: Call, lease: Lease, inside: Inside | None) -> list[str]:
    """What is not as ADD answered, or not as Weft has it; sentences."""
    if inside is None:
        return [f"the container has no interface {call.interface}"]
    found = [] if inside.up else [f"interface {call.interface} is down"]
    if inside.mac != lease.mac:
        found.append(f"interface {call.interface} has the MAC address {inside.mac}, and the port {lease.mac}")
    found += [
        f"interface {call.interface} has lost {prefix}"
        for prefix in lease.prefixes
        if prefix not in inside.prefixes
    ]
    return [*found, *_told_otherwise(call, lease, inside)]


def _told_otherwise(call: Call, lease: Lease, inside: Inside) -> list[str]:
    """What ADD answered and is not so any more; what others of a chain said of other interfaces is theirs."""
    previous = call.config.previous
    if previous is None:
        raise Refusal(Code.CONFIG, "CHECK needs prevResult, the result of ADD")
    try:
        own = _own_interface(call, previous["interfaces"])
        addresses = [each["address"] for each in previous["ips"] if each.get("interface") == own]
        ways = [way["gw"] for way in previous.get("routes") or () if way["dst"] in _EVERYWHERE.values()]
        mac = previous["interfaces"][own].get("mac", lease.mac)
    except (LookupError, TypeError, AttributeError) as error:
        raise Refusal(Code.CONFIG, f"prevResult is not a result of ADD: it lacks {error}") from error
    found = [
        f"ADD gave {address}, which is not the port's"
        for address in addresses
        if address not in lease.prefixes
    ]
    if mac != lease.mac:
        found.append(f"ADD gave the MAC address {mac}, and the port has {lease.mac}")
    lost = [way for way in ways if way in lease.gateways and way not in inside.gateways]
    return [*found, *(f"the default route by {way} is gone" for way in lost)]


def _own_interface(call: Call, interfaces: Iterable[Mapping[str, Any]]) -> int:
    for number, each in enumerate(interfaces):
        if each.get("name") == call.interface and each.get("sandbox"):
            return number
    raise LookupError(f"interface {call.interface}")


def _interfaces(call: Call, lease: Lease) -> list[dict[str, object]]:
    mtu = {} if call.config.version in ("0.3.1", "0.4.0", "1.0.0") else {"mtu": lease.mtu}
    return [
        {"name": host_end(lease.port_id), **mtu},
        {"name": call.interface, "mac": lease.mac, "sandbox": call.namespace, **mtu},
    ]


def _ips(call: Call, lease: Lease, *, at: int) -> list[dict[str, object]]:
    told = []
    for prefix in lease.prefixes:
        version = ip_address(prefix.split("/")[0]).version
        each: dict[str, object] = {"address": prefix, "interface": at}
        if call.config.version in _VERSIONED_IPS:
            each["version"] = str(version)
        if gateway := lease.gateway(version):
            each["gateway"] = gateway
        told.append(each)
    return told


def _route(gateway: str) -> dict[str, object]:
    return {"dst": _EVERYWHERE[ip_address(gateway).version], "gw": gateway}


def _dns(lease: Lease) -> dict[str, object]:
    """Who answers for names, where there is a router that leads there."""
    versions = {ip_address(gateway).version for gateway in lease.gateways}
    servers = [str(address) for address in RESOLVERS if address.version in versions]
    if not servers:
        return {}
    domain = f"{lease.network}.{lease.project}.internal"
    return {"nameservers": servers, "domain": domain, "search": [domain, f"{lease.project}.internal"]}
