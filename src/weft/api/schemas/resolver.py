"""Bodies of what a host keeps so that names of the world are found: /hosts/{host}/resolvers."""

from ipaddress import IPv4Network, IPv6Network
from uuid import UUID

from weft.api.schemas.base import Shown
from weft.api.view import View
from weft.model.host import Host
from weft.model.ids import NetworkId
from weft.model.router import Router


class AskingNetworkShown(Shown):
    """A network whose workloads may ask; `forwards` tells whether for names of the world, too."""

    id: UUID
    prefixes: list[IPv4Network | IPv6Network]
    forwards: bool

    @classmethod
    def from_model(cls, view: View, router: Router, network: NetworkId) -> "AskingNetworkShown":
        """A network of `router`: names of the world are for those who have a way there."""
        return cls(
            id=network,
            prefixes=[subnet.cidr for subnet in view.subnets_of(network)],
            forwards=router.leads_out,
        )


class ResolverShown(Shown):
    """The resolver that a host has to have behind a router; `mtu` fits the networks of those who ask."""

    router: UUID
    mtu: int
    networks: list[AskingNetworkShown]

    @classmethod
    def from_model(cls, view: View, router: Router) -> "ResolverShown":
        """The resolver behind `router`, which has a network with a subnet."""
        networks = sorted(router.networks & view.snapshot.subnets_of.keys())
        return cls(
            router=router.id,
            mtu=min(view.effective_mtu(view.snapshot.networks[network]) for network in networks),
            networks=[AskingNetworkShown.from_model(view, router, network) for network in networks],
        )


class HostResolvers(Shown):
    """The resolvers that a host has to keep."""

    resolvers: list[ResolverShown]

    @classmethod
    def from_model(cls, view: View, host: Host) -> "HostResolvers":
        """One behind each router of the ports on `host`."""
        snapshot = view.snapshot
        plugged = {port.network_id for port in snapshot.ports_on.get(host.name, ())}
        addressed = plugged & snapshot.router_of.keys() & snapshot.subnets_of.keys()
        asked = {snapshot.router_of[network].id for network in addressed}
        return cls(resolvers=[ResolverShown.from_model(view, snapshot.routers[one]) for one in sorted(asked)])
