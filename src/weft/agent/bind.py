"""Ports that somebody else plugs by their id: libvirt for its domains, a person for QEMU.

Whoever puts an interface with a declared port's id on br-int brings the port to this host. The agent only
tells the server, so that the port is bound here and nowhere else.
"""

import json
import threading
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from uuid import UUID

import structlog

from weft.agent.journal import Journal
from weft.agent.vswitch import Vswitch
from weft.client import Client, ClientError, ProblemError
from weft.ovsdb import OvsdbUnavailable

log = structlog.get_logger()

RETRY_S = 1.0
PERIOD_S = 2.0
"""A port may be declared after its interface is there: what was refused is asked for again."""
PATIENCE_S = 5.0
"""Ids that libvirt invents are refused at first, until the domain's port is made; nobody needs to know."""


@dataclass
class _Refused:
    """Since when an id is refused, when it is to be tried again, and whether anybody was told."""

    since: float
    again: float
    told: bool = False


class Binder:
    """A thread that keeps the server's bindings equal to what is plugged here.

    Ports with a lease are left out: who got the lease has bound them. What was bound is noted on disk, so
    that a port whose interface went while the agent was away is let go.
    """

    def __init__(self, host: str, client: Client, switch: Vswitch, *, journal: Journal, kept: Path) -> None:
        """`client` acts as `host`; `kept` is the file of what is bound."""
        self._host, self._client, self._switch, self._journal = host, client, switch, journal
        self._kept = kept
        self._bound: set[str] = _read(kept)
        self._refused: dict[str, _Refused] = {}
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
                leased = {lease.port_id for lease in self._journal.leases()}
                self._compare(self._switch.foreign() - leased, leased)
                seen = self._switch.wait_for_change(seen, PERIOD_S)
            except (OvsdbUnavailable, ClientError) as error:
                log.warning("bindings not told", reason=str(error))
                self._stopping.wait(RETRY_S)
            except Exception:
                log.exception("bindings not told: the agent has a fault")
                self._stopping.wait(RETRY_S)

    def _compare(self, plugged: Set[str], leased: Set[str]) -> None:
        self._note(self._bound - leased)
        self._refused = {port_id: one for port_id, one in self._refused.items() if port_id in plugged}
        later = {port_id for port_id, one in self._refused.items() if monotonic() < one.again}
        for port_id in sorted(plugged - self._bound - later):
            if self._tell(self._client.bind, port_id):
                self._note(self._bound | {port_id})
                log.info("port bound", port_id=port_id)
        for port_id in sorted(self._bound - plugged):
            self._tell(self._client.unbind, port_id)
            self._refused.pop(port_id, None)
            self._note(self._bound - {port_id})
            log.info("port unbound", port_id=port_id)

    def _tell(self, say: Callable[[str, str], None], port_id: str) -> bool:
        """False when the server refuses, or when the id is not one of Weft's."""
        try:
            say(self._host, str(UUID(port_id)))
        except (ProblemError, ValueError) as error:
            now = monotonic()
            refused = self._refused.setdefault(port_id, _Refused(since=now, again=now))
            refused.again = now + PERIOD_S
            if now - refused.since > PATIENCE_S and not refused.told:
                log.warning("binding refused", port_id=port_id, reason=str(error))
                refused.told = True
            return False
        self._refused.pop(port_id, None)
        return True

    def _note(self, bound: Set[str]) -> None:
        if bound != self._bound:
            self._bound = set(bound)
            new = self._kept.with_suffix(".new")
            new.write_text(json.dumps(sorted(bound)))
            new.replace(self._kept)


def _read(kept: Path) -> set[str]:
    """What was bound; a file that cannot be read costs a binding that a person must undo, and no start."""
    try:
        return {str(port_id) for port_id in json.loads(kept.read_text())}
    except FileNotFoundError:
        return set()
    except (ValueError, TypeError) as error:
        log.warning("bindings of old not known", file=str(kept), reason=str(error))
        return set()
