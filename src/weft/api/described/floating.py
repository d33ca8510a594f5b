"""Floating IPs of a description, declared."""

from weft.api import references
from weft.api.described.scope import Scope, differing
from weft.api.schemas.description import FloatingIPDescribed, ProjectDescribed
from weft.model.errors import Conflict
from weft.model.floating_ip import FloatingIP
from weft.model.network import Network
from weft.model.port import Port
from weft.store import floating_ips
from weft.store.floating_ips import NewFloatingIP


def let_go(scope: Scope, project: ProjectDescribed) -> None:
    """First those that shall lead elsewhere leave their ports, so that these, and the way to them, may go."""
    for number, asked in enumerate(project.floating_ips):
        known = scope.known(FloatingIP, asked.name)
        port = _port_of(scope, known)
        if known is None or port is None or asked.port == port.name:
            continue
        if asked.port is not None or port.declared is not None:
            with scope.at("floating_ips", number):
                floating_ips.change_floating_ip(scope.tx, known.id, port_id=None)


def declare_floating(scope: Scope, project: ProjectDescribed) -> None:
    """Each of them, when there are ports and ways out."""
    for number, asked in enumerate(project.floating_ips):
        with scope.at("floating_ips", number):
            _declare(scope, asked)


def _declare(scope: Scope, asked: FloatingIPDescribed) -> None:
    outside = references.external(scope.tx, scope.project, asked.network, field="network")
    port = None if asked.port is None else scope.named(Port, asked.port, "port").id
    known = scope.known(FloatingIP, asked.name)
    if known is None:
        new = NewFloatingIP(
            project_id=scope.project,
            network_id=outside.id,
            name=asked.name,
            address=asked.address,
            description=asked.description,
            port_id=port,
        )
        floating_ips.add_floating_ip(scope.tx, new)
        return
    _check_fixed(known, outside, asked)
    wanted: dict[str, object] = {"description": asked.description, "port_id": port or known.port_id}
    if changes := differing(known, wanted):
        floating_ips.change_floating_ip(scope.tx, known.id, **changes)


def _check_fixed(known: FloatingIP, outside: Network, asked: FloatingIPDescribed) -> None:
    if known.network_id != outside.id or asked.address not in (None, known.address):
        raise Conflict(
            f"floating IP {known.name} is {known.address} and stays so; describe another one by another name",
            field="address" if known.network_id == outside.id else "network",
        )


def _port_of(scope: Scope, known: FloatingIP | None) -> Port | None:
    if known is None or known.port_id is None:
        return None
    return scope.tx.snapshot.ports[known.port_id]
