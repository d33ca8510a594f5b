"""/mirrors: objects that another system declares, by its ids and versions. For administrators.

A source PUTs whole states and DELETEs; both may be repeated, come late, or come twice at once. What is older
than what is held changes nothing. What has no mark of the source is never touched.
"""

from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Path, Query

from weft.api import mirroring
from weft.api.context import Administering, Asking
from weft.api.routes.networks import check_mtu
from weft.api.schemas.base import Body, Page
from weft.api.schemas.floating_ip import FloatingIPCreate
from weft.api.schemas.group import AddressGroupCreate, GroupCreate
from weft.api.schemas.mirror import MarkShown, Mirrored, MirroredPort
from weft.api.schemas.network import NetworkCreate, SubnetCreate
from weft.api.schemas.policy import PolicyCreate
from weft.api.schemas.project import ProjectCreate
from weft.api.schemas.qos_policy import QosPolicyCreate
from weft.api.schemas.router import RouterCreate
from weft.model.errors import Invalid, NotFound
from weft.model.ids import PortId
from weft.store import Kind, mirrors
from weft.store.mirrors import Mark
from weft.store.status import PortState, port_statuses

router = APIRouter(prefix="/mirrors/{source}", tags=["mirrors"])

T = TypeVar("T", bound=Body)

Source = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,31}$")]


@router.get("")
def list_marks(
    asking: Administering,
    source: Source,
    kind: Kind | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> Page[MarkShown]:
    """What is held of a source: ids, versions and digests, and the states of ports."""
    after = None if cursor is None else _parsed(cursor)
    found = mirrors.marks(asking.store, source, kind=kind, after=after, limit=limit)
    following = f"{found[-1].kind}/{found[-1].object_id}" if len(found) == limit else None
    return Page(items=_shown(asking, found), next_cursor=following)


@router.put("/projects/{object_id}")
def put_project(
    asking: Administering, source: Source, object_id: UUID, body: Mirrored[ProjectCreate]
) -> MarkShown:
    """Bring a project to the state that its source declares. Idempotent."""
    return _put(asking, source, Kind.PROJECTS, object_id, body, mirroring.project)


@router.put("/networks/{object_id}")
def put_network(
    asking: Administering, source: Source, object_id: UUID, body: Mirrored[NetworkCreate]
) -> MarkShown:
    """Bring a network to the state that its source declares. Idempotent."""
    check_mtu(asking, body.object.mtu)
    return _put(asking, source, Kind.NETWORKS, object_id, body, mirroring.network)


@router.put("/subnets/{object_id}")
def put_subnet(
    asking: Administering, source: Source, object_id: UUID, body: Mirrored[SubnetCreate]
) -> MarkShown:
    """Bring a subnet to the state that its source declares. Idempotent."""
    return _put(asking, source, Kind.SUBNETS, object_id, body, mirroring.subnet)


@router.put("/routers/{object_id}")
def put_router(
    asking: Administering, source: Source, object_id: UUID, body: Mirrored[RouterCreate]
) -> MarkShown:
    """Bring a router to the state that its source declares, its way out included. Idempotent."""
    return _put(asking, source, Kind.ROUTERS, object_id, body, mirroring.router)


@router.put("/floating_ips/{object_id}")
def put_floating_ip(
    asking: Administering, source: Source, object_id: UUID, body: Mirrored[FloatingIPCreate]
) -> MarkShown:
    """Bring a floating IP to the state that its source declares. Idempotent."""
    return _put(asking, source, Kind.FLOATING_IPS, object_id, body, mirroring.floating_ip)


@router.put("/ports/{object_id}")
def put_port(
    asking: Administering, source: Source, object_id: UUID, body: Mirrored[MirroredPort]
) -> MarkShown:
    """Bring a port to the state that its source declares, its binding included. Idempotent."""
    return _put(asking, source, Kind.PORTS, object_id, body, mirroring.port)


@router.put("/groups/{object_id}")
def put_group(
    asking: Administering, source: Source, object_id: UUID, body: Mirrored[GroupCreate]
) -> MarkShown:
    """Bring a group to the state that its source declares. Idempotent."""
    return _put(asking, source, Kind.GROUPS, object_id, body, mirroring.group)


@router.put("/address_groups/{object_id}")
def put_address_group(
    asking: Administering, source: Source, object_id: UUID, body: Mirrored[AddressGroupCreate]
) -> MarkShown:
    """Bring an address group to the state that its source declares. Idempotent."""
    return _put(asking, source, Kind.ADDRESS_GROUPS, object_id, body, mirroring.address_group)


@router.put("/qos_policies/{object_id}")
def put_qos_policy(
    asking: Administering, source: Source, object_id: UUID, body: Mirrored[QosPolicyCreate]
) -> MarkShown:
    """Bring a QoS policy to the state that its source declares. Idempotent."""
    return _put(asking, source, Kind.QOS_POLICIES, object_id, body, mirroring.qos_policy)


@router.put("/policies/{object_id}")
def put_policy(
    asking: Administering, source: Source, object_id: UUID, body: Mirrored[PolicyCreate]
) -> MarkShown:
    """Bring a policy to the state that its source declares; its rules bring their ids along. Idempotent."""
    return _put(asking, source, Kind.POLICIES, object_id, body, mirroring.policy)


@router.delete("/{kind}/{object_id}", status_code=204)
def remove_mirrored(asking: Administering, source: Source, kind: Kind, object_id: UUID) -> None:
    """Remove what its source has removed, for good. Refused while something needs it. Idempotent."""
    remove = mirroring.REMOVE.get(kind)
    if remove is None:
        raise NotFound("mirrored kind", kind)
    with asking.write() as tx:
        known = mirrors.find(tx, source, kind, object_id)
        if object_id in getattr(tx.snapshot, kind.value):
            remove(tx, object_id)
        mirrors.bury(tx, known or Mark(source=source, kind=kind, object_id=object_id, version=0, digest=""))


def _put(
    asking: Asking,
    source: str,
    kind: Kind,
    object_id: UUID,
    body: Mirrored[T],
    declare: mirroring.Declare[T],
) -> MarkShown:
    with asking.write() as tx:
        known = mirrors.find(tx, source, kind, object_id)
        if known is None or not (known.gone or known.version > body.version):
            declare(tx, asking.caller, object_id, body.object)
            known = mirrors.keep(
                tx,
                Mark(
                    source=source,
                    kind=kind,
                    object_id=object_id,
                    version=body.version,
                    digest=body.digest,
                ),
            )
    return _shown(asking, [known])[0]


def _shown(asking: Asking, marks: list[Mark]) -> list[MarkShown]:
    store, snapshot = asking.store, asking.store.snapshot()
    held = [PortId(m.object_id) for m in marks if m.kind is Kind.PORTS and m.object_id in snapshot.ports]
    states = dict.fromkeys(held, PortState.DOWN)
    states |= {port: status.state for port, status in port_statuses(store, held).items()}
    return [
        MarkShown(
            kind=mark.kind,
            id=mark.object_id,
            version=mark.version,
            digest=mark.digest,
            present=mark.object_id in getattr(snapshot, mark.kind.value),
            changed=(store.revised_at(mark.kind, mark.object_id) or 0) > mark.revision,
            state=states.get(PortId(mark.object_id)) if mark.kind is Kind.PORTS else None,
        )
        for mark in marks
    ]


def _parsed(cursor: str) -> tuple[str, str]:
    kind, _, object_id = cursor.partition("/")
    if not kind or not object_id or "/" in object_id:
        raise Invalid("this cursor is none that this API gave; begin again without one", field="cursor")
    return kind, object_id
