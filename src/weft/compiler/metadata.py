"""The guests' service: who tells virtual machines of themselves, on every host for its own.

It is a `localport` (ovn-nb(5)), as the door is: what is sent to it never leaves the host, so who asks there
is on this host. Its address is the well-known one itself, so none of the subnet's is taken, and it is reached
on the link: what goes there never needs a router.
"""

from collections.abc import Iterator

from weft.compiler import names
from weft.model.guest import SERVICE, SERVICE_PORT, SERVICE_PREFIX, service_id
from weft.model.network import Network
from weft.model.port import mac_for
from weft.ovn.rows import LogicalSwitchPort

ON_LINK = "0.0.0.0"
"""As a router in option 121 it means that there is none on the way (RFC 3442)."""

ASKING = f"ip4 && ip4.dst == {SERVICE} && tcp.dst == {SERVICE_PORT}"
"""What a guest sends there."""


def service(network: Network) -> Iterator[LogicalSwitchPort]:
    """The service's port on `network`, with no other address than the one that is asked at."""
    if network.metadata:
        whole = frozenset({f"{mac_for(service_id(network.id))} {SERVICE}"})
        yield LogicalSwitchPort(
            key=names.metadata_key(network.id),
            name=str(service_id(network.id)),
            type="localport",
            addresses=whole,
            port_security=whole,
        )


def static_routes(router: str | None) -> str:
    """The value of DHCP's option 121 where the service is; who reads it must ignore option 3 (RFC 3442)."""
    default = "" if router is None else f", 0.0.0.0/0,{router}"
    return f"{{{SERVICE_PREFIX},{ON_LINK}{default}}}"
