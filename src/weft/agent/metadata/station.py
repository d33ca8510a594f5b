"""Where guests of one network ask: a namespace with one interface on the network, and a socket in it.

The namespace has no name: it lives as long as the agent holds it open, and takes its interface along. So an
agent that is killed leaves a port of the switch without a device, which the next one takes up or removes.
"""

import os
import re
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol
from uuid import UUID

from pyroute2 import IPRoute

from weft.agent.links import Namespace, in_namespace, new_namespace
from weft.agent.metadata.serving import Serving
from weft.client import GuestTold, Station
from weft.model.guest import SERVICE, SERVICE_PORT, SERVICE_PREFIX

_DEVICE = "eth0"
_SCOPE_LINK = 253  # linux/rtnetlink.h
_SYSCTL = Path("/proc/sys/net")
_CLOSED = (
    ("ipv6/conf/all/disable_ipv6", "1"),
    ("ipv6/conf/default/disable_ipv6", "1"),
    ("ipv4/ip_forward", "0"),
)
"""What keeps the namespace from being more than one who answers at one address."""


class Pairs(Protocol):
    """What a station asks of links; Links and its fake."""

    def make_inside(  # noqa: D102
        self, name: str, *, where: Namespace, mac: str, mtu: int, prefixes: tuple[str, ...], called: str = ""
    ) -> str: ...
    def delete(self, name: str) -> None: ...  # noqa: D102


class Switch(Protocol):
    """What a station asks of the switch; Vswitch and its fake."""

    def join_internal(self, name: str, port_id: str) -> None: ...  # noqa: D102
    def drop_internal(self, name: str) -> None: ...  # noqa: D102


def station_end(port_id: str) -> str:
    """The name of the host's end of a station's veth pair."""
    return f"wm{UUID(port_id).hex[:11]}"


def is_station_end(name: str) -> bool:
    """Whether a link is called as `station_end` calls them."""
    return re.fullmatch("wm[0-9a-f]{11}", name) is not None


class Standing:
    """A station that answers, from `open` to `close`."""

    def __init__(self, station: Station, links: Pairs, switch: Switch) -> None:
        """Nothing is there yet."""
        self.station, self._links, self._switch = station, links, switch
        self._name = station_end(station.port_id)
        self._stack = ExitStack()

    def open(self, ask: Callable[[str], GuestTold]) -> None:
        """Begin to answer; on failure nothing is left. Raises LinkFailed, OvsdbUnavailable."""
        with ExitStack() as stack:
            namespace = new_namespace()
            stack.callback(os.close, namespace)
            where = Path(f"/proc/self/fd/{namespace}")
            in_namespace(where, _shut)
            stack.callback(self._links.delete, self._name)
            self._switch.drop_internal(self._name)  # of an earlier life
            self._links.make_inside(
                self._name,
                where=where,
                mac=self.station.mac,
                mtu=self.station.mtu,
                prefixes=(str(SERVICE_PREFIX),),
                called=_DEVICE,
            )
            in_namespace(where, lambda: _lead_to(self.station.prefixes))
            serving = Serving(in_namespace(where, _listening), ask)
            serving.start()
            stack.callback(serving.stop)
            stack.callback(self._switch.drop_internal, self._name)
            self._switch.join_internal(self._name, self.station.port_id)
            self._stack = stack.pop_all()

    def close(self) -> None:
        """Answer no more, and leave nothing. Idempotent."""
        self._stack.close()


def _shut() -> None:
    for name, value in _CLOSED:
        switch = _SYSCTL / name
        if switch.exists():  # a kernel without IPv6 has none to turn off
            switch.write_text(value)


def _lead_to(prefixes: tuple[str, ...]) -> None:
    """The guests are on the link, whatever their addresses."""
    with IPRoute() as route:
        index = route.link_lookup(ifname=_DEVICE)[0]
        for prefix in prefixes:
            route.route("add", dst=prefix, oif=index, prefsrc=str(SERVICE), scope=_SCOPE_LINK)


def _listening() -> socket.socket:
    return socket.create_server((str(SERVICE), SERVICE_PORT), backlog=16)
