"""/hosts/{host}/resolvers: behind which routers a host answers for names of the world."""

from fastapi import APIRouter

from weft.api.context import Hosting
from weft.api.schemas.resolver import HostResolvers
from weft.model.errors import NotFound
from weft.model.ids import HostName

router = APIRouter(prefix="/hosts/{host}", tags=["agent"])


@router.get("/resolvers")
def read_resolvers(asking: Hosting, host: str) -> HostResolvers:
    """The resolvers that the host has to keep: one behind each router of the ports that are bound to it."""
    view = asking.api.view()
    here = view.snapshot.hosts.get(HostName(host))
    if here is None:
        raise NotFound("host", host)
    return HostResolvers.from_model(view, here)
