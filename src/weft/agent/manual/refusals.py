"""What is refused before anything is asked for, judged by what there is. Pure."""

from collections.abc import Iterable, Mapping

from weft.agent.attachment import Lease, Wanted
from weft.agent.manual.taps import Interface
from weft.client import Port
from weft.model.errors import Conflict, Invalid


def check_usable(
    name: str, present: Mapping[str, Interface], plugged: Mapping[str, str], own: Mapping[str, str]
) -> None:
    """Refuse an interface that cannot be a port's. Raises Invalid, Conflict.

    `plugged` are the interfaces on bridges with the name of their port, or nothing; `own` are the host's
    addresses with their interfaces.
    """
    there = present.get(name)
    if there is None:
        raise Invalid(
            f"this host has no interface {name}; make it first, or name none and a tap is made",
            field="interface",
        )
    addresses = [address for address, device in own.items() if device == name]
    if there.loopback or addresses:
        what = "is the host's loopback" if there.loopback else f"has the host's own address {addresses[0]}"
        raise Conflict(f"interface {name} {what}: plugging it would cut the host off", field="interface")
    if name in plugged:
        use = f"is plugged as port {plugged[name]} already" if plugged[name] else "is on a bridge already"
        raise Conflict(f"interface {name} {use}; unplug it there first", field="interface")
    if there.master:
        raise Conflict(
            f"interface {name} is a part of {there.master}; take it out first: ip link set {name} nomaster",
            field="interface",
        )


def check_not_plugged(wanted: Wanted, bound: Iterable[Port], interfaces: Mapping[str, str]) -> None:
    """Refuse a port that somebody plugged without us, by its id. Raises Conflict.

    `bound` are the ports on this host; one that has a workload is left to the server to refuse.
    """
    meant = [p for p in bound if p.workload is None and wanted.name in (p.id, p.name)]
    if wanted.project is not None:
        meant = [port for port in meant if wanted.project in (port.project, port.project_id)]
    ids = {port.id for port in meant}
    for interface, port_id in interfaces.items():
        if port_id in ids:
            raise Conflict(
                f"port {wanted.name} is plugged already, as interface {interface}; take it off br-int first",
                field="name",
            )


def check_fits(lease: Lease, present: Mapping[str, Interface]) -> None:
    """Refuse an interface that would drop the network's larger packets. Raises Invalid, Conflict."""
    there = present.get(lease.tap)
    if there is None and not lease.tap_made:
        raise Invalid(
            f"interface {lease.tap} of port {lease.port_id} is gone; make it again, or unplug the port",
            field="interface",
        )
    if there is not None and there.mtu < lease.mtu:
        raise Conflict(
            f"interface {lease.tap} carries packets of {there.mtu} bytes, and network {lease.network} "
            f"has {lease.mtu}: ip link set {lease.tap} mtu {lease.mtu}",
            field="interface",
        )
