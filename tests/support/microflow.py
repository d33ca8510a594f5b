"""Packets in the words of ovn-trace(8): the switch that they enter, and an expression for their fields."""

from weft.compiler import names
from weft.compiler.routers import router_mac
from weft.model.policy import Protocol
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.verifier.packet import WITH_PORTS, Header
from weft.verifier.station import Station

GRE = 47
"""An IP protocol that no service of Weft's can name (IANA, protocol numbers)."""


def entry(source: Port) -> str:
    """The logical switch on which what `source` sends appears."""
    return names.switch_name(source.network_id)


def microflow(model: Snapshot, here: Station, there: Station, header: Header) -> str:
    """The first packet of a conversation from `here` to `there`, as the sender's stack would write it."""
    assert here.port is not None
    assert there.port is not None
    ip = f"ip{header.version}"
    return " && ".join(
        (
            f'inport == "{here.port.id}"',
            f"eth.src == {here.port.mac}",
            f"eth.dst == {_next_hop(model, here.port, there.port)}",
            f"{ip}.src == {here.address}",
            f"{ip}.dst == {there.address}",
            "ip.ttl == 64",
            *_transport(header),
        )
    )


def _next_hop(model: Snapshot, source: Port, target: Port) -> str:
    """The neighbour's MAC, or the router's where there is one and the network is another."""
    router = model.router_of.get(source.network_id)
    if source.network_id == target.network_id or router is None:
        return target.mac
    return router_mac(router.id, source.network_id)


def _transport(header: Header) -> list[str]:
    if header.protocol is None:
        return [f"ip.proto == {GRE}"]
    if header.protocol in WITH_PORTS:
        word = header.protocol.value
        return [f"{word}.src == {header.source_port}", f"{word}.dst == {header.value}"]
    word = "icmp4" if header.protocol is Protocol.ICMP else "icmp6"
    return [f"{word}.type == {header.value >> 8}", f"{word}.code == {header.value & 0xFF}"]
