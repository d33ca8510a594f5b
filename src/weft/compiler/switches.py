"""Networks as logical switches."""

from collections.abc import Sequence

from weft.compiler import names
from weft.model.network import Network
from weft.model.snapshot import Snapshot
from weft.ovn.rows import LogicalSwitch, Qos


def logical_switch(snapshot: Snapshot, network: Network, limits: Sequence[Qos]) -> LogicalSwitch:
    """The switch of `network`, with the ports and the QoS rows that it owns."""
    ports = snapshot.ports_of.get(network.id, ())
    return LogicalSwitch(
        key=names.switch_key(network.id),
        name=names.switch_name(network.id),
        ports=frozenset(names.port_key(port.id) for port in ports),
        qos_rules=frozenset(limit.key for limit in limits),
    )
