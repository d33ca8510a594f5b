"""What virtual machines are told of themselves, as the API tells it to the agent of their host."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from weft.client.transport import Transport, path_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What a workload says that its machine is to be told; None says nothing, and leaves it as it is."""

    ssh_keys: tuple[str, ...] | None = None
    user_data: bytes | None = field(default=None, repr=False)

    def body(self) -> dict[str, object]:
        """As a request carries it."""
        keys = {} if self.ssh_keys is None else {"ssh_keys": list(self.ssh_keys)}
        data = {} if self.user_data is None else {"user_data": b64encode(self.user_data).decode()}
        return {**keys, **data}


SILENCE = Telling()


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """The interface by which a host answers the guests of a network: `port_id` is its `iface-id`."""

    network_id: str
    port_id: str
    mac: str
    mtu: int
    prefixes: tuple[str, ...]

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """The interface that `body` shows."""
        return cls(
            network_id=body["network_id"],
            port_id=body["port_id"],
            mac=body["mac"],
            mtu=int(body["mtu"]),
            prefixes=tuple(body["prefixes"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestTold:
    """What a virtual machine is told. `ssh_keys` are lines of authorized_keys(5)."""

    instance_id: str
    host_name: str
    mac: str
    address: str
    ssh_keys: tuple[str, ...]
    user_data: bytes | None = field(repr=False)

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """What `body` says."""
        data = body["user_data"]
        return cls(
            instance_id=body["instance_id"],
            host_name=body["host_name"],
            mac=body["mac"],
            address=body["address"],
            ssh_keys=tuple(body["ssh_keys"]),
            user_data=None if data is None else b64decode(data),
        )


class GuestCalls:
    """The calls of a client that are about a host's virtual machines."""

    _transport: Transport

    def host_stations(self, host: str) -> tuple[Station, ...]:
        """The networks on which `host` has to answer its guests."""
        shown = self._transport.send("GET", path_of("hosts", host, "metadata")).body
        return tuple(Station.from_body(one) for one in shown["items"])

    def guest(self, host: str, network_id: str, address: str) -> GuestTold:
        """What the machine of `host` with this address is told. ProblemError 404 where none has it."""
        path = path_of("hosts", host, "metadata", network_id, address)
        return GuestTold.from_body(self._transport.send("GET", path).body)
