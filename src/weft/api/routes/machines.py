"""/hosts/{host}/machines: the VLANs that the agent of a host has to plug for bare-metal machines."""

from fastapi import APIRouter

from weft.api.context import Hosting
from weft.api.schemas.machine import HostMachines
from weft.model.errors import NotFound
from weft.model.ids import HostName

router = APIRouter(prefix="/hosts/{host}", tags=["agent"])


@router.get("/machines")
def list_machines(asking: Hosting, host: str) -> HostMachines:
    """The bare-metal machines that the host finds on VLANs of its physical networks."""
    snapshot = asking.store.snapshot()
    here = snapshot.hosts.get(HostName(host))
    if here is None:
        raise NotFound("host", host)
    return HostMachines.from_model(snapshot, here)
