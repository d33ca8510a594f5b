"""What a request handler needs: the store, who is calling, and what the caller may reach."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Request

from weft.model.errors import Forbidden, NotFound, StaleRevision, Unauthenticated
from weft.model.ids import HostName, ProjectId
from weft.model.snapshot import Snapshot
from weft.settings import ServerSettings
from weft.store import Store, tokens
from weft.store.tokens import Caller, Role


@dataclass(frozen=True, slots=True)
class Context:
    """One per application."""

    store: Store
    settings: ServerSettings
    now: Callable[[], datetime]


def context(request: Request) -> Context:
    """The application's context."""
    found: Context = request.app.state.context
    return found


def caller(request: Request) -> Caller:
    """Whose token the request carries. Raises Unauthenticated."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("send a token: `Authorization: Bearer TOKEN`; `weft login` stores one")
    here = context(request)
    found = tokens.find(here.store, token.strip(), here.now())
    if found is None:
        raise Unauthenticated("this token is unknown, expired or revoked; ask an administrator for one")
    return found


Here = Annotated[Context, Depends(context)]
Who = Annotated[Caller, Depends(caller)]


class Named(Protocol):
    """Anything declared that has an identity and a name."""

    @property
    def id(self) -> UUID:
        """Its identity."""

    @property
    def name(self) -> str:
        """Its name within its project."""


N = TypeVar("N", bound=Named)


def find(
    items: Mapping[Any, N],
    wanted: str,
    kind: str,
    *,
    within: ProjectId | None = None,
    field: str | None = None,
) -> N:
    """The object called `wanted`, by UUID or by name within a project. Raises NotFound."""
    try:
        identity: UUID | None = UUID(wanted)
    except ValueError:
        identity = None
    if identity in items:
        found = items[identity]
        if within is None or getattr(found, "project_id", found.id) == within:
            return found
    for item in items.values():
        if item.name == wanted and (within is None or getattr(item, "project_id", within) == within):
            return item
    raise NotFound(kind, wanted, field=field)


def project_for(snapshot: Snapshot, who: Caller, wanted: str | None) -> ProjectId:
    """The project that a request is about: the one it names, the caller's, or `default`."""
    if wanted is None and who.project_id is not None:
        return who.project_id
    project = find(snapshot.projects, wanted or "default", "project", field="project")
    if who.role is not Role.ADMIN and project.id != who.project_id:
        raise NotFound("project", wanted or "default", field="project")
    return project.id


def check_visible(who: Caller, project_id: ProjectId, kind: str, name: object) -> None:
    """NotFound unless the caller may read what belongs to the project."""
    if who.role is not Role.ADMIN and who.project_id != project_id:
        raise NotFound(kind, name)


def check_may_write(who: Caller, project_id: ProjectId | None = None) -> None:
    """Forbidden unless the caller may change what belongs to the project (None: to the installation)."""
    if who.role is Role.ADMIN or (who.role is Role.MEMBER and project_id == who.project_id is not None):
        return
    raise Forbidden(f"role {who.role} may not change this; ask a member of the project or an administrator")


def check_reads_declared(who: Caller) -> None:
    """Forbidden for hosts: their part of the API is under `/hosts/NAME`, and holds only what is theirs."""
    if who.role is Role.HOST:
        raise Forbidden(f"{who.name} reads what is under /hosts/{who.host} only; use a user's token here")


def check_host(who: Caller, host: str) -> HostName:
    """Forbidden unless the caller is that very host, or an administrator."""
    if who.role is Role.ADMIN or (who.role is Role.HOST and who.host == host):
        return HostName(host)
    raise Forbidden(f"{who.name} may not act for host {host}; a host acts for itself only")


def check_fresh(request: Request, revision: int) -> None:
    """StaleRevision when If-Match names another version than the present one."""
    wanted = request.headers.get("if-match")
    if wanted not in (None, "*", f'"{revision}"'):
        raise StaleRevision(f"the object is at revision {revision}, If-Match says {wanted}; read it again")
