"""One HTTP session with a Weft server. What it returns is what the API documents."""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

Json = dict[str, Any]


class ProblemError(Exception):
    """The server refused; the message is its sentence, `code` is stable."""

    def __init__(self, status: int, code: str, detail: str, field: str | None) -> None:
        """As the problem document says (RFC 9457)."""
        self.status, self.code, self.detail, self.field = status, code, detail, field
        super().__init__(detail)


class ServerUnreachable(Exception):
    """No answer came."""

    def __init__(self, url: str, reason: str) -> None:
        """`url` is the server's, `reason` what the network said."""
        super().__init__(
            f"the Weft server at {url} does not answer ({reason}); "
            "check that it runs and that this host reaches it"
        )


class Client:
    """Methods raise ProblemError and ServerUnreachable. May be used by several threads."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout_s: float = 5.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`token` is sent with every request; `transport` replaces the network in tests."""
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=f"{self.url}/api/v1", headers=headers, timeout=timeout_s, transport=transport
        )

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session."""
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
    ) -> httpx.Response:
        """Any request; `path` is behind `/api/v1`."""
        query = {k: v for k, v in (query or {}).items() if v is not None}
        extra: Json = {} if timeout_s is None else {"timeout": timeout_s}
        try:
            answer = self._http.request(method, path, json=body, params=query, **extra)
        except httpx.TransportError as error:
            raise ServerUnreachable(self.url, str(error) or type(error).__name__) from error
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise _problem(answer)
        return answer

    def items(self, kind: str, **query: Any) -> Iterator[Json]:  # noqa: ANN401 - query values
        """Every object of a kind, page by page."""
        cursor: str | None = None
        while True:
            page = self.request("GET", f"/{kind}", query={**query, "cursor": cursor}).json()
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def create(self, kind: str, body: Mapping[str, Any]) -> tuple[Json, int]:
        """A new object, and the revision that it came with."""
        answer = self.request("POST", f"/{kind}", body=body)
        return answer.json(), int(answer.headers.get("weft-revision", 0))

    def receipt(self, revision: int, wait_s: float = 0) -> Json:
        """How far a revision has come; waits at most `wait_s` (up to 60) for it to be enforced."""
        answer = self.request("GET", f"/receipts/{revision}", query={"wait_s": wait_s}, timeout_s=wait_s + 10)
        return dict(answer.json())

    # What a host's agent uses.

    def attach(self, host: str, body: Mapping[str, Any]) -> Json:
        """The port for a workload of `host`, new or known, and its network."""
        return dict(self.request("POST", f"/hosts/{host}/attach", body=body).json())

    def detach(self, host: str, port_id: str) -> None:
        """Free a port of `host`."""
        self.request("DELETE", f"/hosts/{host}/ports/{port_id}")

    def host_ports(self, host: str) -> list[Json]:
        """The ports that are bound to `host`."""
        return list(self.request("GET", f"/hosts/{host}/ports").json()["items"])

    def set_port_status(self, host: str, port_id: str, state: str, reason: str = "") -> None:
        """What `host` saw of one of its ports."""
        self.request("PUT", f"/hosts/{host}/ports/{port_id}/status", body={"state": state, "reason": reason})

    def report_failure(self, host: str, workload: Mapping[str, str], reason: str) -> None:
        """An attachment that did not come about."""
        self.request("POST", f"/hosts/{host}/failures", body={"workload": dict(workload), "reason": reason})

    def heartbeat(self, host: str, **facts: str) -> None:
        """A sign of life."""
        self.request("POST", f"/hosts/{host}/heartbeat", body=facts)


def _problem(answer: httpx.Response) -> ProblemError:
    try:
        document = answer.json()
    except ValueError:
        document = {}
    return ProblemError(
        answer.status_code,
        str(document.get("code", "unknown")),
        str(document.get("detail", f"HTTP {answer.status_code}")),
        document.get("field"),
    )
