"""Who is asking, and how far that reaches.

An administrator reaches everything; a member and a viewer their own project; a host's agent its own
part of the API and nothing else. What a caller may not see does not exist for it.
"""

from collections.abc import Callable

from weft.model.errors import Forbidden, Unauthenticated
from weft.model.ids import HostName, ProjectId
from weft.store.tokens import Caller, Role

_LONGEST_TOKEN = 2048
"""Keystone's signed tokens (JWS) are longer than ours."""


def caller(caller_of: Callable[[str], Caller | None], authorization: str | None) -> Caller:
    """The owner of the token in an Authorization header. Raises Unauthenticated."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
        raise Unauthenticated("send a token in the header Authorization: Bearer TOKEN")
    found = caller_of(token)
    if found is None:
        raise Unauthenticated("this token is unknown or expired; ask an administrator for a new one")
    return found


def require_reader(who: Caller) -> None:
    """Refuse agents, whose part of the API is under their own host. Raises Forbidden."""
    if who.role is Role.HOST:
        raise Forbidden(f"the token of host {who.host} reaches only /hosts/{who.host}/...")


def require_writer(who: Caller) -> None:
    """Refuse those who may only look. Raises Forbidden."""
    require_reader(who)
    if who.role is Role.VIEWER:
        raise Forbidden("a viewer changes nothing; ask for a member's token")


def require_admin(who: Caller) -> None:
    """Refuse all but administrators. Raises Forbidden."""
    if who.role is not Role.ADMIN:
        raise Forbidden(f"this needs an administrator, and this token's role is {who.role.value}")


def require_host(who: Caller, host: HostName) -> None:
    """Refuse all but the agent of `host` and administrators. Raises Forbidden."""
    if who.role is Role.ADMIN or (who.role is Role.HOST and who.host == host):
        return
    raise Forbidden(f"only the agent of host {host!r:.80} and administrators reach this")


def require_certificate(who: Caller, peer: str | None) -> None:
    """Refuse a host's token from a connection without this host's certificate. Raises Forbidden.

    A stolen token is worth nothing without the key that never left the host.
    """
    if who.role is not Role.HOST or who.host == peer:
        return
    shown = "without a certificate" if peer is None else f"with the certificate of {peer!r:.80}"
    raise Forbidden(f"the token of host {who.host} came {shown}; show the one that it got by joining")


def sees(who: Caller, project: ProjectId | None) -> bool:
    """Whether `who` may see what belongs to `project`."""
    return who.role is Role.ADMIN or (project is not None and who.project_id == project)
