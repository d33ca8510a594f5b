"""A service's two words with systemd: the sockets that it was given, and how it is doing."""

import fcntl
import os
import socket
from pathlib import Path

from weft.settings import SupervisorSettings

_FIRST = 3
"""Passed descriptors begin here: SD_LISTEN_FDS_START of sd_listen_fds(3)."""


def given_sockets(supervisor: SupervisorSettings) -> tuple[socket.socket, ...]:
    """The listening sockets that were passed to this very process (sd_listen_fds(3)); none without systemd.

    To be called once: the sockets take the descriptors over.
    """
    if supervisor.listen_pid != os.getpid():
        return ()
    taken = []
    for descriptor in range(_FIRST, _FIRST + supervisor.listen_fds):
        fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        taken.append(socket.socket(fileno=descriptor))
    return tuple(taken)


def tell(supervisor: SupervisorSettings, *said: str) -> None:
    """Send assignments like `READY=1` (sd_notify(3)); without a supervisor, or if it is gone, nothing."""
    if not supervisor.notify_socket:
        return
    # A leading @ stands for the NUL byte that begins an abstract address (unix(7)).
    address = supervisor.notify_socket.replace("@", "\0", 1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervising:
        try:
            supervising.sendto("\n".join(said).encode(), address)
        except OSError:
            return


def watchdog_s(supervisor: SupervisorSettings) -> float | None:
    """How often to say `WATCHDOG=1`, or None if nobody listens: half the limit (sd_watchdog_enabled(3))."""
    if supervisor.watchdog_usec is None or supervisor.watchdog_pid not in (None, os.getpid()):
        return None
    return supervisor.watchdog_usec / 2_000_000


def is_booted() -> bool:
    """Whether systemd runs this machine (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir()
