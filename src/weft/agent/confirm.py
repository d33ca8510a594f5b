"""Tells the server how far this host has come, and ends the connections that it must end by then.

A receipt counts this host when its flows are in, OVN has understood all of them, and no connection runs on
that they do not allow. The switch tells at once when flows are in, so nothing is polled.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from weft.agent.flush import Tracking, flush
from weft.agent.parse_errors import Unparsed
from weft.agent.unixctl import CommandRefused, DaemonUnreachable
from weft.client import ClientError, FlushWork, ProgressTold

log = structlog.get_logger()

AGAIN_S = 10.0
"""How often it is told without any news, for a server that did not hear or has lost it."""
PAUSES_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
"""Between two tries to settle what is new; afterwards it is tried less and less often."""


class Server(Protocol):
    """What is told; `weft.client.Client` and its fake."""

    def report_progress(  # noqa: D102
        self, host: str, *, nb_cfg: int, unparsed: Sequence[tuple[str, str]]
    ) -> ProgressTold: ...
    def flush_work(self, host: str) -> FlushWork: ...  # noqa: D102
    def report_flushed(self, host: str, revision: int) -> None: ...  # noqa: D102


class Flows(Protocol):
    """Where it is seen; Vswitch and its fake."""

    def nb_cfg(self) -> int: ...  # noqa: D102
    def wait_reached(self, nb_cfg: int, timeout_s: float) -> bool: ...  # noqa: D102
    def conntrack_zones(self) -> Mapping[str, int]: ...  # noqa: D102


class Complaints(Protocol):
    """What OVN did not understand; ParseErrors and its fake."""

    def look(self, nb_cfg: int) -> tuple[Unparsed, ...]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Local:
    """What the confirmer looks at on its own host; `clock` is in seconds."""

    flows: Flows
    errors: Complaints
    tracking: Tracking
    clock: Callable[[], float]


class Confirmer:
    """Looks at one host; called again and again, by one thread."""

    def __init__(self, host: str, server: Server, local: Local) -> None:
        """`server` acts as `host`."""
        self._host, self._server, self._local = host, server, local
        self._told: tuple[int, tuple[Unparsed, ...]] | None = None
        self._again_at = 0.0
        self._patience = AGAIN_S

    def look(self) -> None:
        """Tell how far this host is, and end what must end, if that is news or long ago.

        What the server did not hear is told again. Raises OvsdbUnavailable.
        """
        nb_cfg = self._local.flows.nb_cfg()
        unparsed = self._local.errors.look(nb_cfg)
        news = (nb_cfg, unparsed) != self._told
        if not news and self._local.clock() < self._again_at:
            return
        try:
            settled = self._settle(nb_cfg, unparsed, PAUSES_S if news else ())
        except (ClientError, CommandRefused, DaemonUnreachable) as error:
            if self._told is not None:
                log.warning("progress not told", why=str(error))
            self._told = None
            return
        self._told = nb_cfg, unparsed
        self._patience = AGAIN_S if settled else min(AGAIN_S, 1.0 if news else 2 * self._patience)
        self._again_at = self._local.clock() + self._patience

    def _settle(self, nb_cfg: int, unparsed: Sequence[Unparsed], pauses: Sequence[float]) -> bool:
        """Tell, and end connections, until nothing is owed; False when it still is after all `pauses`.

        Other hosts may need a moment for their flows, and the server one to note what it has just applied.
        """
        for pause in (*pauses, None):
            told = self._server.report_progress(
                self._host, nb_cfg=nb_cfg, unparsed=[(one.match, one.problem) for one in unparsed]
            )
            done = not told.flush or self._flush()
            if done and told.realised_nb_cfg >= nb_cfg:
                return True
            if pause is not None and self._local.flows.wait_reached(nb_cfg + 1, pause):
                return False  # the next look is due already
        return done

    def _flush(self) -> bool:
        """End what must end; whether that counts. It does not before every host has the flows."""
        work = self._server.flush_work(self._host)
        flush(work, self._local.flows.conntrack_zones(), self._local.tracking)
        if work.acknowledge is None:
            return False
        self._server.report_flushed(self._host, work.acknowledge)
        return True
