"""Trunks: ports of the tagged frames that another port carries. They are bound where that port is."""

from dataclasses import replace

from weft.model.errors import Conflict, Invalid
from weft.model.port import Port
from weft.store.lookup import refuse_in_use, require_within
from weft.store.transaction import Transaction


def check_trunk(tx: Transaction, port: Port) -> None:
    """Refuse a trunk that cannot be. Raises NotFound, Conflict, Invalid (the host is not to be chosen)."""
    trunk = port.trunk
    if trunk is None:
        return
    require_within(tx.snapshot.ports, trunk.port_id, "port", port.project_id, field="trunk.port")
    carrier = tx.snapshot.ports[trunk.port_id]
    if carrier.id == port.id or carrier.trunk is not None:
        raise Conflict(
            f"port {carrier.name} is one of tagged frames itself; name the port that carries them",
            field="trunk.port",
        )
    if carrier.declared is None or carrier.physical is not None:
        what = "was made for a workload and goes with it" if carrier.declared is None else "is bare metal"
        raise Conflict(
            f"port {carrier.name} {what}; a trunk is a port that was declared for a machine",
            field="trunk.port",
        )
    if tx.index.trunks.get(port.id):
        raise Conflict(f"port {port.name} carries tagged frames of others itself", field="trunk.port")
    if port.host != carrier.host:
        raise Invalid(f"port {port.name} is where its trunk {carrier.name} is; bind that one", field="host")
    holder = tx.index.trunks.get(carrier.id, {}).get(trunk.vlan)
    if holder not in (None, port.id):
        raise Conflict(
            f"VLAN {trunk.vlan} of port {carrier.name} is port {tx.snapshot.ports[holder].name} already",
            field="trunk.vlan",
        )


def refuse_tagged(port: Port, field: str) -> None:
    """Refuse to give a port of tagged frames to a workload. Raises Conflict."""
    if port.trunk is not None:
        raise Conflict(
            f"port {port.name} is that of VLAN {port.trunk.vlan} of another port, whose workload has it",
            field=field,
        )


def put_carrier(tx: Transaction, port: Port) -> None:
    """Put a port that may carry others: they are bound where it is."""
    tx.put(port)
    for carried in list(tx.index.trunks.get(port.id, {}).values()):
        tx.put(replace(tx.snapshot.ports[carried], host=port.host))


def refuse_carrier(tx: Transaction, port: Port) -> None:
    """Refuse to remove a port that carries others. Raises StillInUse."""
    carried = [f"port {tx.snapshot.ports[one].name}" for one in tx.index.trunks.get(port.id, {}).values()]
    refuse_in_use(f"port {port.name}", carried, "remove these first")
