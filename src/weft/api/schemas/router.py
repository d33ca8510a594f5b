"""Bodies of /routers."""

from ipaddress import IPv4Address
from typing import Annotated
from uuid import UUID

from pydantic import Field

from weft.api.schemas.base import (
    ABSENT,
    Body,
    IpAddress,
    IpPrefix,
    Name,
    Owned,
    Patch,
    Reference,
    Shown,
    Text,
)
from weft.api.view import View
from weft.model.ids import NetworkId, ProjectId
from weft.model.router import Router, StaticRoute
from weft.store import Kind
from weft.store.routers import NewRouter


class RouteIn(Body):
    """A static route."""

    destination: IpPrefix
    next_hop: IpAddress

    def to_model(self) -> StaticRoute:
        """The route in the model's terms. Raises Invalid."""
        return StaticRoute(destination=self.destination, next_hop=self.next_hop)


Routes = Annotated[list[RouteIn], Field(max_length=1000)]
Networks = Annotated[list[Reference], Field(max_length=1000)]


class GatewayIn(Body):
    """A way out: an external network, or `host`; without `address` the next free one of the network."""

    network: Reference
    address: IPv4Address | None = None


class RouterCreate(Body):
    """Body of POST /routers."""

    project: Reference | None = None
    name: Name
    description: Text = ""
    networks: Networks = Field(default_factory=list)
    routes: Routes = Field(default_factory=list)
    gateway: GatewayIn | None = None

    def to_model(self, project: ProjectId, networks: frozenset[NetworkId]) -> NewRouter:
        """The request in the store's terms, its references resolved. Raises Invalid."""
        return NewRouter(
            project_id=project,
            name=self.name,
            description=self.description,
            networks=networks,
            routes=tuple(route.to_model() for route in self.routes),
        )


class RouterPatch(Patch):
    """Body of PATCH /routers/{id}; `networks` and `routes` replace what is there."""

    name: Name = ABSENT
    description: Text = ABSENT
    networks: Networks = ABSENT
    routes: Routes = ABSENT


class RouteShown(Shown):
    """A static route."""

    destination: IpPrefix
    next_hop: IpAddress


class GatewayShown(Shown):
    """A router's way out."""

    network_id: UUID
    network: str
    address: IpAddress


class JoinedShown(Shown):
    """A network on a router."""

    id: UUID
    name: str


class RouterShown(Owned):
    """A router, and the networks that it joins."""

    description: str
    networks: list[JoinedShown]
    routes: list[RouteShown]
    gateway: GatewayShown | None

    @classmethod
    def from_model(cls, view: View, router: Router) -> "RouterShown":
        """The router as it is shown."""
        return cls(
            id=router.id,
            project_id=router.project_id,
            project=view.project_name(router.project_id),
            name=router.name,
            description=router.description,
            networks=[
                JoinedShown(id=network, name=name)
                for name, network in sorted((view.network_name(one), one) for one in router.networks)
            ],
            routes=[RouteShown(destination=r.destination, next_hop=r.next_hop) for r in router.routes],
            gateway=None
            if router.gateway is None
            else GatewayShown(
                network_id=router.gateway.network_id,
                network=view.network_name(router.gateway.network_id),
                address=router.gateway.address,
            ),
            revision=view.revised_at(Kind.ROUTERS, router.id),
        )
