"""Which MAC address and which IP addresses a port gets: those asked for, or the next free ones."""

from collections.abc import Sequence, Set

from weft.model.errors import Conflict, Invalid, SubnetFull
from weft.model.ids import PortId
from weft.model.ipam import can_hold
from weft.model.network import Address, Network, Subnet
from weft.model.port import FixedIP, mac_at, mac_for
from weft.store.holders import check_free
from weft.store.transaction import Transaction


def choose_mac(
    tx: Transaction, asked: str | None, network: Network, fixed_ips: Sequence[FixedIP], port_id: PortId
) -> str:
    """The MAC asked for, or else the one of its first address. Raises Conflict."""
    if asked is None:
        mac = mac_at(network.id, fixed_ips[0].address) if fixed_ips else mac_for(port_id)
        while (network.id, mac) in tx.index.macs:
            mac = mac_for(PortId(tx.new_id()))
        return mac
    mac = asked.lower().replace("-", ":")
    check_mac_free(tx, network, mac)
    return mac


def check_mac_free(tx: Transaction, network: Network, mac: str) -> None:
    """Refuse a MAC that another port on the network has. Raises Conflict."""
    holder = tx.index.macs.get((network.id, mac))
    if holder is not None:
        raise Conflict(
            f"MAC address {mac} on network {network.name} is held by port "
            f"{tx.snapshot.ports[holder].name}; ask for another one, or leave it out",
            field="mac",
        )


def choose_addresses(
    tx: Transaction, asked: Sequence[Address], network: Network, *, every_family: bool
) -> tuple[FixedIP, ...]:
    """The addresses asked for; of families with none, the next free one if there is none at all, or if asked.

    Raises Invalid, AddressInUse, SubnetFull.
    """
    if asked:
        if len(set(asked)) < len(asked):
            raise Invalid("an address is listed twice", field="addresses")
        given = tuple(_asked_for(tx, address, network) for address in asked)
        if not every_family:
            return given
        return given + _chosen(tx, network, {4, 6} - {address.version for address in asked})
    return _chosen(tx, network, {4, 6})


def _chosen(tx: Transaction, network: Network, versions: Set[int]) -> tuple[FixedIP, ...]:
    """The next free address of each of the families that has a subnet."""
    subnets = sorted(tx.index.subnets[network.id].values(), key=_by_prefix)
    chosen: list[FixedIP] = []
    for version in sorted(versions):
        family = [subnet for subnet in subnets if subnet.cidr.version == version]
        if family:
            chosen.append(_next_free(tx, family, network))
    return tuple(chosen)


def _by_prefix(subnet: Subnet) -> tuple[int, int]:
    return subnet.cidr.version, int(subnet.cidr.network_address)


def _next_free(tx: Transaction, family: list[Subnet], network: Network) -> FixedIP:
    for subnet in family:
        address = tx.index.leases[subnet.id].first_free()
        if address is not None:
            return FixedIP(subnet.id, address)
    names = ", ".join(f"{subnet.name} ({subnet.cidr})" for subnet in family)
    raise SubnetFull(
        f"no free IPv{family[0].cidr.version} address is left on network "
        f"{network.name}: {names}; remove ports, or add a subnet"
    )


def _asked_for(tx: Transaction, address: Address, network: Network) -> FixedIP:
    subnets = tx.index.subnets[network.id].values()
    subnet = next((s for s in subnets if address in s.cidr), None)
    if subnet is None:
        raise Invalid(
            f"address {address} is in no subnet of network {network.name}, which has "
            f"{', '.join(str(s.cidr) for s in subnets) or 'none'}",
            field="addresses",
        )
    if not can_hold(subnet, address):
        raise Invalid(
            f"address {address} is reserved in subnet {subnet.cidr}: it is the gateway, or "
            "the first or last address",
            field="addresses",
        )
    check_free(tx, network.id, address)
    return FixedIP(subnet.id, address)
