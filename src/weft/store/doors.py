"""The network of the hosts' doors: there is one, and hosts can tell the routers on it apart."""

from weft.model.door import LONGEST
from weft.model.errors import Conflict, Invalid
from weft.model.network import HOST, Network, Prefix
from weft.store.transaction import Transaction


def door_network(tx: Transaction) -> Network | None:
    """The network that goes on at each host by itself, if there is one."""
    return next((network for network in tx.snapshot.networks.values() if network.by_host), None)


def check_only_door(tx: Transaction, network: Network) -> None:
    """Refuse a second network of doors, and one that hosts could not serve. Raises Conflict, Invalid."""
    if not network.by_host:
        return
    there = door_network(tx)
    if there is not None and there.id != network.id:
        project = tx.snapshot.projects[there.project_id].name
        raise Conflict(
            f"network {there.name} of project {project} is the one on physical network {HOST}, "
            "and routers of every project may use it",
            field="physical_network",
        )
    for subnet in tx.index.subnets[network.id].values():
        check_door_subnet(tx, network, subnet.cidr)


def check_door_subnet(tx: Transaction, network: Network, cidr: Prefix) -> None:
    """Refuse on a network of doors what is not its one IPv4 subnet, /16 or smaller. Raises Invalid."""
    if not network.by_host:
        return
    others = [s.cidr for s in tx.index.subnets[network.id].values() if s.cidr != cidr]
    if cidr.version != 4 or cidr.prefixlen < LONGEST or others:
        raise Invalid(
            f"network {network.name} on physical network {HOST} has one IPv4 subnet, /{LONGEST} or smaller: "
            f"{cidr} cannot be {'another one' if others else 'it'}",
            field="cidr",
        )
