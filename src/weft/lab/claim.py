"""One run at a time for each lab: a lock that its process holds from bringing it up until it is down."""

import fcntl
import os
from pathlib import Path

from weft.lab.layout import Lab, LabError

PLACE = Path("/run/lock")
_held: dict[str, tuple[Path, int]] = {}
"""What this process holds. The kernel gives it back when the process ends, however it ends (flock(2))."""


def claim(lab: Lab, place: Path = PLACE) -> None:
    """Hold the lab's lock until `release` or the end of the process. Idempotent in a process.

    Raises LabError while another process holds it.
    """
    if lab.prefix in _held:
        return
    place.mkdir(parents=True, exist_ok=True)
    lock = place / f"{lab.prefix}lab.lock"
    while (descriptor := _locked(lock, lab)) is None:
        pass  # released, and its file removed, between our opening and locking it
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    _held[lab.prefix] = lock, descriptor


def release(lab: Lab) -> None:
    """Let others have the lab. Idempotent."""
    held = _held.pop(lab.prefix, None)
    if held is not None:
        lock, descriptor = held
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _locked(lock: Path, lab: Lab) -> int | None:
    """The locked file; None when it is not the one that others would lock now."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 100).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise LabError(
            f"process {holder} works with the lab {lab.name}; wait for it to end, "
            "or name another lab by WEFT_LAB_NAME"
        ) from None
    try:
        if lock.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
    except FileNotFoundError:
        pass
    os.close(descriptor)
    return None
