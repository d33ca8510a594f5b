"""A thread that looks every second, and whenever the switch changed if that may be what it looks for."""

import threading
from collections.abc import Callable
from typing import Protocol

from weft.ovsdb import OvsdbUnavailable

LOOK_S = 1.0


class Changes(Protocol):
    """What is asked of Open vSwitch; Vswitch."""

    def wait_for_change(self, seen: int, timeout_s: float) -> int: ...  # noqa: D102


class Looking:
    """One such thread, from `start` to `stop`."""

    def __init__(self, name: str, look: Callable[[], None], switch: Changes | None = None) -> None:
        """`look` may raise OvsdbUnavailable: then it is asked again later.

        Without `switch` it is looked every second only: what has a time of its own need not be woken by every
        change of OVN's, when others have a receipt to give.
        """
        self._look, self._switch = look, switch
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when no look is under way."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        seen = 0
        while not self._stopping.is_set():
            try:
                self._look()
            except OvsdbUnavailable:
                self._stopping.wait(LOOK_S)
            else:
                seen = self._rest(seen)

    def _rest(self, seen: int) -> int:
        if self._switch is not None:
            return self._switch.wait_for_change(seen, LOOK_S)
        self._stopping.wait(LOOK_S)
        return seen
