"""The door: where a network goes on at each host by itself.

It is a `localport` (ovn-nb(5)): present on every host, and what is sent to it never leaves the host.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import cast

from weft.compiler import names
from weft.model.door import address6_of, door_id, door_mac
from weft.model.network import Network
from weft.model.snapshot import Snapshot
from weft.ovn.rows import LogicalSwitchPort


def door(snapshot: Snapshot, network: Network) -> Iterator[LogicalSwitchPort]:
    """The door of `network`, with the gateway's address of its subnet, and the one of IPv6 beside it."""
    if network.by_host:
        found = [
            str(address)
            for subnet in snapshot.subnets_of.get(network.id, ())
            for address in (subnet.gateway, address6_of(cast("IPv4Address", subnet.gateway)))
        ]
        yield LogicalSwitchPort(
            key=names.localnet_key(network.id),
            name=str(door_id(network.id)),
            type="localport",
            addresses=frozenset({" ".join([door_mac(network.id), *found])}),
        )
