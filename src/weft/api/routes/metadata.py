"""/hosts/{host}/metadata: what the agent of a host tells its virtual machines of themselves."""

from ipaddress import IPv4Address
from uuid import UUID

from fastapi import APIRouter

from weft.api.context import Hosting
from weft.api.schemas.metadata import GuestShown, StationsShown
from weft.model.errors import NotFound
from weft.model.host import Host
from weft.model.ids import HostName, NetworkId
from weft.model.port import Port, PortKind
from weft.model.snapshot import Snapshot
from weft.store.guests import user_data_of

router = APIRouter(prefix="/hosts/{host}/metadata", tags=["agent"])


@router.get("")
def list_stations(asking: Hosting, host: str) -> StationsShown:
    """The networks on which the host has to answer its guests."""
    view = asking.api.view()
    return StationsShown.from_model(view, _host(view.snapshot, host))


@router.get("/{network_id}/{address}")
def read_guest(asking: Hosting, host: str, network_id: UUID, address: IPv4Address) -> GuestShown:
    """What the host's virtual machine with this address on this network is told; nobody else's is told."""
    snapshot = asking.store.snapshot()
    port = _guest(snapshot, _host(snapshot, host), NetworkId(network_id), address)
    content = user_data_of(asking.store, [port]).get(port.id)
    return GuestShown.from_model(port, address, content)


def _guest(snapshot: Snapshot, host: Host, network_id: NetworkId, address: IPv4Address) -> Port:
    network = snapshot.networks.get(network_id)
    if network is not None and network.metadata:
        for port in snapshot.ports_on.get(host.name, ()):
            here = port.network_id == network.id and port.kind is PortKind.VM
            if here and any(fixed.address == address for fixed in port.fixed_ips):
                return port
    raise NotFound("virtual machine", address)


def _host(snapshot: Snapshot, host: str) -> Host:
    found = snapshot.hosts.get(HostName(host))
    if found is None:
        raise NotFound("host", host)
    return found
