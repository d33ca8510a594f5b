"""Bodies of what a host keeps for the way out and in: /hosts/{host}/door and .../published."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated
from uuid import UUID

from pydantic import Field

from weft.api.schemas.base import Body, Shown
from weft.api.schemas.port import PublicationIn
from weft.api.view import View
from weft.model.door import SUBNET6, address6_of, door_id, door_mac, number_of
from weft.model.errors import Invalid
from weft.model.host import Host
from weft.model.network import Network
from weft.model.publication import Publication
from weft.model.router import Router, gateway_mac


class DoorRouterShown(Shown):
    """A router that leaves by the door, its addresses there, and the prefixes of its networks."""

    number: int
    mac: str
    address: IPv4Address
    address6: IPv6Address
    networks: list[UUID]
    prefixes: list[str]

    @classmethod
    def from_model(
        cls, view: View, router: Router, address: IPv4Address, doors: Network
    ) -> "DoorRouterShown":
        """The router as a host has to know it."""
        subnets = [s.cidr for network in router.networks for s in view.subnets_of(network)]
        return cls(
            number=number_of(address),
            mac=gateway_mac(router.id, doors.id),
            address=address,
            address6=address6_of(address),
            networks=sorted(router.networks),
            prefixes=sorted(map(str, subnets)),
        )


class PublishedPut(Body):
    """Body of PUT /hosts/{host}/ports/{id}/published: all that is published of the port."""

    published: Annotated[list[PublicationIn], Field(max_length=1000)]

    def to_model(self) -> Iterator[Publication]:
        """What is published in the model's terms. Raises Invalid."""
        for number, one in enumerate(self.published):
            try:
                yield one.to_model()
            except Invalid as error:
                error.field = f"published.{number}.{error.field}"
                raise


class DoorShown(Shown):
    """The interface that a host has to have on the network of doors; `mtu` fits what is behind it."""

    port_id: UUID
    mac: str
    address: str
    address6: str
    mtu: int
    routers: list[DoorRouterShown]


class HostDoor(Shown):
    """The door that a host has to keep, if any."""

    door: DoorShown | None

    @classmethod
    def from_model(cls, view: View, host: Host) -> "HostDoor":
        """The door of `host`: none while no router of the projects that it serves leaves by it."""
        doors = next((network for network in view.snapshot.networks.values() if network.by_host), None)
        subnet = None if doors is None else next(iter(view.subnets_of(doors.id)), None)
        if doors is None or subnet is None:
            return cls(door=None)
        leaving = {
            router: router.gateway.address
            for router in view.snapshot.routers_out.get(doors.id, ())
            if router.gateway is not None and router.project_id in host.projects
        }
        if not leaving:
            return cls(door=None)
        behind = [view.snapshot.networks[network] for router in leaving for network in router.networks]
        return cls(
            door=DoorShown(
                port_id=door_id(doors.id),
                mac=door_mac(doors.id),
                address=f"{subnet.gateway}/{subnet.cidr.prefixlen}",
                address6=f"{address6_of(IPv4Address(subnet.gateway))}/{SUBNET6.prefixlen}",
                mtu=min(view.effective_mtu(network) for network in (doors, *behind)),
                routers=[
                    DoorRouterShown.from_model(view, router, address, doors)
                    for router, address in sorted(leaving.items(), key=lambda one: one[1])
                ],
            )
        )
