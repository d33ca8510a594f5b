"""Ports: creation, addresses, leases that stick to a workload, and bindings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from weft.model.errors import (
    AlreadyBound,
    Conflict,
    Invalid,
    NotFound,
    QuotaExceeded,
    WeftError,
)
from weft.model.ids import HostName, NetworkId, PortId, ProjectId, QosPolicyId
from weft.model.network import Address, Physical
from weft.model.port import FixedIP, Port, PortKind, Trunk, Workload
from weft.store.change import Kind
from weft.store.floating_ips import let_go
from weft.store.guests import SILENCE, Telling, guest_of
from weft.store.index import workload_key
from weft.store.lookup import (
    check_name,
    check_text,
    free_name,
    refuse_in_use,
    require,
    require_within,
    revised,
)
from weft.store.port_addresses import check_mac_free, choose_addresses, choose_mac
from weft.store.transaction import Transaction
from weft.store.trunks import check_trunk, put_carrier, refuse_carrier, refuse_tagged
from weft.store.vlans import check_machine, refuse_machine

_CHANGES = ("name", "kind", "labels", "port_security", "quarantined", "qos_policy_id", "physical")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPort:
    """A port as asked for. What is None is chosen: the name, the MAC, the next free addresses.

    Without `addresses` the port gets one of every family that has a subnet; with them it gets these, and with
    `every_family` one of each family that they leave out. With `exactly` it gets these, be it none.
    """

    project_id: ProjectId
    network_id: NetworkId
    name: str | None = None
    kind: PortKind = PortKind.CONTAINER
    mac: str | None = None
    addresses: tuple[Address, ...] = ()
    every_family: bool = False
    exactly: bool = False
    labels: Mapping[str, str] | None = None
    """None keeps the labels that an attached port has already; a new port gets none."""
    host: HostName | None = None
    workload: Workload | None = None
    port_security: bool = True
    quarantined: bool = False
    qos_policy_id: QosPolicyId | None = None
    telling: Telling = SILENCE
    id: PortId | None = None
    """An id that somebody else chose, as libvirt does for its interfaces."""
    declared: bool = True
    """Whether a user declares it; a port that is made for a workload goes with it."""
    physical: Physical | None = None
    trunk: Trunk | None = None


def add_port(tx: Transaction, new: NewPort) -> Port:
    """A new port. Raises NotFound, NameTaken, AddressInUse, SubnetFull, QuotaExceeded, Conflict."""
    network = require(tx.snapshot.networks, new.network_id, "network", field="network")
    if network.project_id != new.project_id:
        raise NotFound("network", new.network_id, field="network")
    _check_references(tx, new)
    limit = tx.limits.ports_per_network
    if limit is not None and len(tx.index.ports[network.id]) >= limit:
        raise QuotaExceeded(
            f"network {network.name} is full: encapsulation {tx.limits.encapsulation} holds at "
            f"most {limit} ports on a network; use another network, or install with the setting "
            'encapsulation = "geneve"'
        )
    if new.id is not None and new.id in tx.snapshot.ports:
        raise Conflict(f"there is a port {new.id} already; leave the id out, or take another", field="id")
    port_id = new.id or PortId(tx.new_id())
    name = new.name
    if name is None:
        name = free_name(tx, Kind.PORTS, new.project_id, f"port-{port_id.hex[:8]}")
    check_name(tx, Kind.PORTS, new.project_id, name)
    fixed_ips: tuple[FixedIP, ...] = ()
    if new.addresses or not new.exactly:
        fixed_ips = choose_addresses(tx, new.addresses, network, every_family=new.every_family)
    port = Port(
        id=port_id,
        project_id=new.project_id,
        network_id=network.id,
        name=name,
        kind=new.kind,
        mac=choose_mac(tx, new.mac, network, fixed_ips, port_id),
        fixed_ips=fixed_ips,
        labels=dict(new.labels or {}),
        host=_place(tx, new),
        workload=new.workload,
        port_security=new.port_security,
        quarantined=new.quarantined,
        qos_policy_id=new.qos_policy_id,
        declared=dict(new.labels or {}) if new.declared else None,
        physical=new.physical,
        guest=guest_of(tx, port_id, None, new.telling),
        trunk=new.trunk,
    )
    check_machine(tx, port)
    check_trunk(tx, port)
    tx.put(port)
    return port


def add_ports(tx: Transaction, new: Sequence[NewPort]) -> list[Port]:
    """New ports, in order, all or none; the field of an error names the item."""
    made: list[Port] = []
    for number, item in enumerate(new):
        try:
            made.append(add_port(tx, item))
        except WeftError as error:
            place = f"items.{number}"
            error.field = place if error.field is None else f"{place}.{error.field}"
            raise
    return made


def attach(tx: Transaction, new: NewPort) -> tuple[Port, bool]:
    """The port of `new.workload` on the network, bound to `new.host`; and whether it was created.

    Idempotent: the same workload gets the same port and address, with its name and labels brought
    up to date; labels that are not given stay. A name that another port has is made unique, because two
    hosts may each run a `web`.
    A declared port that has the id asked for becomes the workload's: it keeps its name and its own labels.
    An id that another workload's port has, as in a copy of a machine, is not used: the port gets another.
    """
    if _copied(tx, new):
        new = replace(new, id=None)
    known = _adopted(tx, new) or _leaseholder(tx, new.network_id, new.workload)
    if known is None:
        name = None if new.name is None else free_name(tx, Kind.PORTS, new.project_id, new.name)
        return add_port(tx, replace(new, name=name, declared=False, every_family=True)), True
    if known.project_id != new.project_id:
        raise NotFound("network", new.network_id, field="network")
    check_sticky(tx, known, new)
    labels = known.labels if new.labels is None else {**(known.declared or {}), **new.labels}
    after = replace(
        known,
        name=_renamed(tx, known, new.name) if known.declared is None else known.name,
        labels=labels,
        kind=new.kind,
        host=new.host,
        workload=new.workload,
        quarantined=new.quarantined,
        guest=guest_of(tx, known.id, known.guest, new.telling),
    )
    if after.host is not None:
        require(tx.snapshot.hosts, after.host, "host", field="host")
    put_carrier(tx, after)
    return after, False


def release(tx: Transaction, port_id: PortId) -> None:
    """The workload is gone: its port goes too, unless a user declared it; that one waits for another.

    A floating IP of a port that goes keeps its address, and leads nowhere.
    """
    port = require(tx.snapshot.ports, port_id, "port")
    if port.declared is None:
        let_go(tx, port_id)
        remove_port(tx, port_id)
    else:
        idle = replace(port, workload=None, host=None, labels=port.declared, quarantined=False, published=())
        put_carrier(tx, idle)


def identify(
    tx: Transaction, port_id: PortId, workload: Workload, name: str, labels: Mapping[str, str]
) -> Port:
    """Say whose a port is that was quarantined, or given to another workload by mistake. Idempotent.

    It may talk from now on. An older port of the same workload on the network is removed: the workload
    already uses the address of this one.
    """
    port = require(tx.snapshot.ports, port_id, "port")
    _check_workload(workload)
    older = _leaseholder(tx, port.network_id, workload)
    if older is not None and older.id != port_id:
        release(tx, older.id)
    after = replace(
        port,
        workload=workload,
        labels=dict(labels),
        quarantined=False,
        name=_renamed(tx, port, name),
    )
    tx.put(after)
    return after


def change_port(tx: Transaction, port_id: PortId, **changes: object) -> Port:
    """Change `name`, `kind`, `labels`, `port_security`, `quarantined`, `qos_policy_id` or `physical`."""
    port = require(tx.snapshot.ports, port_id, "port")
    after = revised(port, changes, _CHANGES)
    if "labels" in changes and port.declared is not None:
        after = replace(after, declared=after.labels)
    if after.name != port.name:
        check_name(tx, Kind.PORTS, port.project_id, after.name)
    require_within(
        tx.snapshot.qos_policies,
        after.qos_policy_id,
        "QoS policy",
        port.project_id,
        field="qos_policy_id",
    )
    check_machine(tx, after)
    check_trunk(tx, after)
    tx.put(after)
    return after


def change_mac(tx: Transaction, port_id: PortId, mac: str) -> Port:
    """Give the port the MAC address that its interface has. Idempotent. Raises Conflict, Invalid."""
    port = require(tx.snapshot.ports, port_id, "port")
    wanted = mac.lower().replace("-", ":")
    if wanted != port.mac:
        check_mac_free(tx, tx.snapshot.networks[port.network_id], wanted)
    after = replace(port, mac=wanted)
    tx.put(after)
    return after


def change_addresses(tx: Transaction, port_id: PortId, addresses: Sequence[Address]) -> Port:
    """Give the port exactly these addresses. Idempotent. Raises Invalid, AddressInUse."""
    port = require(tx.snapshot.ports, port_id, "port")
    held = {fixed.address: fixed for fixed in port.fixed_ips}
    others = [address for address in addresses if address not in held]
    network = tx.snapshot.networks[port.network_id]
    if others:
        chosen = choose_addresses(tx, others, network, every_family=False)
        held |= {fixed.address: fixed for fixed in chosen}
    after = replace(port, fixed_ips=tuple(held[address] for address in addresses))
    tx.put(after)
    return after


def bind(tx: Transaction, port_id: PortId, host: HostName | None) -> Port:
    """Bind the port to `host`, or to none. Raises NotFound, AlreadyBound. Idempotent."""
    port = require(tx.snapshot.ports, port_id, "port")
    if host != port.host:
        refuse_tagged(port, "host")
    if host is not None:
        require(tx.snapshot.hosts, host, "host", field="host")
        if port.host not in (None, host):
            raise AlreadyBound(
                f"port {port.name} is bound to host {port.host}; unbind it there before {host} takes it",
                field="host",
            )
    after = replace(port, host=host, published=port.published if host == port.host else ())
    check_machine(tx, after)
    put_carrier(tx, after)
    return after


def remove_port(tx: Transaction, port_id: PortId) -> None:
    """Remove a port and free its addresses; groups that list it by hand forget it. Raises StillInUse."""
    port = require(tx.snapshot.ports, port_id, "port")
    if port_id in tx.index.floating_of:
        floating = tx.snapshot.floating_ips[tx.index.floating_of[port_id]]
        refuse_in_use(f"port {port.name}", [f"floating IP {floating.name}"], "disassociate it first")
    refuse_carrier(tx, port)
    for group in list(tx.snapshot.groups.values()):
        if port_id in group.members:
            tx.put(replace(group, members=group.members - {port_id}))
    tx.remove(port)


def _place(tx: Transaction, new: NewPort) -> HostName | None:
    """The host that is asked for; of a port of tagged frames the trunk's, where none is."""
    carrier = None if new.trunk is None else tx.snapshot.ports.get(new.trunk.port_id)
    return carrier.host if carrier is not None and new.host is None else new.host


def _check_references(tx: Transaction, new: NewPort) -> None:
    if new.host is not None:
        require(tx.snapshot.hosts, new.host, "host", field="host")
    require_within(
        tx.snapshot.qos_policies,
        new.qos_policy_id,
        "QoS policy",
        new.project_id,
        field="qos_policy_id",
    )
    if new.workload is not None:
        _check_workload(new.workload)
        holder = _leaseholder(tx, new.network_id, new.workload)
        if holder is not None:
            raise Conflict(
                f"workload {new.workload.id} already has port {holder.name} on this "
                "network; remove it first, or attach instead",
                field="workload",
            )


def _check_workload(workload: Workload) -> None:
    for name in ("runtime", "engine", "id", "name", "image"):
        check_text(getattr(workload, name), field=f"workload.{name}")
    if not workload.runtime or not workload.id:
        raise Invalid("a workload needs a runtime and an id", field="workload")


def _adopted(tx: Transaction, new: NewPort) -> Port | None:
    """The declared port whose id a workload brings along. Raises Conflict, AlreadyBound.

    A port that was made for the workload before is given up for it.
    """
    port = None if new.id is None else tx.snapshot.ports.get(new.id)
    if port is None:
        return None
    older = _leaseholder(tx, new.network_id, new.workload)
    if older is not None and older.id == port.id:
        return port
    _check_adoptable(port, new)
    if older is not None:
        release(tx, older.id)
    return port


def _copied(tx: Transaction, new: NewPort) -> bool:
    port = None if new.id is None else tx.snapshot.ports.get(new.id)
    if port is None or port.declared is not None or port.workload is None or new.workload is None:
        return False
    return workload_key(port.workload) != workload_key(new.workload)


def _check_adoptable(port: Port, new: NewPort) -> None:
    if port.network_id != new.network_id or port.project_id != new.project_id:
        raise Conflict(f"port {new.id} is on another network than the one asked for", field="id")
    if port.workload is not None:
        raise Conflict(
            f"port {port.name} ({port.id}) is the port of workload {port.workload.name or port.workload.id} "
            "already; leave the id out, so that another port is made",
            field="id",
        )
    refuse_machine(port, "id")
    refuse_tagged(port, "id")
    if port.host not in (None, new.host):
        raise AlreadyBound(
            f"port {port.name} is bound to host {port.host}; unbind it there first", field="id"
        )
    if new.mac is not None and new.mac.lower() != port.mac:
        raise Conflict(
            f"port {port.name} has the MAC address {port.mac}, and the workload's interface {new.mac}; "
            "give the interface the port's MAC address",
            field="mac",
        )


def _leaseholder(tx: Transaction, network: NetworkId, workload: Workload | None) -> Port | None:
    if workload is None:
        return None
    holder = tx.index.workloads.get((network, workload_key(workload)))
    return None if holder is None else tx.snapshot.ports[holder]


def check_sticky(tx: Transaction, known: Port, new: NewPort) -> None:
    """A lease keeps its address and MAC: asking for others is refused, not ignored."""
    held = {fixed.address for fixed in known.fixed_ips}
    asked = {
        "addresses": not set(new.addresses) <= held,
        "mac": new.mac is not None and new.mac.lower() != known.mac,
    }
    for field_name, differs in asked.items():
        if differs:
            network = tx.snapshot.networks[known.network_id].name
            raise Conflict(
                f"workload {known.name} already has {known.mac} and "
                f"{', '.join(map(str, sorted(held, key=str)))} on network {network}; remove port "
                f"{known.id} to ask for something else",
                field=field_name,
            )


def _renamed(tx: Transaction, port: Port, wanted: str | None) -> str:
    """The name `wanted`, made unique; a number that the port got for it earlier stays."""
    if not wanted or wanted == port.name:
        return port.name
    stem, _, number = port.name.rpartition("-")
    if stem == wanted and number.isdigit():
        return port.name
    name = free_name(tx, Kind.PORTS, port.project_id, wanted)
    check_name(tx, Kind.PORTS, port.project_id, name)
    return name
