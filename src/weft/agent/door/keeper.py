"""Keep this host's door equal to what the server says, and as it was while the server is away."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from weft.agent.door.kernel import DoorFailed
from weft.agent.door.ruleset import DEVICE, Landing
from weft.client import ClientError, Door

log = structlog.get_logger()

ASK_S = 2.0
"""How often the server is asked."""
CHECK_S = 10.0
"""How long the door may be damaged: another firewall flushed every rule, Docker began anew."""


class Switch(Protocol):
    """What is asked of Open vSwitch; Vswitch and its fake."""

    def keep_internal(self, name: str, port_id: str, *, mac: str, mtu: int) -> None: ...  # noqa: D102
    def drop_internal(self, name: str) -> None: ...  # noqa: D102


class DoorKernel(Protocol):
    """What is asked of the kernel; `Kernel` and its fake."""

    def is_in_place(self, door: Door) -> bool: ...  # noqa: D102
    def open(self, door: Door, landings: Sequence[Landing]) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How things are to be, or are."""

    door: Door | None
    landings: tuple[Landing, ...] = ()


class Keeper:
    """The door's keeper; the door stays when the agent ends. May be used from several threads."""

    def __init__(
        self,
        ask: Callable[[], Door | None],
        switch: Switch,
        kernel: DoorKernel,
        *,
        landings: Callable[[], Sequence[Landing]],
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is known, and so nothing is done, before the server has answered once.

        `ask` asks the server for the door, and raises ClientError; `landings` says what is published on this
        host now; `tell` hears what is wrong with the door, and empty when that is over.
        """
        self._ask_server, self._switch, self._kernel = ask, switch, kernel
        self._landings, self._tell, self._clock = landings, tell, clock
        self._lock = threading.Lock()
        self._asked: float | None = None
        self._said: _Wanted | None = None
        self._kept: _Wanted | None = None
        self._checked: float | None = None
        self._trouble: str | None = None

    def look(self) -> None:
        """Ask if it is time, compare, and put right what differs. Raises OvsdbUnavailable."""
        with self._lock:
            if self._asked is None or self._clock() - self._asked >= ASK_S:
                try:
                    self._ask()
                except ClientError as error:
                    log.debug("door not asked for", why=str(error))
            try:
                self._keep()
            except DoorFailed as error:
                self._checked = None
                self._note(error.message)
            else:
                self._note("")

    def settle(self, network_id: str) -> None:
        """Have what is published on a network in place now.

        Raises DoorFailed, also while the network does not leave by the door; ClientError, OvsdbUnavailable.
        """
        with self._lock:
            if not self._leads_to(network_id):
                self._ask()
            if not self._leads_to(network_id):
                raise DoorFailed(
                    "the network does not leave by this host, so that nothing is published on it: "
                    "weft router gateway set ROUTER --network host"
                )
            self._keep()

    def _note(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._tell(trouble)
            if trouble:
                log.error("nothing leaves by this host", why=trouble)
        self._trouble = trouble

    def _leads_to(self, network_id: str) -> bool:
        door = None if self._said is None else self._said.door
        return door is not None and any(network_id in router.networks for router in door.routers)

    def _ask(self) -> None:
        self._asked = self._clock()
        self._said = _Wanted(self._ask_server())

    def _keep(self) -> None:
        if self._said is None:
            return
        wanted = _Wanted(self._said.door, tuple(self._landings()))
        now = self._clock()
        due = self._checked is None or now - self._checked >= CHECK_S
        if wanted == self._kept and not due:
            return
        if wanted.door is None:
            if self._kept is None or self._kept.door is not None:
                self._kernel.close()
                self._switch.drop_internal(DEVICE)
                log.info("no door", device=DEVICE)
        else:
            door = wanted.door
            self._switch.keep_internal(DEVICE, door.port_id, mac=door.mac, mtu=door.mtu)
            if wanted != self._kept or not self._kernel.is_in_place(door):
                self._kernel.open(door, wanted.landings)
                log.info("door open", routers=len(door.routers), published=len(wanted.landings))
        self._kept, self._checked = wanted, now
