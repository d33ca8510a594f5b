"""Credentials: API tokens and single-use join tokens. Only their SHA-256 is stored.

None of this is declared state, so it makes no revision by itself.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa

from weft.model.errors import Invalid, Unauthenticated
from weft.model.ids import HostName, ProjectId
from weft.store import tables
from weft.store.database import Store
from weft.store.hosts import add_host, change_host
from weft.store.lookup import check_text, require
from weft.store.transaction import Transaction

_LONGEST_TTL_S = 30 * 24 * 3600


class Role(StrEnum):
    """How far a credential reaches."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"
    HOST = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is asking: the owner of a valid token."""

    role: Role
    name: str
    project_id: ProjectId | None = None
    host: HostName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinToken:
    """A join token in plain text, shown once."""

    token: str
    expires_at: datetime


def issue(
    tx: Transaction,
    *,
    role: Role,
    name: str,
    project_id: ProjectId | None = None,
    host: HostName | None = None,
    expires_at: datetime | None = None,
) -> str:
    """A new API token in plain text, shown once. Raises NotFound, Invalid."""
    _check_scope(tx, role, project_id, host)
    check_text(name, field="name")
    token = secrets.token_urlsafe(32)
    tx.later.append(
        tables.tokens.insert().values(
            hash=_hashed(token),
            role=role.value,
            name=name,
            host=host,
            project_id=None if project_id is None else str(project_id),
            expires_at=None if expires_at is None else expires_at.isoformat(),
        )
    )
    return token


def find(store: Store, token: str, now: datetime) -> Caller | None:
    """Whose token this is, or None if it is unknown or expired. May be called from any thread."""
    table = tables.tokens
    with store.engine.begin() as connection:
        row = connection.execute(sa.select(table).where(table.c.hash == _hashed(token))).first()
    if row is None or (row.expires_at is not None and datetime.fromisoformat(row.expires_at) <= now):
        return None
    return Caller(
        role=Role(row.role),
        name=row.name,
        project_id=None if row.project_id is None else ProjectId(UUID(row.project_id)),
        host=None if row.host is None else HostName(row.host),
    )


def revoke(tx: Transaction, *, name: str) -> int:
    """Forget every API token of that name; how many there were."""
    table = tables.tokens
    return tx.connection.execute(table.delete().where(table.c.name == name)).rowcount


def forget(tx: Transaction, token: str) -> None:
    """Forget one API token, given in plain text. Idempotent."""
    table = tables.tokens
    tx.connection.execute(table.delete().where(table.c.hash == _hashed(token)))


def first_admin_token(store: Store) -> str | None:
    """An admin token if the installation has none yet, in plain text; otherwise None."""
    table = tables.tokens
    with store.write("weft") as tx:
        admins = sa.select(sa.func.count()).where(table.c.role == Role.ADMIN.value)
        if tx.connection.scalar(admins):
            return None
        return issue(tx, role=Role.ADMIN, name="admin")


def issue_join_token(
    tx: Transaction,
    *,
    host: HostName | None = None,
    projects: frozenset[ProjectId] = frozenset(),
    ttl_s: int = 3600,
) -> JoinToken:
    """A token with which one host may join once. `host` None: whichever name it has."""
    for project in projects:
        require(tx.snapshot.projects, project, "project", field="projects")
    if not 1 <= ttl_s <= _LONGEST_TTL_S:
        raise Invalid(
            f"a join token lives between 1 and {_LONGEST_TTL_S} seconds, not {ttl_s}", field="ttl_s"
        )
    if host is not None:
        check_text(host, field="host")
    join = JoinToken(token=secrets.token_urlsafe(24), expires_at=tx.now + timedelta(seconds=ttl_s))
    tx.connection.execute(
        tables.join_tokens.insert().values(
            hash=_hashed(join.token),
            host=host,
            projects=sorted(str(p) for p in projects),
            expires_at=join.expires_at.isoformat(),
            used_at=None,
        )
    )
    return join


def redeem_join_token(tx: Transaction, token: str, host: HostName) -> str:
    """Use up a join token: the host exists afterwards, and gets its own token in plain text.

    Raises Unauthenticated if the token is unknown, used, expired, or for another host.
    """
    table = tables.join_tokens
    row = tx.connection.execute(sa.select(table).where(table.c.hash == _hashed(token))).first()
    if (
        row is None
        or row.used_at is not None
        or row.host not in (None, host)
        or datetime.fromisoformat(row.expires_at) <= tx.now
    ):
        raise Unauthenticated(
            "this join token is unknown, expired, used up, or for another host; "
            "ask an administrator for a new one"
        )
    tx.connection.execute(table.update().where(table.c.hash == row.hash).values(used_at=tx.now.isoformat()))
    projects = frozenset(
        p for p in (ProjectId(UUID(text)) for text in row.projects) if p in tx.snapshot.projects
    )
    known = tx.snapshot.hosts.get(host)
    if known is None:
        add_host(tx, name=host, projects=projects)
    elif row.host is None:
        raise Unauthenticated(
            f"host {host} has joined before; an administrator must issue a join token for this very host"
        )
    else:
        change_host(tx, host, projects=known.projects | projects)
        tx.connection.execute(tables.tokens.delete().where(tables.tokens.c.host == host))
    return issue(tx, role=Role.HOST, name=f"host {host}", host=host)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _check_scope(tx: Transaction, role: Role, project: ProjectId | None, host: HostName | None) -> None:
    """A role has exactly the scope that it needs."""
    if (role in (Role.MEMBER, Role.VIEWER)) != (project is not None):
        raise Invalid("a member and a viewer have a project, other roles have none", field="project")
    if (role is Role.HOST) != (host is not None):
        raise Invalid("a host's token names the host, other tokens do not", field="host")
    if project is not None:
        require(tx.snapshot.projects, project, "project", field="project")
    if host is not None:
        require(tx.snapshot.hosts, host, "host", field="host")
