"""Floating IPs as translations of the router that leads to their ports.

Where the port's host has the external network itself, the host translates, and answers for the address by a
MAC of its own: nothing goes round by the gateway (ovn-nb(5), NAT: external_mac, logical_port). Elsewhere the
gateway does it.
"""

from collections.abc import Iterator

from weft.compiler import names
from weft.model.floating_ip import FloatingIP
from weft.model.ids import PortId
from weft.model.port import Port, mac_for
from weft.model.router import Router
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Nat


def floating_translations(snapshot: Snapshot, router: Router) -> Iterator[Nat]:
    """What leads from each floating IP to its port, of the ports that `router` leads out."""
    for floating in snapshot.floating_by.get(router.id, ()):
        port = None if floating.port_id is None else snapshot.ports.get(floating.port_id)
        if port is not None and port.first_ip4 is not None:
            yield _translation(floating, port, here=port.host in snapshot.hosts_on(floating.network_id))


def _translation(floating: FloatingIP, port: Port, *, here: bool) -> Nat:
    return Nat(
        key=names.floating_key(floating.id),
        type="dnat_and_snat",
        external_ip=str(floating.address),
        logical_ip=str(port.first_ip4),
        external_mac=mac_for(PortId(floating.id)) if here else None,
        logical_port=str(port.id) if here else None,
    )
