"""The resolvers of a host, as the API tells them to the host's agent."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Self
from uuid import UUID

from weft.client.transport import Transport, path_of
from weft.model.ids import RouterId


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingNetwork:
    """A network whose workloads may ask; `forwards` tells whether for names of the world, too."""

    id: str
    prefixes: tuple[IPv4Network | IPv6Network, ...]
    forwards: bool

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """The network that `body` shows."""
        return cls(
            id=body["id"], prefixes=tuple(map(ip_network, body["prefixes"])), forwards=bool(body["forwards"])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """Whom the workloads of a router ask on this host; `mtu` fits their networks."""

    router: RouterId
    mtu: int
    networks: tuple[AskingNetwork, ...]

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """The resolver that `body` shows."""
        return cls(
            router=RouterId(UUID(body["router"])),
            mtu=int(body["mtu"]),
            networks=tuple(map(AskingNetwork.from_body, body["networks"])),
        )


class ResolverCalls:
    """The calls of a client that are about the resolvers of a host."""

    _transport: Transport

    def host_resolvers(self, host: str) -> tuple[Resolver, ...]:
        """The resolvers that `host` has to keep: one behind each router of its ports."""
        shown = self._transport.send("GET", path_of("hosts", host, "resolvers")).body["resolvers"]
        return tuple(map(Resolver.from_body, shown))
