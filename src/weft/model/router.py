"""Routers: which networks reach each other, and by which routes."""

from dataclasses import dataclass
from ipaddress import IPv4Address
from uuid import uuid5

from weft.model.errors import Invalid
from weft.model.ids import NetworkId, PortId, ProjectId, RouterId
from weft.model.network import Address, Prefix
from weft.model.port import mac_for


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticRoute:
    """What is not on a network of the router: packets for `destination` go to `next_hop`."""

    destination: Prefix
    next_hop: Address

    def __post_init__(self) -> None:
        """Refuse a next hop of the other IP version."""
        if self.destination.version != self.next_hop.version:
            raise Invalid(
                f"the next hop {self.next_hop} is not an IPv{self.destination.version} address, "
                f"as {self.destination} needs",
                field="routes",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A router's way out: its own `address` on an external network, behind which its networks hide."""

    network_id: NetworkId
    address: IPv4Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """A distributed router: it has the gateway's address of every subnet of its `networks`.

    What it joins is one routing domain: the same address is the same workload everywhere in it.
    """

    id: RouterId
    project_id: ProjectId
    name: str
    description: str = ""
    networks: frozenset[NetworkId] = frozenset()
    routes: tuple[StaticRoute, ...] = ()
    gateway: Gateway | None = None

    def __post_init__(self) -> None:
        """Refuse two routes to one place through one hop, and two ways out."""
        if len(set(self.routes)) < len(self.routes):
            raise Invalid("a route is listed twice", field="routes")
        if self.gateway is None:
            return
        if any(r.destination.version == 4 and r.destination.prefixlen == 0 for r in self.routes):
            raise Invalid(
                f"router {self.name} has a gateway, which is its default route; "
                "remove the route to 0.0.0.0/0, or the gateway",
                field="routes",
            )
        if self.gateway.network_id in self.networks:
            raise Invalid(
                f"router {self.name} joins the network of its gateway; detach it there first", field="gateway"
            )

    @property
    def leads_out(self) -> bool:
        """Whether it has a way to everywhere: a gateway, or a default route that is declared."""
        return self.gateway is not None or any(r.destination.prefixlen == 0 for r in self.routes)


def gateway_mac(router: RouterId, network: NetworkId) -> str:
    """The MAC of a router on the network of its gateway: always the same."""
    return mac_for(PortId(uuid5(router, str(network))))
