"""Routers: which networks reach each other, and by which routes."""

from dataclasses import dataclass

from weft.model.errors import Invalid
from weft.model.ids import NetworkId, ProjectId, RouterId
from weft.model.network import Address, Prefix


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

    def __post_init__(self) -> None:
        """Refuse two routes to one place through one hop."""
        if len(set(self.routes)) < len(self.routes):
            raise Invalid("a route is listed twice", field="routes")
