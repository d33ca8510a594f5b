"""/hosts/{host}/door and .../published: what an agent has to know, and tells, of the way out and in."""

from uuid import UUID

from fastapi import APIRouter

from weft.api.context import Hosting
from weft.api.schemas.door import HostDoor, PublishedPut
from weft.api.schemas.port import PortShown
from weft.model.errors import NotFound
from weft.model.ids import HostName, PortId
from weft.store.publications import publish

router = APIRouter(prefix="/hosts/{host}", tags=["agent"])


@router.get("/door")
def read_door(asking: Hosting, host: str) -> HostDoor:
    """The door that the host has to keep, and the routers of its projects that leave by it."""
    view = asking.api.view()
    here = view.snapshot.hosts.get(HostName(host))
    if here is None:
        raise NotFound("host", host)
    return HostDoor.from_model(view, here)


@router.put("/ports/{port_id}/published")
def put_published(asking: Hosting, host: str, port_id: UUID, body: PublishedPut) -> PortShown:
    """Say for which ports of one of its ports the host answers, as `docker run -p` does. Idempotent."""
    with asking.write() as tx:
        found = tx.snapshot.ports.get(PortId(port_id))
        if found is None or found.host != host:
            raise NotFound("port", port_id)
        after = publish(tx, found.id, body.to_model())
    return PortShown.from_model(asking.api.view(), after)
