"""The door in the host's own kernel: its device, its routes, its rules. Every call blocks, idempotent."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from weft.agent.door.ruleset import DEVICE, MARK, MARKS, TABLE, Landing, mark_of, ruleset
from weft.client import Door
from weft.model.errors import WeftError

_TOOL_S = 20
_PRIORITY = 22510
"""Of our routing rules: before the main table, which is at 32766 (ip-rule(8))."""
_SYSCTL = Path("/proc/sys/net")
_FORWARD = (("-i", DEVICE), ("-o", DEVICE))
"""What iptables has to let through, for Docker has it drop what it does not know."""


class DoorFailed(WeftError):
    """The kernel did not take the door, so nothing leaves by this host; the message is a whole sentence."""


class Kernel:
    """What the keeper of the door asks of the kernel."""

    def is_in_place(self, door: Door) -> bool:
        """Whether all that `open` makes is there. Raises DoorFailed."""
        wanted = {mark_of(router) for router in door.routers}
        return (
            _tool("nft", "list", "table", "ip", TABLE).returncode == 0
            and door.address in _addresses()
            and _ways() == wanted
            and all(_passes(*one) for one in _FORWARD)
        )

    def open(self, door: Door, landings: Sequence[Landing]) -> None:
        """Make the device, which is there, the host's door, with what is published. Raises DoorFailed."""
        _check_reverse_path()
        rules = _tool(
            "nft", "-f", "-", stdin=ruleset(door, landings)
        )  # first: no packet may pass without them
        if rules.returncode != 0:
            raise DoorFailed(f"nft refused the rules of the door {DEVICE}: {rules.stderr.strip()}")
        for name, value in (("rp_filter", "0"), ("forwarding", "1"), ("route_localnet", "1")):
            _set(f"ipv4/conf/{DEVICE}/{name}", value)
        _set(f"ipv6/conf/{DEVICE}/disable_ipv6", "1")
        _set("ipv4/ip_forward", "1")
        try:
            _address(door)
            _route(door)
        except (NetlinkError, IndexError) as error:
            raise DoorFailed(f"the kernel refused the door {DEVICE}: {error}") from error
        for one in _FORWARD:
            if not _passes(*one):
                _tool("iptables", "-w", "-I", "FORWARD", *one, "-j", "ACCEPT")

    def close(self) -> None:
        """Take the rules and the routes away; the device is the switch's. Raises DoorFailed."""
        for one in _FORWARD:
            while _iptables_has(*one):
                _tool("iptables", "-w", "-D", "FORWARD", *one, "-j", "ACCEPT")
        with IPRoute() as route:
            for mark in _ways():
                _forget(route, mark)
        _tool("nft", "-f", "-", stdin=ruleset(None))


def _tool(*argv: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=_TOOL_S, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise DoorFailed(f"the door {DEVICE} needs {argv[0]}, which does not run: {error}") from error


def _passes(flag: str, device: str) -> bool:
    """Whether iptables lets our packets through: it does where it is not installed."""
    try:
        return _iptables_has(flag, device)
    except DoorFailed:
        return True


def _iptables_has(flag: str, device: str) -> bool:
    return _tool("iptables", "-w", "-C", "FORWARD", flag, device, "-j", "ACCEPT").returncode == 0


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
        if name.startswith("ipv6"):  # a kernel without IPv6 has none to turn off
            return
        raise DoorFailed(f"the switch has not made the device {DEVICE} yet") from error
    except OSError as error:
        raise DoorFailed(f"{switch} cannot be set to {value}: {error}") from error


def _address(door: Door) -> None:
    address, _, length = door.address.partition("/")
    with IPRoute() as route:
        index = route.link_lookup(ifname=DEVICE)[0]
        for stale in _addresses() - {door.address}:
            old, _, old_length = stale.partition("/")
            route.addr("del", index=index, address=old, prefixlen=int(old_length))
        if door.address not in _addresses():
            route.addr("add", index=index, address=address, prefixlen=int(length))
        route.link("set", index=index, state="up")


def _addresses() -> set[str]:
    with IPRoute() as route:
        found = route.link_lookup(ifname=DEVICE)
        rows = route.get_addr(index=found[0], family=2) if found else ()
        return {f"{row.get_attr('IFA_ADDRESS')}/{row['prefixlen']}" for row in rows}


def _route(door: Door) -> None:
    """A table for each router, which leads to it, and a rule that has marked packets read it."""
    wanted = {mark_of(router): str(router.address) for router in door.routers}
    with IPRoute() as route:
        index = route.link_lookup(ifname=DEVICE)[0]
        known = _ways()
        for mark in known - wanted.keys():
            _forget(route, mark)
        for mark, address in wanted.items():
            route.route("replace", dst="default", gateway=address, oif=index, table=mark)
            if mark not in known:
                route.rule("add", priority=_PRIORITY, fwmark=mark, table=mark)


def _ways() -> set[int]:
    """The marks that a routing rule of ours reads."""
    with IPRoute() as route:
        marks = {rule.get_attr("FRA_FWMARK") or 0 for rule in route.get_rules(family=2)}
    return {mark for mark in marks if mark & MARKS == MARK}


def _forget(route: IPRoute, mark: int) -> None:
    route.rule("del", priority=_PRIORITY, fwmark=mark, table=mark)
    route.flush_routes(table=mark)
