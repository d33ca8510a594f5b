"""The devices between this host and the others, and who else uses their UDP ports."""

import ctypes
import fcntl
import json
import re
import socket
import struct
import subprocess
from collections.abc import Mapping
from typing import Any

from weft.agent.health.facts import Device, Underlay
from weft.agent.health.openvswitch import Seen

_SIOCETHTOOL = 0x8946  # linux/sockios.h
_ETHTOOL_GTXCSUM = 0x16  # linux/ethtool.h
_ICMP_OVER_IPV4 = 28
"""Octets of an echo request's headers."""
_OURS = re.compile(r"(vxlan|genev)_sys_\d+")
"""Devices that Open vSwitch makes for its tunnels on the kernel datapath."""
_PATIENCE_S = 5


def look(seen: Seen) -> Underlay:
    """What packets between hosts pass on this one."""
    links = _ip("-details", "link", "show")
    device = _bearer(seen.external_ids.get("ovn-encap-ip", ""))
    by_name = {str(link["ifname"]): link for link in links}
    bridge = next((members for members in seen.bridges.values() if device in members), frozenset())
    return Underlay(
        end=_device(by_name[device]) if device in by_name else None,
        cables=tuple(_device(by_name[name]) for name in sorted(bridge - {device}) if name in by_name),
        vxlan_devices=_vxlan(links),
        listeners=_listeners(),
    )


def answers(address: str, *, octets: int | None = None) -> bool | None:
    """Whether `address` answers one ping of `octets` in one piece; None without ping(8)."""
    size = [] if octets is None else ["-M", "do", "-s", str(octets - _ICMP_OVER_IPV4)]
    try:
        done = subprocess.run(
            ["ping", "-n", "-q", "-c2", "-i0.2", "-W1", *size, address],
            capture_output=True,
            check=False,
            timeout=_PATIENCE_S,
        )
    except FileNotFoundError:
        return None
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _bearer(address: str) -> str:
    """The device that has `address`; empty if none has."""
    for link in _ip("address", "show"):
        if any(each.get("local") == address for each in link.get("addr_info", ())):
            return str(link["ifname"])
    return ""


def _device(link: Mapping[str, Any]) -> Device:
    name = str(link["ifname"])
    return Device(name=name, mtu=int(link["mtu"]), checksum_offload=_offload(name))


def _vxlan(links: list[dict[str, Any]]) -> Mapping[str, int]:
    found = {}
    for link in links:
        kind = link.get("linkinfo", {})
        if kind.get("info_kind") == "vxlan" and not _OURS.fullmatch(link["ifname"]):
            found[str(link["ifname"])] = int(kind.get("info_data", {}).get("port", 0))
    return found


def _listeners() -> tuple[tuple[int, str], ...]:
    """UDP ports that programs hold, as ss(8) lists them; sockets of the kernel's own have no program."""
    try:
        lines = subprocess.run(
            ["ss", "-H", "-lunp"], capture_output=True, text=True, check=False, timeout=_PATIENCE_S
        ).stdout.splitlines()
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = [re.search(r":(\d+)\s+\S+\s+users:\(\(\"([^\"]+)\"", line) for line in lines]
    return tuple((int(match[1]), match[2]) for match in found if match)


def _offload(name: str) -> bool | None:
    """Whether the kernel leaves checksums of what it sends to the device."""
    value = bytearray(struct.pack("II", _ETHTOOL_GTXCSUM, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        at = (ctypes.c_char * len(value)).from_buffer(value)
        try:
            fcntl.ioctl(control, _SIOCETHTOOL, struct.pack("16sP", name.encode(), ctypes.addressof(at)))
        except OSError:
            return None
    return bool(struct.unpack("II", value)[1])


def _ip(*argv: str) -> list[dict[str, Any]]:
    try:
        said = subprocess.run(
            ["ip", "-json", *argv], capture_output=True, text=True, check=False, timeout=_PATIENCE_S
        ).stdout
        found: list[dict[str, Any]] = json.loads(said or "[]")
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return []
    return found
