"""Networks as logical switches."""

from collections.abc import Set

from weft.compiler import names
from weft.compiler.domains import Domains, Standing
from weft.model.ids import NetworkId
from weft.ovn.rows import Key, LogicalSwitch


def logical_switch(domains: Domains, network: NetworkId, limits: Set[Key]) -> LogicalSwitch:
    """The switch of `network`, with the ports and the QoS rows that it owns."""
    everyone = domains.on(network, Standing.EVERYONE)
    return LogicalSwitch(
        key=names.switch_key(network),
        name=names.switch_name(network),
        ports=frozenset() if everyone is None else everyone.ports,
        qos_rules=frozenset(limits),
    )
