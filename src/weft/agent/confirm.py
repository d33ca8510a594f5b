"""Tells the server how far this host has come: which flows are in, and whether OVN understood all of them.

A receipt counts this host only after both. The switch tells at once when flows are in, so nothing is polled.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from weft.agent.parse_errors import Unparsed
from weft.client import ClientError

log = structlog.get_logger()

AGAIN_S = 10.0
"""How often it is told without any news, for a server that did not hear or has lost it."""


class Server(Protocol):
    """What is told; `weft.client.Client` and its fake."""

    def report_progress(  # noqa: D102
        self, host: str, *, nb_cfg: int, unparsed: Sequence[tuple[str, str]]
    ) -> None: ...


class Flows(Protocol):
    """Where it is seen; Vswitch and its fake."""

    def nb_cfg(self) -> int: ...  # noqa: D102


class Complaints(Protocol):
    """What OVN did not understand; ParseErrors and its fake."""

    def look(self, nb_cfg: int) -> tuple[Unparsed, ...]: ...  # noqa: D102


class Confirmer:
    """Looks at one host; called again and again, by one thread."""

    def __init__(
        self,
        host: str,
        server: Server,
        flows: Flows,
        errors: Complaints,
        *,
        clock: Callable[[], float],
    ) -> None:
        """`server` acts as `host`; `clock` in seconds."""
        self._host, self._server, self._flows, self._errors = host, server, flows, errors
        self._clock = clock
        self._told: tuple[int, tuple[Unparsed, ...]] | None = None
        self._told_at = 0.0

    def look(self) -> None:
        """Tell how far this host is; what the server did not hear is told again. Raises OvsdbUnavailable."""
        try:
            self._confirm()
        except ClientError as error:
            if self._told is not None:
                log.warning("progress not told", why=str(error))
            self._told = None

    def _confirm(self) -> None:
        nb_cfg = self._flows.nb_cfg()
        unparsed = self._errors.look(nb_cfg)
        if (nb_cfg, unparsed) == self._told and self._clock() - self._told_at < AGAIN_S:
            return
        self._server.report_progress(
            self._host, nb_cfg=nb_cfg, unparsed=[(one.match, one.problem) for one in unparsed]
        )
        self._told, self._told_at = (nb_cfg, unparsed), self._clock()
