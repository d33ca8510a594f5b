"""Ways out: which address a router has on an external network, and who goes out by one."""

from dataclasses import replace
from ipaddress import IPv4Address

from weft.model.errors import AddressInUse, Conflict, Invalid, SubnetFull
from weft.model.ids import NetworkId, RouterId
from weft.model.network import Network, Prefix, Subnet
from weft.model.router import Gateway, Router
from weft.store.holders import check_free
from weft.store.lookup import require
from weft.store.routers import put_router
from weft.store.transaction import Transaction


def set_gateway(
    tx: Transaction, router_id: RouterId, network_id: NetworkId, address: IPv4Address | None = None
) -> Router:
    """Lead a router out by an external network, under `address` or the next free one. Idempotent.

    Without `address` a router keeps the one it has there. Raises NotFound, Conflict (not external, no host),
    AddressInUse, SubnetFull, Invalid.
    """
    router = require(tx.snapshot.routers, router_id, "router")
    network = require(tx.snapshot.networks, network_id, "network", field="network")
    _check_leads_out(tx, network)
    now = router.gateway
    if now is not None and now.network_id == network_id and address in (None, now.address):
        return router
    if address is None:
        address = next_free(tx, network)
    else:
        check_outside(tx, network, address)
        check_free(tx, network.id, address, but=router.id)
    return put_router(tx, replace(router, gateway=Gateway(network_id=network_id, address=address)))


def declare_router(tx: Transaction, router: Router) -> Router:
    """Make a router what `router` says, its way out included, whether it is there or not. Idempotent.

    Where no host is connected to the external network, the way out begins when one is. Raises as `add_router`
    and `set_gateway` do.
    """
    if router.gateway is not None:
        outside = require(tx.snapshot.networks, router.gateway.network_id, "network", field="gateway")
        check_external(outside)
        check_outside(tx, outside, router.gateway.address)
        check_free(tx, outside.id, router.gateway.address, but=router.id)
    return put_router(tx, router)


def clear_gateway(tx: Transaction, router_id: RouterId) -> Router:
    """Take a router's way out away. Idempotent. Raises NotFound, Invalid (a route leads through it)."""
    return put_router(tx, replace(require(tx.snapshot.routers, router_id, "router"), gateway=None))


def ways_out(tx: Transaction, network_id: NetworkId, within: Prefix | None = None) -> list[str]:
    """The gateways on a network, of those with an address `within` a prefix, as a person calls them."""
    return [
        f"the gateway of router {tx.snapshot.routers[router].name}"
        for (network, address), router in tx.index.gateways.items()
        if network == network_id and (within is None or address in within)
    ]


def check_external(network: Network) -> None:
    """Refuse a network that ends at its own edge. Raises Conflict."""
    if network.physical is None:
        raise Conflict(
            f"network {network.name} is not external; declare where it goes on: "
            f"weft network set {network.name} --physical-network NAME",
            field="network",
        )


def _check_leads_out(tx: Transaction, network: Network) -> None:
    check_external(network)
    if network.physical is not None and not tx.snapshot.hosts_on(network.id):
        raise Conflict(
            f"no host is connected to the physical network {network.physical.name}, on which network "
            f"{network.name} goes on; {_how_to_connect(network)}",
            field="network",
        )


def _how_to_connect(network: Network) -> str:
    if network.by_host:
        return "every host is whose agent runs as root with nft: see weft host list"
    return "name its bridge on one: ovs-vsctl set Open_vSwitch . external_ids:ovn-bridge-mappings=NAME:BRIDGE"


def _subnets(tx: Transaction, network: Network) -> list[Subnet]:
    found = [s for s in tx.index.subnets[network.id].values() if s.cidr.version == 4]
    if not found:
        raise Invalid(f"network {network.name} has no IPv4 subnet to take an address of", field="network")
    return sorted(found, key=lambda subnet: str(subnet.cidr))


def next_free(tx: Transaction, network: Network) -> IPv4Address:
    """The lowest address of an external network that nobody has. Raises SubnetFull, Invalid."""
    subnets = _subnets(tx, network)
    for subnet in subnets:
        found = tx.index.leases[subnet.id].first_free()
        if isinstance(found, IPv4Address):
            return found
    raise SubnetFull(f"no address is free on network {network.name}", field="network")


def check_outside(tx: Transaction, network: Network, address: IPv4Address) -> None:
    """Refuse what no station of an external network can have. Raises Invalid, AddressInUse."""
    subnet = next((s for s in _subnets(tx, network) if address in s.cidr), None)
    if subnet is None:
        raise Invalid(f"{address} is on no subnet of network {network.name}", field="address")
    if address in (subnet.cidr.network_address, subnet.cidr.broadcast_address):
        raise Invalid(
            f"{address} is the first or last address of {subnet.cidr}, which no station can have",
            field="address",
        )
    if address == subnet.gateway:
        raise AddressInUse(address, holder="the gateway of the subnet", network=network.name)
