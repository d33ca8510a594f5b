"""Serve the application on a socket that we bind ourselves, and tell it who the other end of TLS is.

ASGI has an extension for TLS, which uvicorn does not implement. What it does is copy one mapping of the
connection into the `state` of each of its requests; the peer's name travels in there, and no client can
write it.
"""

import asyncio
import os
import socket
import ssl
from pathlib import Path

import uvicorn
from fastapi import Request
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

_STOP_S = 3
_KEPT_S = 75
"""Longer than clients keep a connection that rests (`weft.client.transport`): they are to close it."""


def tls_context(certificate: Path, key: Path, ca: Path) -> ssl.SSLContext:
    """A server's side of TLS: whoever shows a certificate of our CA's is known by name; none is fine, too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def listening(listen: str) -> socket.socket:
    """A socket that listens on `HOST:PORT`, or on `unix:PATH` for its owner only."""
    kind, _, path = listen.partition(":")
    if kind == "unix":
        return _listening_on_file(Path(path))
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.create_server((host, int(port)), family=family, reuse_port=False)
    # Inherited by each connection. asyncio sets it by itself only where a socket names its protocol; without
    # it an answer waits 40 ms for the acknowledgement that the client delays (tcp(7), TCP_NODELAY).
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound


def _listening_on_file(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        bound.bind(str(path))
    finally:
        os.umask(before)
    bound.listen()
    return bound


def server(app: ASGIApp, tls: ssl.SSLContext | None) -> uvicorn.Server:
    """What serves `app` on the sockets that its `run` is given; without `tls` in plain text."""
    config = uvicorn.Config(
        app,
        http=NamedPeer,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        proxy_headers=False,  # who speaks to us is who is connected, whatever a header says
        server_header=False,
        log_level="warning",
        timeout_keep_alive=_KEPT_S,
        timeout_graceful_shutdown=_STOP_S,
    )
    return uvicorn.Server(config)


def peer_of(request: Request) -> str | None:
    """The name in the certificate that the other end of this connection proved to have, if it did."""
    return getattr(request.state, "peer", None)


class NamedPeer(H11Protocol):
    """HTTP on one connection, whose requests know the name of the peer's certificate."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """After the handshake: the certificate, if there is one, has been verified against our CA."""
        super().connection_made(transport)
        session = transport.get_extra_info("ssl_object")
        certificate = None if session is None else session.getpeercert()
        self.app_state = {**self.app_state, "peer": _common_name(certificate or {})}


def _common_name(certificate: dict[str, object]) -> str | None:
    """The common name, if there is exactly one (ssl.SSLSocket.getpeercert)."""
    subject = certificate.get("subject", ())
    if not isinstance(subject, tuple):
        return None
    names = [value for part in subject for key, value in part if key == "commonName"]
    return names[0] if len(names) == 1 else None
