"""Commands and daemons on the lab's hosts."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from weft.lab.layout import LabError, LabHost

_tick = threading.Event()


def local(*argv: str, timeout_s: float = 60) -> str:
    """Run a command on this machine; what it printed. LabError with its stderr when it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout_s, check=False)
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)} failed ({done.returncode}): {done.stderr.strip()}")
    return done.stdout


def entering(host: LabHost, argv: Sequence[str]) -> list[str]:
    """The command line that runs `argv` on `host`, as ssh would.

    `nsenter` and not `ip netns exec`: that one mounts a new /sys, in which a container engine finds no
    control groups.
    """
    booted = [f"--{kind}={path}" for kind, path in host.machine_namespaces.items() if path.exists()]
    return [
        "nsenter",
        f"--net=/run/netns/{host.namespace}",
        f"--mount={host.mount_namespace}",
        *booted,
        "--wd=/",
        "--",
        *argv,
    ]


def try_on(
    host: LabHost, *argv: str, timeout_s: float = 60, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command on `host` and return what came of it, whatever that was."""
    return subprocess.run(
        entering(host, argv),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        input=stdin,
        check=False,
    )


def run_on(host: LabHost, *argv: str, timeout_s: float = 60, stdin: str | None = None) -> str:
    """Run a command on `host`; what it printed. LabError with its stderr when it fails."""
    done = try_on(host, *argv, timeout_s=timeout_s, stdin=stdin)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise LabError(f"on {host.name}: {' '.join(argv)} failed ({done.returncode}): {said}")
    return done.stdout


def start_on(
    host: LabHost, name: str, argv: Sequence[str], environment: Mapping[str, str] | None = None
) -> int:
    """Start a program that stays in the foreground, detached from us; its process id.

    Output goes to `name`.log of the host; the process id is kept in `name`.lab-pid of its /run.
    """
    with (host.logs / f"{name}.log").open("ab") as output:
        process = subprocess.Popen(
            entering(host, ["env", *(f"{k}={v}" for k, v in (environment or {}).items()), *argv]),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    (host.run / f"{name}.lab-pid").write_text(str(process.pid))
    reap(process)
    return process.pid


def reap(process: "subprocess.Popen[bytes]") -> None:
    """Collect the exit status when the time comes, so that no zombie stays."""
    threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()


def signal_on(host: LabHost, name: str, sig: int) -> None:
    """Send a signal to what `start_on` started under `name`."""
    _signal(_pid_of(host, name), sig)


def _pid_of(host: LabHost, name: str) -> int:
    return int((host.run / f"{name}.lab-pid").read_text())


def stop_on(host: LabHost, name: str, sig: int = signal.SIGTERM, timeout_s: float = 15) -> None:
    """End what `start_on` started under `name`; LabError when it does not end."""
    pid = _pid_of(host, name)
    _signal(pid, sig)
    until(lambda: not is_running(pid), f"{name} on {host.name} to end", timeout_s=timeout_s)


def is_running(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _signal(pid: int, sig: int) -> None:
    try:
        os.kill(pid, sig)
    except ProcessLookupError:
        return


def until(holds: Callable[[], object], what: str, *, timeout_s: float, log: Path | None = None) -> None:
    """Wait until `holds()` is true; LabError that says what did not happen, and the log's end."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise LabError(f"waited {timeout_s:g} s in vain for {what}{_tail(log)}")
        _tick.wait(0.05)


def _tail(log: Path | None) -> str:
    if log is None or not log.exists():
        return ""
    return f"; {log} ends with:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:])


def end_all(pids: Sequence[int], *, timeout_s: float = 10) -> None:
    """End processes, politely first; returns when none is left."""
    for sig, patience in ((signal.SIGTERM, timeout_s), (signal.SIGKILL, 5.0)):
        alive = [pid for pid in pids if is_running(pid)]
        for pid in alive:
            _signal(pid, sig)
        deadline = time.monotonic() + patience
        while any(is_running(pid) for pid in alive) and time.monotonic() < deadline:
            _tick.wait(0.02)
