"""The door in the host's own kernel: its device, its routes, its rules. Every call blocks, idempotent."""

import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from weft.agent.door.ruleset import DEVICE, FAMILIES, MARK, MARKS, TABLE, Landing, mark_of, ruleset
from weft.client import Door
from weft.model.errors import WeftError

_TOOL_S = 20
_PRIORITY = 22510
"""Of our routing rules: before the main table, which is at 32766 (ip-rule(8))."""
_SYSCTL = Path("/proc/sys/net")
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_IPTABLES = {4: "iptables", 6: "ip6tables"}
_SWITCHES = {
    4: (("rp_filter", "0"), ("forwarding", "1"), ("route_localnet", "1")),
    6: (("accept_ra", "0"), ("autoconf", "0"), ("disable_ipv6", "0")),
}
_NODAD = 0x02  # IFA_F_NODAD, linux/if_addr.h: every host has the same address at its door
_EVERYWHERE = 0  # RT_SCOPE_UNIVERSE, linux/rtnetlink.h
_FORWARD = (("-i", DEVICE), ("-o", DEVICE))
"""What iptables has to let through, for Docker has it drop what it does not know."""


class DoorFailed(WeftError):
    """The kernel did not take the door, so nothing leaves by this host; the message is a whole sentence."""


class Kernel:
    """What the keeper of the door asks of the kernel."""

    def is_in_place(self, door: Door) -> bool:
        """Whether all that `open` makes is there. Raises DoorFailed."""
        wanted = {mark_of(router) for router in door.routers}
        return all(
            _tool("nft", "list", "table", FAMILIES[version], TABLE).returncode == 0
            and _address_in(door, version) in _addresses(version)
            and _ways(version) == wanted
            and all(_passes(version, *one) for one in _FORWARD)
            for version in _versions()
        )

    def open(self, door: Door, landings: Sequence[Landing]) -> None:
        """Make the device, which is there, the host's door, with what is published. Raises DoorFailed."""
        _check_reverse_path()
        rules = _tool(
            "nft", "-f", "-", stdin=ruleset(door, landings)
        )  # first: no packet may pass without them
        if rules.returncode != 0:
            raise DoorFailed(f"nft refused the rules of the door {DEVICE}: {rules.stderr.strip()}")
        for version in _versions():
            for name, value in _SWITCHES[version]:
                _set(f"ipv{version}/conf/{DEVICE}/{name}", value)
            _forward(version)
            try:
                _address(door, version)
                _route(door, version)
            except (NetlinkError, IndexError) as error:
                raise DoorFailed(f"the kernel refused the door {DEVICE}: {error}") from error
            _let_through(version)

    def close(self) -> None:
        """Take the rules and the routes away; the device is the switch's. Raises DoorFailed."""
        for version in _versions():
            for one in _FORWARD:
                while _iptables_has(version, *one):
                    _tool(_IPTABLES[version], "-w", "-D", "FORWARD", *one, "-j", "ACCEPT")
            with IPRoute() as route:
                for mark in _ways(version):
                    _forget(route, mark, version)
        _tool("nft", "-f", "-", stdin=ruleset(None))


def _tool(*argv: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=_TOOL_S, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise DoorFailed(f"the door {DEVICE} needs {argv[0]}, which does not run: {error}") from error


def _versions() -> Sequence[int]:
    """The IP versions that the kernel speaks."""
    return (4, 6) if (_SYSCTL / "ipv6").exists() else (4,)


def _passes(version: int, flag: str, device: str) -> bool:
    """Whether iptables lets our packets through: it does where it is not installed."""
    try:
        return _iptables_has(version, flag, device)
    except DoorFailed:
        return True


def _iptables_has(version: int, flag: str, device: str) -> bool:
    return _tool(_IPTABLES[version], "-w", "-C", "FORWARD", flag, device, "-j", "ACCEPT").returncode == 0


def _check_reverse_path() -> None:
    """What comes by the door is from addresses that the kernel has no route to by its main table."""
    if (_SYSCTL / "ipv4/conf/all/rp_filter").read_text().strip() == "1":
        raise DoorFailed(
            f"net.ipv4.conf.all.rp_filter = 1 drops all that comes by the door {DEVICE}: set it to 2 or 0"
        )


def _set(name: str, value: str) -> None:
    switch = _SYSCTL / name
    try:
        if switch.read_text().strip() != value:
            switch.write_text(value)
    except FileNotFoundError as error:
        raise DoorFailed(f"the switch has not made the device {DEVICE} yet") from error
    except OSError as error:
        raise DoorFailed(f"{switch} cannot be set to {value}: {error}") from error


def _let_through(version: int) -> None:
    for one in _FORWARD:
        if not _passes(version, *one):
            _tool(_IPTABLES[version], "-w", "-I", "FORWARD", *one, "-j", "ACCEPT")


def _forward(version: int) -> None:
    """Have the kernel forward packets, and go on hearing routers as before (ip-sysctl, "accept_ra").

    An interface that learns its addresses from a router would forget them where IPv6 is forwarded.
    """
    if version == 4:
        _set("ipv4/ip_forward", "1")
        return
    if (_SYSCTL / "ipv6/conf/all/forwarding").read_text().strip() == "1":
        return
    for heard in (_SYSCTL / "ipv6/conf").glob("*/accept_ra"):
        if heard.parent.name != "all" and heard.read_text().strip() == "1":
            heard.write_text("2")
    _set("ipv6/conf/all/forwarding", "1")


def _address_in(door: Door, version: int) -> str:
    return door.address if version == 4 else door.address6


def _address(door: Door, version: int) -> None:
    wanted = _address_in(door, version)
    address, _, length = wanted.partition("/")
    flags = _NODAD if version == 6 else 0
    with IPRoute() as route:
        index = route.link_lookup(ifname=DEVICE)[0]
        route.link("set", index=index, state="up")
        for stale in _addresses(version) - {wanted}:
            old, _, old_length = stale.partition("/")
            route.addr("del", index=index, address=old, prefixlen=int(old_length))
        if wanted not in _addresses(version):
            route.addr("add", index=index, address=address, prefixlen=int(length), flags=flags)


def _addresses(version: int) -> set[str]:
    """Those of the device, but for what IPv6 gives it for its link alone."""
    with IPRoute() as route:
        found = route.link_lookup(ifname=DEVICE)
        rows = route.get_addr(index=found[0], family=_FAMILIES[version]) if found else ()
        known = [row for row in rows if row["scope"] == _EVERYWHERE]
        return {f"{row.get_attr('IFA_ADDRESS')}/{row['prefixlen']}" for row in known}


def _route(door: Door, version: int) -> None:
    """A table for each router, which leads to it, and a rule that has marked packets read it."""
    family = _FAMILIES[version]
    wanted = {mark_of(one): str(one.address if version == 4 else one.address6) for one in door.routers}
    with IPRoute() as route:
        index = route.link_lookup(ifname=DEVICE)[0]
        known = _ways(version)
        for mark in known - wanted.keys():
            _forget(route, mark, version)
        for mark, address in wanted.items():
            route.route("replace", dst="default", gateway=address, oif=index, table=mark, family=family)
            if mark not in known:
                route.rule("add", priority=_PRIORITY, fwmark=mark, table=mark, family=family)


def _ways(version: int) -> set[int]:
    """The marks that a routing rule of ours reads."""
    with IPRoute() as route:
        marks = {rule.get_attr("FRA_FWMARK") or 0 for rule in route.get_rules(family=_FAMILIES[version])}
    return {mark for mark in marks if mark & MARKS == MARK}


def _forget(route: IPRoute, mark: int, version: int) -> None:
    route.rule("del", priority=_PRIORITY, fwmark=mark, table=mark, family=_FAMILIES[version])
    route.flush_routes(table=mark)
