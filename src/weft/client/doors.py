"""The door of a host, as the API tells it to the host's agent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Self

from weft.client.transport import Transport, path_of
from weft.client.types import Port, published_body
from weft.model.publication import Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorRouter:
    """A router that leaves by the door: its `mac` and `address` there, and what is behind it."""

    number: int
    mac: str
    address: IPv4Address
    address6: IPv6Address
    networks: tuple[str, ...]
    prefixes: tuple[str, ...]

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """The router that `body` shows."""
        return cls(
            number=int(body["number"]),
            mac=body["mac"],
            address=IPv4Address(body["address"]),
            address6=IPv6Address(body["address6"]),
            networks=tuple(body["networks"]),
            prefixes=tuple(body["prefixes"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An interface of the host's: `port_id` is its `iface-id`; its addresses have prefix lengths."""

    port_id: str
    mac: str
    address: str
    address6: str
    mtu: int
    routers: tuple[DoorRouter, ...]

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """The door that `body` shows."""
        return cls(
            port_id=body["port_id"],
            mac=body["mac"],
            address=body["address"],
            address6=body["address6"],
            mtu=int(body["mtu"]),
            routers=tuple(DoorRouter.from_body(router) for router in body["routers"]),
        )


class DoorCalls:
    """The calls of a client that are about the door of a host."""

    _transport: Transport

    def host_door(self, host: str) -> Door | None:
        """The door that `host` has to keep; None while no router of its projects leaves by it."""
        shown = self._transport.send("GET", path_of("hosts", host, "door")).body["door"]
        return None if shown is None else Door.from_body(shown)

    def publish(self, host: str, port_id: str, published: Sequence[Publication]) -> Port:
        """Say for which ports of `port_id` the host answers: just these. Idempotent."""
        path = path_of("hosts", host, "ports", port_id, "published")
        return Port.from_body(self._transport.send("PUT", path, body=published_body(published)).body)
