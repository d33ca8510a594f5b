"""Where the resolver behind a router is on this host: a network namespace of its own.

Its one interface is a port of the switch. So equal addresses of two projects never meet, and the only way
there is by the router. The namespace has no name: with the agent's last descriptor it goes, and its pair.
"""

import os
import socket
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from weft.agent.attachment import is_resolver_end, resolver_end
from weft.agent.links import Namespace, in_namespace, new_namespace
from weft.agent.resolver.upstream import PORT
from weft.client import Resolver
from weft.model.ids import RouterId
from weft.model.resolver import NAMES, RESOLVERS, ROUTERS, resolver_id, resolver_mac

_INSIDE = "names0"
_PREFIXES = tuple(f"{at}/{link.prefixlen}" for at, link in zip(RESOLVERS, NAMES, strict=True))
_MOST_WAITING = 16
"""How many connections wait to be taken (listen(2))."""
_ASKED_AT_A_TIME = 8
"""How many questions OVN is asked at a time."""


class Pairs(Protocol):
    """What is asked of links; Links and its fake."""

    def exists(self, name: str) -> bool: ...  # noqa: D102
    def make_inside(  # noqa: D102
        self, name: str, *, where: Namespace, mac: str, mtu: int, prefixes: tuple[str, ...], called: str = ""
    ) -> str: ...
    def lead_out(self, where: Namespace, mac: str, gateways: tuple[str, ...]) -> None: ...  # noqa: D102
    def delete(self, name: str) -> None: ...  # noqa: D102


class Switch(Protocol):
    """What is asked of Open vSwitch; Vswitch and its fake."""

    def join_internal(self, name: str, port_id: str) -> None: ...  # noqa: D102
    def drop_internal(self, name: str) -> None: ...  # noqa: D102
    def interfaces(self) -> dict[str, str]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Ends:
    """The sockets of a resolver, all in its own namespace; whoever has them closes them.

    `by_udp` and `by_tcp` are bound to its addresses; each of `to_ovn` is connected to the router.
    """

    by_udp: list[socket.socket] = field(default_factory=list)
    by_tcp: list[socket.socket] = field(default_factory=list)
    to_ovn: list[socket.socket] = field(default_factory=list)

    def close(self) -> None:
        """Close all of them. Idempotent."""
        for one in (*self.by_udp, *self.by_tcp, *self.to_ovn):
            one.close()


class Places:
    """The places of this host's resolvers: a veth pair and a port of the switch for each."""

    def __init__(self, links: Pairs, switch: Switch) -> None:
        """Nothing is made yet."""
        self._links, self._switch = links, switch

    def settle(self, resolver: Resolver) -> Ends:
        """Make the place of a resolver, and what listens there.

        It lasts as long as a socket of it is open. On failure nothing is left. Raises LinkFailed, OSError,
        OvsdbUnavailable.
        """
        name, mac = resolver_end(resolver.router), resolver_mac(resolver.router)
        namespace = new_namespace()
        try:
            where = Path(f"/proc/self/fd/{namespace}")
            self._links.make_inside(
                name, where=where, mac=mac, mtu=resolver.mtu, prefixes=_PREFIXES, called=_INSIDE
            )
            with ExitStack() as undo:
                undo.callback(self._links.delete, name)
                self._links.lead_out(where, mac, tuple(map(str, ROUTERS)))
                ends = in_namespace(where, _listen)
                undo.callback(ends.close)
                self._switch.join_internal(name, str(resolver_id(resolver.router)))
                undo.pop_all()
        finally:
            os.close(namespace)
        return ends

    def unsettle(self, router: RouterId) -> None:
        """Take the place of the resolver behind `router` away. Idempotent. Raises OvsdbUnavailable."""
        name = resolver_end(router)
        try:
            self._switch.drop_internal(name)
        finally:
            self._links.delete(name)

    def is_settled(self, router: RouterId) -> bool:
        """Whether the resolver behind `router` still has its place. Raises OvsdbUnavailable."""
        name = resolver_end(router)
        return self._links.exists(name) and self._switch.interfaces().get(name) == str(resolver_id(router))

    def sweep(self) -> None:
        """Take all places off the switch: they are of an earlier life. Raises OvsdbUnavailable."""
        for name in filter(is_resolver_end, self._switch.interfaces()):
            self._switch.drop_internal(name)


def _listen() -> Ends:
    ends = Ends()
    try:
        for address in RESOLVERS:
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            for kind, kept in ((socket.SOCK_DGRAM, ends.by_udp), (socket.SOCK_STREAM, ends.by_tcp)):
                one = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
                kept.append(one)
                one.bind((str(address), PORT))
        for one in ends.by_tcp:
            one.listen(_MOST_WAITING)
        for _ in range(_ASKED_AT_A_TIME):
            one = socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
            )
            ends.to_ovn.append(one)
            one.connect((str(ROUTERS[0]), PORT))
    except OSError:
        ends.close()
        raise
    return ends
