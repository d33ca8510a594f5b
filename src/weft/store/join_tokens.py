"""Join tokens: with each one host may join, once and for a limited time. Only their SHA-256 is stored."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from weft.model.errors import Invalid, Unauthenticated
from weft.model.ids import HostName, ProjectId
from weft.store import tables
from weft.store.hosts import add_host, change_host
from weft.store.lookup import check_text, require
from weft.store.tokens import Role, hashed, issue
from weft.store.transaction import Transaction

_LONGEST_TTL_S = 30 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinToken:
    """A join token in plain text, shown once."""

    token: str
    expires_at: datetime


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
            hash=hashed(join.token),
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
    row = tx.connection.execute(sa.select(table).where(table.c.hash == hashed(token))).first()
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
