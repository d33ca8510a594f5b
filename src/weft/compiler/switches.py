"""Networks as logical switches."""

from collections.abc import Set

from weft.compiler import names
from weft.compiler.domains import Domains, Standing
from weft.compiler.outside import outside_ports
from weft.compiler.routers import joins
from weft.model.ids import NetworkId
from weft.ovn.rows import Key, LogicalSwitch


def logical_switch(domains: Domains, network: NetworkId, limits: Set[Key]) -> LogicalSwitch:
    """The switch of `network`, with the ports, its router's and the guests' service's among them.

    It owns the QoS rows `limits`.
    """
    everyone = domains.at(Standing.EVERYONE, network)
    gateway = {names.gateway_key(network)} if joins(domains.snapshot, network) else frozenset[Key]()
    outside = frozenset(outside_ports(domains.snapshot, network))
    told = {names.metadata_key(network)} if domains.snapshot.networks[network].metadata else frozenset[Key]()
    return LogicalSwitch(
        key=names.switch_key(network),
        name=names.switch_name(network),
        ports=(frozenset() if everyone is None else everyone.ports) | gateway | outside | told,
        qos_rules=frozenset(limits),
    )
