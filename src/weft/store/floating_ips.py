"""Floating IPs: their addresses stay theirs, and lead to one port at most."""

from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from weft.model.errors import Conflict
from weft.model.floating_ip import FloatingIP
from weft.model.ids import FloatingIPId, NetworkId, PortId, ProjectId
from weft.model.network import Prefix
from weft.store.change import Kind
from weft.store.gateways import check_external, check_outside, next_free
from weft.store.holders import check_free
from weft.store.lookup import check_name, free_name, require, require_within, revised
from weft.store.transaction import Transaction

_CHANGES = ("name", "description", "port_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFloatingIP:
    """A floating IP as asked for. Without `address` the next free one, and it is the name."""

    project_id: ProjectId
    network_id: NetworkId
    name: str | None = None
    address: IPv4Address | None = None
    description: str = ""
    port_id: PortId | None = None
    id: FloatingIPId | None = None


def add_floating_ip(tx: Transaction, new: NewFloatingIP) -> FloatingIP:
    """A new floating IP, on an external network of whichever project.

    Raises NotFound, NameTaken, Conflict (no way to the port), AddressInUse, SubnetFull, Invalid.
    """
    require(tx.snapshot.projects, new.project_id, "project", field="project")
    network = require(tx.snapshot.networks, new.network_id, "network", field="network")
    check_external(network)
    address = new.address
    if address is None:
        address = next_free(tx, network)
    else:
        check_outside(tx, network, address)
        check_free(tx, network.id, address)
    name = new.name
    if name is None:
        name = free_name(tx, Kind.FLOATING_IPS, new.project_id, str(address))
    check_name(tx, Kind.FLOATING_IPS, new.project_id, name)
    made = FloatingIP(
        id=new.id or FloatingIPId(tx.new_id()),
        project_id=new.project_id,
        name=name,
        network_id=network.id,
        address=address,
        description=new.description,
        port_id=new.port_id,
    )
    return _put(tx, made)


def change_floating_ip(tx: Transaction, floating_id: FloatingIPId, **changes: object) -> FloatingIP:
    """Change `name`, `description` or `port_id`. Raises NotFound, NameTaken, Conflict."""
    found = require(tx.snapshot.floating_ips, floating_id, "floating IP")
    after = revised(found, changes, _CHANGES)
    if after.name != found.name:
        check_name(tx, Kind.FLOATING_IPS, found.project_id, after.name)
    return _put(tx, after)


def remove_floating_ip(tx: Transaction, floating_id: FloatingIPId) -> None:
    """Give the address back; whoever asked for it finds nobody any more. Raises NotFound."""
    tx.remove(require(tx.snapshot.floating_ips, floating_id, "floating IP"))


def let_go(tx: Transaction, port_id: PortId) -> None:
    """The port goes: its floating IP leads nowhere, and keeps its address. Idempotent."""
    floating_id = tx.index.floating_of.get(port_id)
    if floating_id is not None:
        tx.put(replace(tx.snapshot.floating_ips[floating_id], port_id=None))


def floating_on(tx: Transaction, network_id: NetworkId, within: Prefix | None = None) -> list[str]:
    """The floating IPs of a network, of those with an address `within` a prefix, as a person calls them."""
    return [
        f"floating IP {tx.snapshot.floating_ips[floating].name}"
        for (network, address), floating in tx.index.floating_ips.items()
        if network == network_id and (within is None or address in within)
    ]


def _put(tx: Transaction, floating: FloatingIP) -> FloatingIP:
    if floating.port_id is not None:
        _check_port(tx, floating, floating.port_id)
    tx.put(floating)
    return floating


def _check_port(tx: Transaction, floating: FloatingIP, port_id: PortId) -> None:
    require_within(tx.snapshot.ports, port_id, "port", floating.project_id, field="port")
    port = tx.snapshot.ports[port_id]
    other = tx.index.floating_of.get(port_id, floating.id)
    if other != floating.id:
        raise Conflict(
            f"port {port.name} has floating IP {tx.snapshot.floating_ips[other].name} already; "
            "disassociate that one first",
            field="port",
        )
    if port.first_ip4 is None:
        raise Conflict(f"port {port.name} has no IPv4 address to map a floating IP to", field="port")
    outside = tx.snapshot.networks[floating.network_id]
    inside = tx.snapshot.networks[port.network_id]
    router_id = tx.index.routers.get(inside.id)
    gateway = None if router_id is None else tx.snapshot.routers[router_id].gateway
    if gateway is None or gateway.network_id != outside.id:
        raise Conflict(
            f"no router leads from network {inside.name} of port {port.name} to network {outside.name}; join "
            f"{inside.name} to a router, and lead that out: "
            f"weft router gateway set ROUTER --network {outside.name}",
            field="port",
        )
