"""A way into the middle of a conversation: between a server and its database, acting at a chosen point."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Trap:
    """The piece that has `point`, on a connection that has said `mark` by then.

    It is passed on and done, or neither; `act` is run, and nothing is answered.
    """

    mark: bytes
    point: bytes
    passed_on: bool
    act: Callable[[], None]


@dataclass
class Conversation:
    """Two sockets, and whether what the database says is kept from the client."""

    client: socket.socket
    database: socket.socket
    kept: bool = False
    answered: threading.Event = field(default_factory=threading.Event)

    def end(self) -> None:
        for one in (self.client, self.database):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class Proxy:
    """Listens at `here` and passes on to `there`; both are Unix sockets."""

    def __init__(self, here: Path, there: Path) -> None:
        self.here, self.there = here, there
        self._trap: Trap | None = None
        self._open: list[Conversation] = []
        self.sprung = threading.Event()
        here.parent.mkdir(exist_ok=True)
        here.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(here))
        self._listening.listen(64)
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def trap(self, mark: bytes, point: bytes, act: Callable[[], None], *, passed_on: bool) -> None:
        """Spring once."""
        self._trap = Trap(mark, point, passed_on, act)

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in self._open:
            one.end()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            one = Conversation(client, socket.socket(socket.AF_UNIX))
            self._open.append(one)
            one.database.connect(str(self.there))
            for work in (self._ask, self._answer):
                threading.Thread(target=work, args=[one], daemon=True).start()

    def _ask(self, one: Conversation) -> None:
        said = b""
        with one.client, suppress(OSError):
            while piece := one.client.recv(1 << 20):
                said += piece
                if self._trap is not None and self._trap.mark in said and self._trap.point in piece:
                    self._spring(one, piece, self._trap)
                else:
                    one.database.sendall(piece)
        one.end()

    def _spring(self, one: Conversation, piece: bytes, trap: Trap) -> None:
        self._trap = None
        one.kept = True
        if trap.passed_on:
            one.database.sendall(piece)
            assert one.answered.wait(10), "the database did not do it"
        trap.act()
        self.sprung.set()

    def _answer(self, one: Conversation) -> None:
        with one.database, suppress(OSError):
            while piece := one.database.recv(1 << 20):
                if one.kept:
                    one.answered.set()
                else:
                    one.client.sendall(piece)
        one.end()
