"""Ports of the host, held for what is published: nobody else gets them, and who has one keeps it.

A socket that is bound and never listens is enough. What comes for the port goes to the workload before the
kernel would look for a socket.
"""

import socket
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from weft.model.errors import HostPortTaken
from weft.model.policy import Protocol
from weft.model.publication import Publication

_KINDS = {Protocol.TCP: socket.SOCK_STREAM, Protocol.UDP: socket.SOCK_DGRAM}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A port that is to be published under one from `first` to `last` of the host; 0 is any that is free."""

    protocol: Protocol
    port: int
    first: int = 0
    last: int = 0
    host_address: IPv4Address | None = None

    @classmethod
    def just(cls, one: Publication) -> "Asked":
        """Nothing but `one`."""
        port = one.host_port
        return cls(protocol=one.protocol, port=one.port, first=port, last=port, host_address=one.host_address)


class HostPorts:
    """The ports that are held, by owner. May be used from several threads."""

    def __init__(self) -> None:
        """None yet."""
        self._lock = threading.Lock()
        self._held: dict[str, list[socket.socket]] = {}

    def take(self, owner: str, asked: Iterable[Asked]) -> tuple[Publication, ...]:
        """Hold a port for each of `asked`, in place of what is held. All or none. Raises HostPortTaken."""
        with self._lock:
            self._release(owner)
            held = self._held[owner] = []
            found = []
            try:
                for one in asked:
                    bound = _bound(one)
                    held.append(bound)
                    found.append(_publication(one, bound))
            except HostPortTaken:
                self._release(owner)
                raise
            return tuple(found)

    def release(self, owner: str) -> None:
        """Hold nothing for `owner` any more. Idempotent."""
        with self._lock:
            self._release(owner)

    def owners(self) -> Sequence[str]:
        """For whom anything is held."""
        with self._lock:
            return tuple(self._held)

    def _release(self, owner: str) -> None:
        for one in self._held.pop(owner, ()):
            one.close()


def _bound(asked: Asked) -> socket.socket:
    at = "0.0.0.0" if asked.host_address is None else str(asked.host_address)
    why = ""
    for port in range(asked.first, asked.last + 1):
        one = socket.socket(socket.AF_INET, _KINDS[asked.protocol] | socket.SOCK_CLOEXEC)
        try:
            one.bind((at, port))
        except OSError as error:
            one.close()
            why = error.strerror or str(error)
        else:
            return one
    ports = str(asked.first) if asked.first == asked.last else f"{asked.first}-{asked.last}"
    raise HostPortTaken(
        f"port {ports}/{asked.protocol} of this host cannot be published at {at}: {why}; choose another one"
    )


def _publication(asked: Asked, bound: socket.socket) -> Publication:
    return Publication(
        protocol=asked.protocol,
        host_port=int(bound.getsockname()[1]),
        port=asked.port,
        host_address=asked.host_address,
    )
