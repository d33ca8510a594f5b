"""Whether a server runs from this machine's installation: each holds a lock for as long as it lives."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weft.model.errors import Conflict


@contextmanager
def running(state_dir: Path) -> Iterator[None]:
    """Inside, a server runs. Several may. Raises Conflict while `stopped` holds."""
    with _locked(state_dir, fcntl.LOCK_SH, "the installation is being restored; wait until it is"):
        yield


@contextmanager
def stopped(state_dir: Path) -> Iterator[None]:
    """Inside, no server can start here. Raises Conflict if one runs."""
    with _locked(
        state_dir, fcntl.LOCK_EX, "a server is running here; stop it first: systemctl stop weft-server"
    ):
        yield


@contextmanager
def _locked(state_dir: Path, how: int, refused: str) -> Iterator[None]:
    """The kernel lets go of the lock with the process, however it ends (flock(2))."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (state_dir / "server.lock").open("ab") as file:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(refused) from error
        yield
