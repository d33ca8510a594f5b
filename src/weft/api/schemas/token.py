"""Bodies of /tokens, for administrators."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from weft.api.schemas.base import Body, Name, Reference, Shown
from weft.api.view import View
from weft.store.tokens import Role, Token


class TokenCreate(Body):
    """Body of POST /tokens; without `ttl_s` it is good until it is revoked."""

    name: Name | None = None
    role: Literal["admin", "member", "viewer"]
    project: Reference | None = None
    ttl_s: Annotated[int, Field(strict=True, ge=1, le=10**9)] | None = None


class TokenShown(Shown):
    """A token, without what it consists of."""

    name: str
    role: Role
    project: str | None
    created_at: datetime | None
    expires_at: datetime | None

    @classmethod
    def from_store(cls, view: View, token: Token) -> "TokenShown":
        """The token as it is shown."""
        return cls(
            name=token.name,
            role=token.role,
            project=None if token.project_id is None else view.project_name(token.project_id),
            created_at=token.created_at,
            expires_at=token.expires_at,
        )


class TokenMade(TokenShown):
    """A new token; `token` is shown this once."""

    token: str


class TokensShown(Shown):
    """The tokens of people and programs."""

    items: list[TokenShown]
