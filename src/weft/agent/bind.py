"""Ports that somebody else plugs: libvirt for its domains, a person for QEMU.

Whoever puts an interface with a port's id on br-int brings the port to this host. The agent only tells the
server, so that the port is bound here and nowhere else.
"""

import threading
from collections.abc import Callable
from uuid import UUID

import structlog

from weft.agent.vswitch import Vswitch
from weft.client import Client, ProblemError, ServerUnreachable
from weft.ovsdb import OvsdbUnavailable

log = structlog.get_logger()
RETRY_S = 1.0


class Binder:
    """A thread that keeps the server's bindings equal to what is plugged here."""

    def __init__(self, host: str, client: Client, switch: Vswitch) -> None:
        """`client` acts as `host`."""
        self._host, self._client, self._switch = host, client, switch
        self._bound: set[str] = set()
        self._refused: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="binder", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is bound stays bound."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        seen = 0
        while not self._stopping.is_set():
            try:
                self._compare(self._switch.foreign())
            except (OvsdbUnavailable, ServerUnreachable) as error:
                log.warning("bindings not told", reason=str(error))
                self._stopping.wait(RETRY_S)
                continue
            seen = self._switch.wait_for_change(seen, 1.0)

    def _compare(self, plugged: frozenset[str]) -> None:
        self._refused &= plugged
        for port_id in sorted(plugged - self._bound - self._refused):
            if self._tell(self._client.bind, port_id):
                self._bound.add(port_id)
                log.info("port bound", port_id=port_id)
            else:
                self._refused.add(port_id)
        for port_id in sorted(self._bound - plugged):
            self._tell(self._client.unbind, port_id)
            self._bound.discard(port_id)
            log.info("port unbound", port_id=port_id)

    def _tell(self, say: Callable[[str, str], None], port_id: str) -> bool:
        """False when the server refuses, or when the id is not one of Weft's."""
        try:
            say(self._host, str(UUID(port_id)))
        except (ProblemError, ValueError) as error:
            log.warning("binding refused", port_id=port_id, reason=str(error))
            return False
        return True
