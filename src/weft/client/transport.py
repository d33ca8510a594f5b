"""One request and its answer: the only place where HTTP becomes values or errors."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from weft.client.errors import (
    ClientError,
    ProblemError,
    ServerUnreachable,
    ServerUntrusted,
    UnexpectedAnswer,
)

API = "/api/v1"
KEPT_S = 60.0
"""A connection that rests is kept for the next request: a host's says who it is anew each time it is made."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A body (None where there was none) and the revision that the request made, if it made one."""

    body: Any
    revision: int | None


class Transport:
    """A connection pool to one server. May be used from several threads."""

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None,
        tls: ssl.SSLContext | None,
        timeout_s: float,
        transport: httpx.BaseTransport | None,
    ) -> None:
        """`base_url` is an address, or `unix:PATH`. Without `tls` the system's CAs are trusted.

        `transport` replaces the network in tests.
        """
        self.url = base_url.rstrip("/").removesuffix(API)
        if base_url.startswith("unix:"):
            self.url = "http://localhost"
            transport = transport or httpx.HTTPTransport(uds=base_url.removeprefix("unix:"))
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(
            headers=headers,
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=KEPT_S),
            verify=True if tls is None else tls,
            transport=transport,
            trust_env=False,  # the management network is not reached through the proxy of a shell
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, object] | None = None,
        if_match: int | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Send one request. Raises ProblemError, ServerUnreachable, UnexpectedAnswer."""
        options: dict[str, Any] = {} if timeout_s is None else {"timeout": timeout_s}
        if body is not None:
            options["json"] = body
        if if_match is not None:
            options["headers"] = {"If-Match": f'"{if_match}"'}
        with self._reaching():
            response = self._http.request(method, self._address(path), params=_sent(query), **options)
        if not response.is_success:
            raise self._problem(response)
        if not response.content:
            return Answer(None, _revision(response))
        return Answer(self._json(response), _revision(response))

    @contextmanager
    def stream(
        self, path: str, query: Mapping[str, object], read_timeout_s: float
    ) -> Iterator[Iterator[str]]:
        """The lines of an event stream; silence longer than `read_timeout_s` counts as a lost server."""
        timeout = httpx.Timeout(self._http.timeout.connect, read=read_timeout_s)
        headers = {"Accept": "text/event-stream"}
        with (
            self._reaching(),
            self._http.stream(
                "GET", self._address(path), params=_sent(query), headers=headers, timeout=timeout
            ) as response,
        ):
            if not response.is_success:
                response.read()
                raise self._problem(response)
            yield response.iter_lines()

    def _address(self, path: str) -> str:
        return f"{self.url}{API}{path}"

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            raise ServerUnreachable(self.url, "no answer in time") from error
        except httpx.TransportError as error:
            refused = _refused_certificate(error)
            if refused is not None:
                raise ServerUntrusted(self.url, refused.verify_message) from error
            raise ServerUnreachable(self.url, str(error) or type(error).__name__) from error
        except (httpx.InvalidURL, httpx.DecodingError) as error:
            raise UnexpectedAnswer(self.url, str(error)) from error

    def _json(self, response: httpx.Response) -> Any:  # noqa: ANN401 - JSON is what it is
        try:
            return response.json()
        except (JSONDecodeError, UnicodeDecodeError) as error:
            kind = response.headers.get("content-type", "nothing that has a type")
            raise UnexpectedAnswer(str(response.url), f"status {response.status_code}, {kind}") from error

    def _problem(self, response: httpx.Response) -> Exception:
        try:
            body = self._json(response)
        except UnexpectedAnswer as error:
            if response.status_code in (502, 503, 504):
                return ServerUnreachable(self.url, f"status {response.status_code}")
            return error
        if isinstance(body, dict):
            return ProblemError.from_body(response.status_code, body)
        return UnexpectedAnswer(str(response.url), f"status {response.status_code}")


def path_of(*parts: str) -> str:
    """A path from its parts, each quoted: a name with a slash stays one part."""
    return "".join("/" + quote(part, safe="") for part in parts)


@dataclass(frozen=True, slots=True)
class Identity:
    """The certificate (PEM) that we show, and its private key."""

    certificate: Path
    key: Path


def trusting(ca: Path | None, identity: Identity | None = None) -> ssl.SSLContext:
    """TLS that trusts `ca` (PEM) instead of the system's CAs, and shows `identity`. Raises ClientError."""
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    except OSError as error:  # ssl.SSLError is one, too
        raise ClientError(f"the CA file {ca} cannot be read as PEM certificates: {error}") from error
    if identity is not None:
        show(context, identity)
    return context


def show(context: ssl.SSLContext, identity: Identity) -> None:
    """Show `identity` on connections to come; may be repeated. Raises ClientError."""
    try:
        context.load_cert_chain(identity.certificate, identity.key)
    except OSError as error:
        raise ClientError(
            f"the certificate {identity.certificate} and its key {identity.key} cannot be used: {error}"
        ) from error


def _refused_certificate(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """What the TLS library said of the server's certificate, if that is why."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error


def _sent(query: Mapping[str, object] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (query or {}).items() if value is not None}


def _revision(response: httpx.Response) -> int | None:
    text = response.headers.get("weft-revision", "")
    return int(text) if text.isdigit() else None
