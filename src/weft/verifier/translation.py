"""Addresses that a router translates: whom a sender asks for, and whom the receiver sees."""

from weft.model.network import Address
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.verifier.membership import inside
from weft.verifier.station import Station


def asked_for(destination: Station) -> Station:
    """What the sender knows the destination by: a floating IP is an address outside, like any other."""
    return destination if destination.floating is None else Station(destination.floating.address)


def seen_as(snapshot: Snapshot, source: Station, destination: Station) -> Station:
    """What the receiver knows the source by: whoever asks for a floating IP comes in from outside."""
    if source.port is None or destination.floating is None:
        return source
    address = address_outside(snapshot, source.port, destination.floating.address)
    return source if address is None else Station(address)


def address_outside(snapshot: Snapshot, port: Port, towards: Address) -> Address | None:
    """The address under which what `port` sends to `towards`, beyond all networks, goes out by a gateway.

    Its floating IP, or the router's own. None where no gateway is on the way.
    """
    router = snapshot.router_of.get(port.network_id)
    if router is None or router.gateway is None or towards.version != 4:
        return None
    if any(inside(towards, route.destination) for route in router.routes):
        return None
    floating = snapshot.floating_of.get(port.id)
    if floating is not None and floating.network_id == router.gateway.network_id:
        return floating.address
    return router.gateway.address


def leads_in(snapshot: Snapshot, destination: Station) -> bool:
    """Whether what asks for the destination's floating IP gets to its port, as far as ways go."""
    floating, port = destination.floating, destination.port
    if floating is None or port is None or snapshot.floating_of.get(port.id) != floating:
        return False
    router = snapshot.router_of.get(port.network_id)
    return router is not None and floating in snapshot.floating_by.get(router.id, ())
