"""The byte stream under a connection: Unix, TCP or TLS, read by one thread and written by any."""

import select
import socket
import ssl
import threading

CHUNK = 1 << 20


class Transport:
    """One connected stream. Writes of several threads do not mix."""

    def __init__(self, remote: str, ssl_context: ssl.SSLContext | None, timeout_s: float) -> None:
        """Connects to `unix:PATH`, `tcp:HOST:PORT` or `ssl:HOST:PORT`; OSError when that fails."""
        self._socket = _connected(remote, ssl_context, timeout_s)
        self._socket.settimeout(timeout_s)
        self._turn = threading.Lock()

    def send(self, data: bytes) -> None:
        """All of `data`, or OSError."""
        with self._turn:
            self._socket.sendall(data)

    def receive(self, timeout_s: float) -> bytes | None:
        """What has arrived, b"" at the end of the stream, None when nothing came in time."""
        if not isinstance(self._socket, ssl.SSLSocket):
            return self._socket.recv(CHUNK) if self._readable(timeout_s) else None
        if not self._socket.pending() and not self._readable(timeout_s):
            return None
        with self._turn:  # a TLS session must not be read and written at the same time
            return self._socket.recv(CHUNK)

    def _readable(self, timeout_s: float) -> bool:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(timeout_s * 1000))

    def shut(self) -> None:
        """Wake the reader with the end of the stream; any thread may."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        """Give the stream back; only the reader may."""
        self._socket.close()


def _connected(remote: str, ssl_context: ssl.SSLContext | None, timeout_s: float) -> socket.socket:
    kind, _, where = remote.partition(":")
    if kind == "unix":
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connected.settimeout(timeout_s)
        try:
            connected.connect(where)
        except OSError:
            connected.close()
            raise
        return connected
    if kind not in ("tcp", "ssl"):
        raise ValueError(f"not an OVSDB remote: {remote!r}; write unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT")
    host, _, port = where.rpartition(":")
    plain = socket.create_connection((host.strip("[]"), int(port)), timeout_s)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if kind == "tcp":
        return plain
    context = ssl_context or ssl.create_default_context()
    try:
        return context.wrap_socket(plain, server_hostname=host.strip("[]"))
    except OSError:
        plain.close()
        raise
