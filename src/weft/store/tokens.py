"""API tokens: who may ask, and for how long. Only their SHA-256 is stored.

They are not declared state, so they make no revision. A browser's session is a token, too, and ends with the
one that it was opened with.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa

from weft.model.errors import Invalid, NameTaken, NotFound, Unauthenticated
from weft.model.ids import HostName, ProjectId
from weft.store import tables
from weft.store.database import Store
from weft.store.lookup import check_text, require
from weft.store.transaction import Transaction

LONGEST_TTL_S = 10 * 366 * 24 * 3600


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
class Token:
    """What is known of a person's token; never the token itself. Names are unique."""

    name: str
    role: Role
    project_id: ProjectId | None
    created_at: datetime | None
    expires_at: datetime | None


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
    return _insert(tx, role=role, name=name, project_id=project_id, host=host, expires_at=expires_at)


def issue_for_person(
    tx: Transaction,
    *,
    role: Role,
    name: str | None = None,
    project_id: ProjectId | None = None,
    ttl_s: int | None = None,
) -> tuple[str, Token]:
    """A new token of a person or a program in plain text, shown once, and what is known of it.

    Without `name` it gets one after its role. Raises NotFound, Invalid, NameTaken.
    """
    if role is Role.HOST:
        raise Invalid("hosts get their tokens by joining; make a join token instead", field="role")
    _check_scope(tx, role, project_id, None)
    if ttl_s is not None and not 1 <= ttl_s <= LONGEST_TTL_S:
        raise Invalid(f"a token lives between 1 and {LONGEST_TTL_S} seconds, not {ttl_s}", field="ttl_s")
    known = Token(
        name=_free_name(tx, role, project_id) if name is None else _checked_name(tx, name),
        role=role,
        project_id=project_id,
        created_at=tx.now,
        expires_at=None if ttl_s is None else tx.now + timedelta(seconds=ttl_s),
    )
    secret = _insert(
        tx, role=role, name=known.name, project_id=project_id, host=None, expires_at=known.expires_at
    )
    return secret, known


def open_session(tx: Transaction, token: str, *, ttl: timedelta) -> tuple[str, datetime]:
    """A token that does what `token` does, for at most `ttl` and no longer than it; and when it ends.

    Raises Unauthenticated.
    """
    table = tables.tokens
    row = tx.connection.execute(sa.select(table).where(table.c.hash == hashed(token))).first()
    if row is None:
        raise Unauthenticated("a session is opened with a token of Weft's own; ask an administrator for one")
    ends = tx.now + ttl
    if row.expires_at is not None:
        ends = min(ends, datetime.fromisoformat(row.expires_at))
    values = {name: getattr(row, name) for name in ("role", "name", "host", "project_id")}
    opener = row.session_of or row.hash
    secret = _insert_row(tx, **values, session_of=opener, expires_at=ends.isoformat())
    return secret, ends


def _insert(
    tx: Transaction,
    *,
    role: Role,
    name: str,
    project_id: ProjectId | None,
    host: HostName | None,
    expires_at: datetime | None,
) -> str:
    return _insert_row(
        tx,
        role=role.value,
        name=name,
        host=host,
        project_id=None if project_id is None else str(project_id),
        session_of=None,
        expires_at=None if expires_at is None else expires_at.isoformat(),
    )


def _insert_row(tx: Transaction, **values: str | None) -> str:
    token = secrets.token_urlsafe(32)
    row = {"hash": hashed(token), "created_at": tx.now.isoformat(), **values}
    tx.later.append(tables.tokens.insert().values(row))
    return token


def find(store: Store, token: str, now: datetime) -> Caller | None:
    """Whose token this is, or None if it is unknown or expired. May be called from any thread."""
    table = tables.tokens
    with store.engine.begin() as connection:
        row = connection.execute(sa.select(table).where(table.c.hash == hashed(token))).first()
    if row is None or (row.expires_at is not None and datetime.fromisoformat(row.expires_at) <= now):
        return None
    return Caller(
        role=Role(row.role),
        name=row.name,
        project_id=None if row.project_id is None else ProjectId(UUID(row.project_id)),
        host=None if row.host is None else HostName(row.host),
    )


def persons(store: Store) -> list[Token]:
    """The tokens of people and programs, by name; neither those of hosts nor sessions."""
    table = tables.tokens
    wanted = sa.select(table).where(_of_persons()).order_by(table.c.name)
    with store.engine.begin() as connection:
        return [_known(row) for row in connection.execute(wanted)]


def revoke(tx: Transaction, *, name: str) -> None:
    """Forget a person's token, and the sessions that were opened with it. Raises NotFound."""
    table = tables.tokens
    if tx.connection.execute(table.delete().where(_of_persons(), table.c.name == name)).rowcount == 0:
        raise NotFound("token", name)


def forget(tx: Transaction, token: str) -> None:
    """Forget one API token, given in plain text. Idempotent."""
    table = tables.tokens
    tx.connection.execute(table.delete().where(table.c.hash == hashed(token)))


def first_admin_token(store: Store) -> str | None:
    """An admin token if the installation has none yet, in plain text; otherwise None."""
    table = tables.tokens
    with store.write("weft") as tx:
        admins = sa.select(sa.func.count()).where(table.c.role == Role.ADMIN.value, _of_persons())
        if tx.connection.scalar(admins):
            return None
        return issue(tx, role=Role.ADMIN, name=Role.ADMIN.value)


def _of_persons() -> sa.ColumnElement[bool]:
    table = tables.tokens
    return sa.and_(table.c.session_of.is_(None), table.c.host.is_(None))


def _known(row: sa.Row[tuple[object, ...]]) -> Token:
    return Token(
        name=row.name,
        role=Role(row.role),
        project_id=None if row.project_id is None else ProjectId(UUID(row.project_id)),
        created_at=None if row.created_at is None else datetime.fromisoformat(row.created_at),
        expires_at=None if row.expires_at is None else datetime.fromisoformat(row.expires_at),
    )


def _taken(tx: Transaction) -> set[str]:
    return set(tx.connection.scalars(sa.select(tables.tokens.c.name).where(_of_persons())))


def _checked_name(tx: Transaction, name: str) -> str:
    """The name stands in the change log as the author: it must not be taken for anybody else's."""
    check_text(name, field="name")
    if not name or name != name.strip() or "/" in name or name == "weft" or name.startswith("host "):
        raise Invalid(
            f"{name!r} cannot be a token's name: it must not be empty, contain a slash, begin or end with a "
            "space, or look like the server or a host",
            field="name",
        )
    if name in _taken(tx):
        raise NameTaken("token", name, where="this installation")
    return name


def _free_name(tx: Transaction, role: Role, project: ProjectId | None) -> str:
    stem = role.value if project is None else f"{role.value}-of-{tx.snapshot.projects[project].name}"
    taken, name, number = _taken(tx), stem, 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name


def hashed(token: str) -> str:
    """What is stored of a token. It is random and long, so a plain hash is as good as a slow one."""
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
