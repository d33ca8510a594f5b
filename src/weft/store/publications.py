"""What is published of ports, at the host that they are bound to."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

from weft.model.errors import Conflict, HostPortTaken, Invalid
from weft.model.ids import PortId
from weft.model.port import Port
from weft.model.publication import Publication
from weft.model.snapshot import Snapshot
from weft.store.lookup import require
from weft.store.transaction import Transaction


def publish(tx: Transaction, port_id: PortId, published: Iterable[Publication]) -> Port:
    """Have the port's host answer for just these. Idempotent; none takes them back.

    Raises NotFound, Invalid, Conflict (the port is nowhere, or its network does not leave by its host), and
    HostPortTaken.
    """
    port = require(tx.snapshot.ports, port_id, "port")
    wanted = tuple(sorted(set(published), key=str))
    if wanted != port.published:
        _check(tx.snapshot, port, wanted)
        port = replace(port, published=wanted)
        tx.put(port)
    return port


def _check(snapshot: Snapshot, port: Port, wanted: Sequence[Publication]) -> None:
    for one, other in combinations(wanted, 2):
        if one.meets(other):
            raise Invalid(f"{one} and {other} take the same port of the host", field="published")
    if wanted:
        _check_leaves_by_host(snapshot, port)
    others = [
        (other, taken)
        for other in snapshot.ports.values()
        if other.published and other.host == port.host and other.id != port.id
        for taken in other.published
    ]
    for one in wanted:
        for holder, taken in others:
            if one.meets(taken):
                raise HostPortTaken(
                    f"{one.place} of host {port.host} is published for {holder.name} already; "
                    "choose another one",
                    field="published",
                )


def _check_leaves_by_host(snapshot: Snapshot, port: Port) -> None:
    network = snapshot.networks[port.network_id]
    if port.host is None:
        raise Conflict(f"port {port.name} is on no host that could answer for it", field="published")
    if not any(ip.address.version == 4 for ip in port.fixed_ips):
        raise Conflict(f"port {port.name} has no IPv4 address to publish", field="published")
    router = snapshot.router_of.get(port.network_id)
    if router is None:
        raise Conflict(
            f"network {network.name} has no way out, so that its ports cannot be published: "
            f"weft router create NAME --network {network.name} --outside host",
            field="published",
        )
    if router.gateway is None or not snapshot.networks[router.gateway.network_id].by_host:
        raise Conflict(
            f"router {router.name} of network {network.name} does not leave by its hosts, so that ports "
            f"cannot be published there: weft router gateway set {router.name} --network host",
            field="published",
        )
