"""The API as a test speaks to it: in process, over a real store."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from weft.model.ids import HostName
from weft.store import Store, tokens
from weft.store.tokens import Role


@dataclass
class Rest:
    """A client with a token; answers are checked by the tests, not here."""

    app: FastAPI
    store: Store
    runner: asyncio.Runner
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def as_(self, token: str | None) -> "Rest":
        return Rest(self.app, self.store, self.runner, token)

    def with_token(self, role: Role, *, project: str | None = None, host: str | None = None) -> "Rest":
        found = self.store.snapshot().projects.values()
        owner = next((p.id for p in found if p.name == project), None)
        with self.store.write("test") as tx:
            token = tokens.issue(
                tx,
                role=role,
                name=f"{role.value} of {project or host}",
                project_id=owner,
                host=None if host is None else HostName(host),
            )
        return self.as_(token)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        **more: Any,  # noqa: ANN401 - httpx's
    ) -> httpx.Response:
        headers = dict(more.pop("headers", {}))
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            more["json"] = body
        where = path if path.startswith("/api") or more.pop("root", False) else f"/api/v1{path}"

        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://weft") as client:
                return await client.request(method, where, headers=headers, **more)

        return self.runner.run(go())

    def get(self, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        return self.ask("GET", path, **more)

    def post(self, path: str, body: object, **more: Any) -> httpx.Response:  # noqa: ANN401
        return self.ask("POST", path, body, **more)

    def patch(self, path: str, body: object, **more: Any) -> httpx.Response:  # noqa: ANN401
        return self.ask("PATCH", path, body, **more)

    def put(self, path: str, body: object) -> httpx.Response:
        return self.ask("PUT", path, body)

    def delete(self, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        return self.ask("DELETE", path, **more)

    def made(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        answer = self.post(path, body)
        assert answer.status_code == 201, answer.text
        return answer.json()
