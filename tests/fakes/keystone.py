"""A Keystone in memory, as HTTP: it knows some tokens, and counts how often it is asked."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx


@dataclass
class FakeKeystone:
    """What tests/openstack/test_keystone.py says of the real one holds here, too."""

    now: datetime
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: int = 0
    away: bool = False
    answers: httpx.Response | None = None

    def issue(
        self, token: str, *roles: str, user: str = "ann", project: str | None = None, lives_s: int = 3600
    ) -> str:
        """Make a token for a project, or for none; itself."""
        said: dict[str, Any] = {
            "user": {"name": user, "id": "u1", "domain": {"name": "Default", "id": "default"}},
            "roles": [{"name": role, "id": role} for role in roles],
            "expires_at": (self.now + timedelta(seconds=lives_s)).isoformat().replace("+00:00", "Z"),
        }
        if project is not None:
            said["project"] = {"id": project, "name": "demo", "domain": {"name": "Default", "id": "default"}}
        self.tokens[token] = said
        return token

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.away:
            raise httpx.ConnectError("nobody listens there", request=request)
        if self.answers is not None:
            return self.answers
        token = request.headers["X-Subject-Token"]
        assert request.headers["X-Auth-Token"] == token
        assert request.url.path == "/v3/auth/tokens"
        if token not in self.tokens:
            return httpx.Response(401, json={"error": {"code": 401}})
        return httpx.Response(200, json={"token": self.tokens[token]})
