"""Who has an address of a network: a port, a router that goes out under it, or a floating IP."""

from weft.model.errors import AddressInUse
from weft.model.ids import FloatingIPId, NetworkId, PortId, RouterId
from weft.model.network import Address
from weft.store.transaction import Transaction

Holder = PortId | RouterId | FloatingIPId


def check_free(
    tx: Transaction, network_id: NetworkId, address: Address, *, but: Holder | None = None
) -> None:
    """Refuse an address that somebody has already, `but` the one that asks. Raises AddressInUse."""
    key = network_id, address
    port, router = tx.index.addresses.get(key), tx.index.gateways.get(key)
    floating = tx.index.floating_ips.get(key)
    network = tx.snapshot.networks[network_id].name
    if port not in (None, but):
        raise AddressInUse(address, holder=f"port {tx.snapshot.ports[port].name}", network=network)
    if router not in (None, but):
        raise AddressInUse(address, holder=f"router {tx.snapshot.routers[router].name}", network=network)
    if floating not in (None, but):
        held = tx.snapshot.floating_ips[floating].name
        raise AddressInUse(address, holder=f"floating IP {held}", network=network)
