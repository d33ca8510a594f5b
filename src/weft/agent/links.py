"""Veth pairs, through netlink.

Every function blocks and may be called from any thread that runs no event loop.
"""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface
from pathlib import Path
from typing import TypeVar

from pyroute2 import IPRoute, netns
from pyroute2.netlink.exceptions import NetlinkError

from weft.agent.attachment import is_host_end

_SIOCETHTOOL = 0x8946  # linux/sockios.h
_ETHTOOL_STXCSUM = 0x17  # linux/ethtool.h
GROUP = 0x77656674
"""The device group of the host's ends: tells them to the guard from their first moment (ip-link(8))."""
_NODAD = 0x02  # IFA_F_NODAD, linux/if_addr.h: the address is ours by lease
_SCOPE_UNIVERSE = 0  # linux/rtnetlink.h
_NO_SUCH_DEVICE, _EXISTS = 19, 17
_NO_LINK_LOCAL = 1  # IN6_ADDR_GEN_MODE_NONE, linux/if_link.h
_UNADDRESSED = {"attrs": [("AF_INET6", {"attrs": [("IFLA_INET6_ADDR_GEN_MODE", _NO_LINK_LOCAL)]})]}
"""The host's end gets no address of its own, and so no route.

A tenant shares no link-local network with its host. And Open vSwitch's userspace datapath reads all routes
anew after each change of one; for those milliseconds it hands tunnelled packets to the kernel, which answers
that nobody listens: each attachment could cost its neighbours a packet.
"""
_IFF_UP = 0x1  # linux/if.h
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET, linux/sched.h

_T = TypeVar("_T")

Namespace = int | Path
"""A network namespace: a process that lives in it, or a file that stands for it (network_namespaces(7))."""


class LinkFailed(Exception):
    """The kernel refused; the message is a whole sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """An interface as it is in a workload's namespace; `prefixes` are addresses with their prefix length.

    `gateways` are the default routes that lead over it.
    """

    mac: str
    mtu: int
    up: bool
    prefixes: tuple[str, ...]
    gateways: tuple[str, ...]


class Links:
    """The host's veth pairs. Deleting one takes the kernel some 20 ms, so a worker does it."""

    def __init__(self) -> None:
        """Starts the worker."""
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="link-deletion")
        self._leaving: dict[str, Future[None]] = {}

    def close(self) -> None:
        """Finish the deletions that are under way."""
        self._worker.shutdown()

    def exists(self, name: str) -> bool:
        """Whether the host has a link of this name."""
        return _index_of(name) is not None

    def ours(self) -> frozenset[str]:
        """The host's ends of every pair, by their names."""
        with IPRoute() as route:
            names = {str(link.get_attr("IFLA_IFNAME")) for link in route.get_links()}
        return frozenset(name for name in names if is_host_end(name))

    def make_pair(self, name: str, peer: str, *, mac: str, mtu: int) -> None:
        """A pair whose both ends are in the host's namespace; `mac` is the peer's."""
        self._settle(name)
        _add(name, mtu, {"ifname": peer, "address": mac, "mtu": mtu})
        try:
            offload_off(peer)
        except LinkFailed:
            self.delete(name)
            raise

    def make_inside(
        self, name: str, *, where: Namespace, mac: str, mtu: int, prefixes: Sequence[str], called: str = ""
    ) -> str:
        """A pair whose peer is up and addressed in `where`, named `called` or else a new ethN; its name."""
        self._settle(name)
        inside = called or in_namespace(where, _free_name)
        namespace = _open(where)
        try:
            _add(name, mtu, {"ifname": inside, "address": mac, "mtu": mtu, "net_ns_fd": namespace})
        finally:
            os.close(namespace)
        try:
            in_namespace(where, lambda: _configure(inside, prefixes))
        except LinkFailed:
            self.delete(name)
            raise
        return inside

    def lead_out(self, where: Namespace, mac: str, gateways: Sequence[str]) -> None:
        """Make `gateways` the default routes over the link with `mac` in `where`. Idempotent.

        A default route over another link stays: of two networks, the first one leads out.
        """
        in_namespace(where, lambda: _lead_out(mac, gateways))

    def has_inside(self, where: Namespace, mac: str) -> bool:
        """Whether the namespace has a link with this MAC address."""

        def look() -> bool:
            with IPRoute() as route:
                return any(link.get_attr("IFLA_ADDRESS") == mac for link in route.get_links())

        return in_namespace(where, look)

    def look_inside(self, where: Namespace, name: str) -> Inside | None:
        """The interface of this name in the namespace, if there is one."""
        return in_namespace(where, lambda: _inside(name))

    def delete(self, name: str) -> None:
        """Start to delete the link, if it is there. Idempotent; returns before it is gone."""
        self._leaving[name] = self._worker.submit(_delete, name)

    def _settle(self, name: str) -> None:
        """Wait until an earlier deletion of `name` is done, and delete what else has that name."""
        leaving = self._leaving.pop(name, None)
        if leaving is not None:
            leaving.result(timeout=10)
        if self.exists(name):
            _delete(name)


def addresses() -> dict[str, str]:
    """The host's own addresses and their devices, link-local ones not counted."""
    with IPRoute() as route:
        names = {link["index"]: str(link.get_attr("IFLA_IFNAME")) for link in route.get_links()}
        own = [row for row in route.get_addr() if row["scope"] == _SCOPE_UNIVERSE]
    return {str(row.get_attr("IFA_ADDRESS")): names[row["index"]] for row in own if row["index"] in names}


def in_namespace(where: Namespace, work: Callable[[], _T]) -> _T:
    """Do `work` in a network namespace: in a thread of its own, which never comes back."""

    def enter() -> _T:
        descriptor = _open(where)
        try:
            netns.setns(descriptor)
        except OSError as error:
            raise LinkFailed(f"{where} is not a network namespace: {error}") from error
        finally:
            os.close(descriptor)
        try:
            return work()
        except NetlinkError as error:
            raise LinkFailed(
                f"the kernel refused an interface in the namespace of {where}: {error}"
            ) from error

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(enter).result()


def _open(where: Namespace) -> int:
    """The namespace as a descriptor, which the caller closes."""
    try:
        file = where if isinstance(where, Path) else Path("/proc") / str(where) / "ns" / "net"
        return os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        gone = f"process {where} has ended" if isinstance(where, int) else f"{where} cannot be opened"
        raise LinkFailed(f"{gone}: it has no network namespace any more") from error


def offload_off(name: str) -> None:
    """Let the kernel fill in checksums when it sends on `name`.

    The userspace datapath passes packets on as they are: with offload on, TCP arrives with checksums that
    nobody ever computed.
    """
    value = bytearray(struct.pack("II", _ETHTOOL_STXCSUM, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        at = (ctypes.c_char * len(value)).from_buffer(value)
        request = struct.pack("16sP", name.encode(), ctypes.addressof(at))
        try:
            fcntl.ioctl(control, _SIOCETHTOOL, request)
        except OSError as error:
            raise LinkFailed(f"checksum offload of {name} cannot be turned off: {error}") from error


def new_namespace() -> int:
    """A descriptor of a new network namespace, which goes when nothing holds it. Raises LinkFailed."""

    def make() -> int:
        if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NETWORK) != 0:
            raise LinkFailed(f"no network namespace can be made: {os.strerror(ctypes.get_errno())}")
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    with ThreadPoolExecutor(1) as thread:  # one of its own, which never comes back from there
        return thread.submit(make).result()


def _add(name: str, mtu: int, peer: dict[str, object]) -> None:
    try:
        with IPRoute() as route:
            route.link("add", ifname=name, kind="veth", mtu=mtu, group=GROUP, peer=peer)
            index = socket.if_nametoindex(name)
            route.link("set", index=index, IFLA_AF_SPEC=_UNADDRESSED)
            route.link("set", index=index, state="up")
    except (NetlinkError, OSError) as error:
        raise LinkFailed(f"the veth pair {name} could not be made: {error}") from error


def _index_of(name: str) -> int | None:
    """The link's number in this thread's namespace, if it is there: microseconds, by netlink milliseconds."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return None


def _delete(name: str) -> None:
    index = _index_of(name)
    if index is None:
        return
    with IPRoute() as route:
        try:
            route.link("del", index=index)
        except NetlinkError as error:
            if error.code != _NO_SUCH_DEVICE:
                raise


def _free_name() -> str:
    with IPRoute() as route:
        taken = {link.get_attr("IFLA_IFNAME") for link in route.get_links()}
    return next(f"eth{n}" for n in range(len(taken) + 1) if f"eth{n}" not in taken)


def _configure(name: str, prefixes: Sequence[str]) -> None:
    offload_off(name)
    with IPRoute() as route:
        index = socket.if_nametoindex(name)
        for number in (1, index):  # the loopback, too: a namespace begins with it down
            route.link("set", index=number, state="up")
        for prefix in prefixes:
            address = ip_interface(prefix)
            if address.version == 6:
                _enable_ipv6(name)
            flags = _NODAD if address.version == 6 else 0
            try:
                route.addr(
                    "add",
                    index=index,
                    address=str(address.ip),
                    prefixlen=address.network.prefixlen,
                    flags=flags,
                )
            except NetlinkError as error:
                if error.code != _EXISTS:
                    raise


def _lead_out(mac: str, gateways: Sequence[str]) -> None:
    wanted: dict[int, str] = {ip_address(gateway).version: gateway for gateway in gateways}
    with IPRoute() as route:
        index = next((each["index"] for each in route.get_links() if each.get_attr("IFLA_ADDRESS") == mac), 0)
        for version, family in ((4, socket.AF_INET), (6, socket.AF_INET6)) if index else ():
            found = route.get_default_routes(family)
            ways = {(each.get_attr("RTA_OIF"), each.get_attr("RTA_GATEWAY")) for each in found}
            way = (index, wanted.get(version))
            for link, old in ways - {way}:
                if link == index:
                    route.route("del", dst="default", gateway=old, oif=index, family=family)
            elsewhere = any(link != index for link, _ in ways)
            if way[1] is not None and way not in ways and not elsewhere:
                route.route("add", dst="default", gateway=way[1], oif=index, family=family)


def _inside(name: str) -> Inside | None:
    with IPRoute() as route:
        for index in route.link_lookup(ifname=name):
            (link,) = route.get_links(index)
            families = (socket.AF_INET, socket.AF_INET6)
            ways = [way for family in families for way in route.get_default_routes(family)]
            own = [row for row in route.get_addr(index=index) if row["scope"] == _SCOPE_UNIVERSE]
            return Inside(
                mac=str(link.get_attr("IFLA_ADDRESS")),
                mtu=int(link.get_attr("IFLA_MTU")),
                up=bool(link["flags"] & _IFF_UP),
                prefixes=tuple(f"{row.get_attr('IFA_ADDRESS')}/{row['prefixlen']}" for row in own),
                gateways=tuple(
                    str(way.get_attr("RTA_GATEWAY")) for way in ways if way.get_attr("RTA_OIF") == index
                ),
            )
    return None


def _enable_ipv6(name: str) -> None:
    """Engines turn IPv6 off in namespaces; /proc/sys/net shows the namespace of the thread that looks."""
    switch = Path("/proc/sys/net/ipv6/conf") / name / "disable_ipv6"
    try:
        switch.write_text("0")
    except OSError as error:
        raise LinkFailed(f"IPv6 cannot be turned on for {name}: {error}") from error
