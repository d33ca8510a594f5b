"""The bare-metal machines of a host, as the API tells them to the host's agent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from weft.client.transport import Transport, path_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine behind a host: `port_id` is the `iface-id` of its VLAN there."""

    port_id: str
    physical_network: str
    vlan: int

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """The machine that `body` shows."""
        return cls(port_id=body["port_id"], physical_network=body["physical_network"], vlan=int(body["vlan"]))


class MachineCalls:
    """The calls of a client that are about the bare-metal machines of a host."""

    _transport: Transport

    def host_machines(self, host: str) -> tuple[Machine, ...]:
        """The machines whose VLANs `host` has to plug."""
        found = self._transport.send("GET", path_of("hosts", host, "machines")).body["items"]
        return tuple(Machine.from_body(one) for one in found)
