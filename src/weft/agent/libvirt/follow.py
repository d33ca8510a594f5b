"""The thread that speaks with libvirtd: it reconnects, and it never ends in silence."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from weft.agent.libvirt.hypervisor import Hypervisor, HypervisorUnavailable
from weft.agent.libvirt.watch import Watch

log = structlog.get_logger()

RECONNECT_S = 1.0
QUIET_S, BUSY_S = 1.0, 0.1


@dataclass
class Following:
    """How it stands, for the heartbeat."""

    now: bool = False
    trouble: str = "not connected yet"


class Connection(Hypervisor, Protocol):
    """A hypervisor that is let go of in the end."""

    def close(self) -> None: ...  # noqa: D102


@dataclass
class Follower:
    """Follows one hypervisor until it is told to end."""

    connect: Callable[[], Connection]
    """Raises HypervisorUnavailable."""
    watch: Callable[[Hypervisor], Watch]
    clock: Callable[[], float]
    resync_s: float
    state: Following

    async def run(self) -> None:
        """Until cancelled. A thread does the work; an error that ends it is raised here."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        ending = threading.Event()

        def work() -> None:
            try:
                self.follow(ending)
            except BaseException as error:  # noqa: BLE001 - whatever it is, the agent must not miss it
                loop.call_soon_threadsafe(_fail, ended, error)

        threading.Thread(target=work, name="libvirt", daemon=True).start()
        try:
            await ended
        finally:
            ending.set()

    def follow(self, ending: threading.Event) -> None:
        """Connect, and again whenever the connection is lost or a pass fails, until `ending`."""
        while not ending.is_set():
            try:
                self._session(ending)
            except HypervisorUnavailable as error:
                if self.state.now or self.state.trouble != str(error):
                    log.warning("libvirt not followed", why=str(error))
                self._stands(str(error))
            except Exception as error:
                log.exception("libvirt not followed: the agent has a fault")
                self._stands(f"fault: {error!r}")
            ending.wait(RECONNECT_S)

    def _session(self, ending: threading.Event) -> None:
        connection = self.connect()
        try:
            watch = self.watch(connection)
            watch.resync()
            resync_at = self.clock() + self.resync_s
            self.state.now, self.state.trouble = True, ""
            log.info("libvirt followed", engine=connection.engine)
            while not ending.is_set():
                watch.take(connection.news(BUSY_S if watch.busy else QUIET_S))
                if self.clock() >= resync_at:
                    watch.resync()
                    resync_at = self.clock() + self.resync_s
        finally:
            connection.close()

    def _stands(self, trouble: str) -> None:
        self.state.now, self.state.trouble = False, trouble


def _fail(future: asyncio.Future[None], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
