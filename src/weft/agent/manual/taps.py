"""Interfaces of the host for workloads that people start: taps that we make, and others that are there.

A tap stays when QEMU ends, so that the next one finds it (tuntap.rst in the kernel's documentation).
"""

import fcntl
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from weft.agent.links import GROUP, LinkFailed

_DEVICE = Path("/dev/net/tun")
_TUNSETIFF, _TUNSETPERSIST = 0x400454CA, 0x400454CB  # linux/if_tun.h
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000
_NO_SUCH_DEVICE = 19
_IFF_UP, _IFF_LOOPBACK = 0x1, 0x8  # linux/if.h


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """An interface of the host's. `master` is the name of what it is a part of, if it is."""

    name: str
    mtu: int
    up: bool = True
    loopback: bool = False
    master: str = ""


class Taps:
    """The host's interfaces. Every call blocks; not from a thread that runs an event loop."""

    def present(self) -> Mapping[str, Interface]:
        """Every interface, by name."""
        with IPRoute() as route:
            links = list(route.get_links())
        names = {link["index"]: str(link.get_attr("IFLA_IFNAME")) for link in links}
        found = (_interface(link, names) for link in links)
        return {one.name: one for one in found}

    def make(self, name: str, mtu: int) -> None:
        """A tap that is up, and stays until it is deleted. Raises LinkFailed; then there is none."""
        try:
            _persist(name)
            with IPRoute() as route:
                index = route.link_lookup(ifname=name)[0]
                route.link("set", index=index, mtu=mtu, group=GROUP)
                route.link("set", index=index, state="up")
        except (OSError, NetlinkError, IndexError) as error:
            self.delete(name)
            raise LinkFailed(f"the tap {name} could not be made: {error}") from error

    def raise_up(self, name: str) -> None:
        """Set an interface up. Idempotent. Raises LinkFailed."""
        try:
            with IPRoute() as route:
                route.link("set", index=route.link_lookup(ifname=name)[0], state="up")
        except (NetlinkError, IndexError) as error:
            raise LinkFailed(f"interface {name} could not be set up: {error}") from error

    def delete(self, name: str) -> None:
        """Delete a tap. Idempotent. Raises LinkFailed."""
        with IPRoute() as route:
            for index in route.link_lookup(ifname=name):
                try:
                    route.link("del", index=index)
                except NetlinkError as error:
                    if error.code != _NO_SUCH_DEVICE:
                        raise LinkFailed(f"the tap {name} could not be deleted: {error}") from error


def _persist(name: str) -> None:
    """A new tap; one that only we have open goes with us if we are killed before the second call."""
    descriptor = os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI))
        fcntl.ioctl(descriptor, _TUNSETPERSIST, 1)
    finally:
        os.close(descriptor)


def _interface(link: Any, names: Mapping[int, str]) -> Interface:  # noqa: ANN401 - pyroute2 has no types
    master = link.get_attr("IFLA_MASTER")
    return Interface(
        name=str(link.get_attr("IFLA_IFNAME")),
        mtu=int(link.get_attr("IFLA_MTU")),
        up=bool(link["flags"] & _IFF_UP),
        loopback=bool(link["flags"] & _IFF_LOOPBACK),
        master="" if master is None else names.get(master, str(master)),
    )
