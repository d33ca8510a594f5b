"""Ports that a person plugs on a host, as for QEMU: such a port is a workload of its own."""

from dataclasses import replace

from weft.model.errors import AlreadyBound, Conflict
from weft.model.ids import HostName, PortId
from weft.model.port import Port, Workload
from weft.store.ports import NewPort, add_port, check_sticky
from weft.store.transaction import Transaction
from weft.store.trunks import put_carrier, refuse_tagged
from weft.store.vlans import refuse_machine

RUNTIME = "manual"


def plug(tx: Transaction, known: Port | None, new: NewPort, host: HostName) -> tuple[Port, bool]:
    """`known`, or else the port that `new` asks for, bound to `host`; and whether it was made. Idempotent.

    A declared port keeps its own labels, and those of `new` come on top while it is plugged. Raises
    AlreadyBound, and Conflict while another workload has the port or when `new` asks for what it has not.
    """
    if known is None:
        port_id = PortId(tx.new_id())
        name = port_id.hex if new.name is None else new.name
        asked = replace(new, id=port_id, host=host, workload=_owner(host, port_id, name))
        return add_port(tx, replace(asked, declared=False, every_family=True)), True
    _check_free(known, new, host)
    check_sticky(tx, known, new)
    after = replace(
        known,
        host=host,
        workload=_owner(host, known.id, known.name),
        labels=known.labels if new.labels is None else {**(known.declared or {}), **new.labels},
    )
    put_carrier(tx, after)
    return after, False


def _owner(host: HostName, port_id: PortId, name: str) -> Workload:
    return Workload(runtime=RUNTIME, engine=host, id=str(port_id), name=name)


def _check_free(known: Port, new: NewPort, host: HostName) -> None:
    if known.network_id != new.network_id:
        raise Conflict(
            f"port {known.name} is there already, on another network than the one asked for; leave the "
            "network out to plug that one, or choose another name",
            field="network",
        )
    refuse_machine(known, "name")
    refuse_tagged(known, "name")
    if known.host not in (None, host):
        raise AlreadyBound(
            f"port {known.name} is bound to host {known.host}; unplug it there before {host} takes it",
            field="name",
        )
    owner = known.workload
    if known.quarantined or (owner is not None and owner.runtime != RUNTIME):
        holder = "a container" if owner is None else f"{owner.runtime}'s {owner.name or owner.id}"
        raise Conflict(
            f"port {known.name} is the port of {holder}; plug another one, under another name", field="name"
        )
