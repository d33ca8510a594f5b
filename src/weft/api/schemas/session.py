"""Bodies of /session: a browser's way to be somebody."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from weft.api.schemas.base import Body, Shown
from weft.store.tokens import Role


class SessionCreate(Body):
    """Body of POST /session."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=512)]


class SessionShown(Shown):
    """Who the caller is, and how far that reaches."""

    name: str
    role: Role
    project_id: UUID | None
    project: str | None
    expires_at: datetime | None = None
