"""Who has which VLAN of a physical network: a bare-metal machine on a host, or an external network.

One VLAN is one or the other: a machine on the VLAN of an external network would be on two networks at once.
"""

from weft.model.errors import Conflict
from weft.model.network import Network, Physical
from weft.model.port import Port
from weft.store.transaction import Transaction


def check_machine(tx: Transaction, port: Port) -> None:
    """Refuse a VLAN that somebody else has, and a port that a workload has. Raises Conflict."""
    physical = port.physical
    if physical is None:
        return
    if port.workload is not None:
        raise Conflict(
            f"port {port.name} is the port of {port.workload.runtime}'s "
            f"{port.workload.name or port.workload.id}; a bare-metal machine needs a port of its own",
            field="physical_network",
        )
    for network in tx.snapshot.networks.values():
        if network.physical == physical:
            raise Conflict(
                f"{_called(physical)} is the external network {network.name}; "
                "a bare-metal machine needs a VLAN of its own",
                field="physical_network",
            )
    holder = None if port.host is None else tx.index.vlans.get((port.host, physical))
    if holder not in (None, port.id):
        raise Conflict(
            f"{_called(physical)} of host {port.host} is taken by port {tx.snapshot.ports[holder].name}; "
            "each bare-metal machine needs a VLAN of its own there",
            field="physical_network",
        )


def refuse_machine(port: Port, field: str) -> None:
    """Refuse to give a bare-metal machine's port to a workload. Raises Conflict."""
    if port.physical is not None:
        raise Conflict(
            f"port {port.name} is that of the bare-metal machine on {_called(port.physical)}; "
            "take another port, or another name",
            field=field,
        )


def check_external(tx: Transaction, network: Network) -> None:
    """Refuse to make a VLAN with a bare-metal machine an external network. Raises Conflict."""
    for (host, physical), port in tx.index.vlans.items():
        if physical == network.physical:
            raise Conflict(
                f"{_called(physical)} of host {host} is taken by port {tx.snapshot.ports[port].name}; "
                "take another VLAN for the external network, or remove the port",
                field="physical_network",
            )


def _called(physical: Physical) -> str:
    return f"VLAN {physical.vlan} of physical network {physical.name}"
