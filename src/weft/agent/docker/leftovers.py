"""What nobody needs any more, judged from complete listings. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from weft.agent.attachment import Lease, host_end, is_host_end
from weft.agent.docker.runtime import DRIVER, RUNTIME, Container, DockerNetwork
from weft.agent.plug import Plugged
from weft.client import Port

_ALIVE = frozenset({"running", "paused", "restarting"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is: in Docker, in the journal, on the switch, among the links, and in the server's model."""

    engine: str
    containers: Mapping[str, Container]
    networks: Collection[DockerNetwork]
    leases: Collection[Lease]
    plugged: Collection[Plugged]
    links: Collection[str]
    bound: Collection[Port] = ()
    """The ports on this host as the server has them; none while it is away."""
    starting: Collection[str] = ()
    """The ids of ports whose endpoint is being made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """What to do away with: ports to give back, endpoints that are over, ports to unplug, bare links."""

    ports: frozenset[str]
    endpoints: frozenset[str]
    plugged: frozenset[str]
    links: frozenset[str]


def leftovers(found: Found) -> Leftovers:
    """What is left over in `found`, if it is not in the middle of something."""
    leases = [lease for lease in found.leases if lease.port_id not in found.starting]
    ports = {lease.port_id for lease in leases if _is_nobodys(lease, found)}
    ports |= {port.id for port in found.bound if _is_forgotten(port, found)}
    idle = {
        lease.port_id: lease for lease in leases if lease.port_id not in ports and not _is_used(lease, found)
    }
    pairs = [one for one in found.plugged if is_host_end(one.name)]  # not the interface that a person plugged
    plugged = {one.port_id for one in pairs}
    known = {lease.port_id for lease in found.leases}
    known_links = {host_end(port_id) for port_id in known | plugged}
    return Leftovers(
        ports=frozenset(ports),
        endpoints=frozenset(lease.endpoint for lease in idle.values() if lease.endpoint),
        plugged=frozenset(
            one.port_id
            for one in pairs
            if one.port_id not in known or (one.port_id in idle and not idle[one.port_id].endpoint)
        ),
        links=frozenset(set(found.links) - known_links),
    )


def _is_nobodys(lease: Lease, found: Found) -> bool:
    """Its container is gone, or was taken off the network for good, or it never had one."""
    if lease.workload is None:
        return lease.endpoint not in _endpoints(found.containers.values())
    if (lease.workload.runtime, lease.workload.engine) != (RUNTIME, found.engine):
        return False
    owner = found.containers.get(lease.workload.id)
    if owner is not None and lease.endpoint in _endpoints([owner]):
        return False
    return owner is None or not _may_use(owner, lease.network_id, found.networks)


def _is_forgotten(port: Port, found: Found) -> bool:
    """The server has a port for this engine that is not in the journal, and whose container is gone.

    Or for an endpoint of which nobody knows whose it was. A declared port in quarantine is somebody else's.
    """
    if any(lease.port_id == port.id for lease in found.leases):
        return False
    if port.workload is None:
        return port.quarantined and not port.declared
    ours = (port.workload.runtime, port.workload.engine) == (RUNTIME, found.engine)
    return ours and port.workload.id not in found.containers


def _is_used(lease: Lease, found: Found) -> bool:
    if lease.workload is None or lease.workload.runtime != RUNTIME:
        return True
    owner = found.containers[lease.workload.id]
    if lease.endpoint:
        return lease.endpoint in _endpoints([owner])
    return owner.network_mode == "none" and owner.state in _ALIVE


def _may_use(container: Container, network_id: str, networks: Iterable[DockerNetwork]) -> bool:
    """Whether the container is configured for the network.

    A Docker network that is gone may come back, and one that stands for nobody knows what may be it.
    """
    if container.network_mode == "none":
        return True
    known = [network for network in networks if network.weft_id or network.driver != DRIVER]
    stands_for = {name: network.weft_id for network in known for name in (network.name, network.id)}
    return any(stands_for.get(name, network_id) == network_id for name in container.endpoints)


def _endpoints(containers: Iterable[Container]) -> frozenset[str]:
    """The endpoints of those that run."""
    return frozenset(
        place.id for one in containers if one.state in _ALIVE for place in one.endpoints.values() if place.id
    )
