"""Starting and stopping what runs on a host: by systemd, or by whoever reads what is to be done."""

import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from weft.host.record import put
from weft.host.unitfiles import AGENT, CONTROLLER, DROP_IN, FALLBACK, SOCKET
from weft.model.errors import WeftError

_LONG_S = 120.0
OURS = (AGENT, FALLBACK, SOCKET)
BUNDLES = ("ovn-host.service", CONTROLLER)
"""What starts ovn-controller with the machine: Debian's bundle, or the daemon's own unit."""


class ServiceFailed(WeftError):
    """A service did not do as it was told; the message has what it said."""

    code = "service_failed"


class Services(Protocol):
    """What a join and a leave ask for. Every verb is idempotent, and raises ServiceFailed."""

    def controller_runs(self) -> bool: ...  # noqa: D102
    def controller_enabled(self) -> bool: ...  # noqa: D102
    def install(self, units: Mapping[Path, str]) -> None: ...  # noqa: D102
    def remove(self, units: Mapping[Path, str]) -> None: ...  # noqa: D102
    def start_controller(self) -> None: ...  # noqa: D102
    def end_controller(self) -> None: ...  # noqa: D102
    def restore_controller(self, *, ran: bool, enabled: bool) -> None: ...  # noqa: D102
    def start_agent(self) -> None: ...  # noqa: D102
    def stop_agent(self) -> None: ...  # noqa: D102


class Systemd:
    """systemctl(1)."""

    def controller_runs(self) -> bool:
        """Whether ovn-controller runs now."""
        return _systemctl("is-active", "--quiet", CONTROLLER).returncode == 0

    def controller_enabled(self) -> bool:
        """Whether it starts with the machine."""
        return any(_systemctl("is-enabled", "--quiet", unit).returncode == 0 for unit in BUNDLES)

    def install(self, units: Mapping[Path, str]) -> None:
        """Write units and drop-ins, and have systemd read them."""
        for path, text in units.items():
            put(path, text)
        _do("daemon-reload")

    def remove(self, units: Mapping[Path, str]) -> None:
        """Take units and drop-ins away, with the directory of the drop-in if nothing else is in it."""
        for path in units:
            path.unlink(missing_ok=True)
        with suppress(OSError):  # somebody has another drop-in there
            DROP_IN.parent.rmdir()
        _do("daemon-reload")

    def start_controller(self) -> None:
        """Start ovn-controller anew, now and with the machine: it reads some of its settings only then."""
        for unit in BUNDLES:
            if _systemctl("cat", unit).returncode == 0:
                _do("enable", "--quiet", unit)
                break
        _do("restart", CONTROLLER)

    def end_controller(self) -> None:
        """Stop it; without our drop-in, which has to be gone, that removes this host from OVN."""
        _do("stop", CONTROLLER)

    def restore_controller(self, *, ran: bool, enabled: bool) -> None:
        """As it was before there was us."""
        if not enabled:
            for unit in BUNDLES:
                _systemctl("disable", "--quiet", unit)
        if ran:
            _do("start", CONTROLLER)

    def start_agent(self) -> None:
        """Start the agent, now and with the machine; returns when it serves."""
        _do("enable", "--quiet", *OURS)
        _do("start", SOCKET, FALLBACK)
        _do("restart", AGENT)

    def stop_agent(self) -> None:
        """Stop agent, fallback and socket, for good."""
        known = [unit for unit in OURS if _systemctl("cat", unit).returncode == 0]
        if known:
            _do("disable", "--quiet", "--now", *known)


class ByHand:
    """A machine that systemd does not run: what is to be done is said, not done."""

    def __init__(self, say: Callable[[str], None], agent: str) -> None:
        """`agent` is the command line that starts the agent."""
        self._say, self._agent = say, agent

    def controller_runs(self) -> bool:
        """Whether ovn-controller runs now."""
        return _controller("version").returncode == 0

    def controller_enabled(self) -> bool:
        """Whoever starts it knows."""
        return False

    def install(self, units: Mapping[Path, str]) -> None:
        """There is nobody to read units."""

    def remove(self, units: Mapping[Path, str]) -> None:
        """There are none."""

    def start_controller(self) -> None:
        """Say it."""
        self._say("systemd does not run here: start ovn-controller anew yourself, now and with the machine")

    def end_controller(self) -> None:
        """Have it take this host out of OVN and end (ovn-controller(8), `exit`)."""
        if self.controller_runs():
            _controller("exit")

    def restore_controller(self, *, ran: bool, enabled: bool) -> None:
        """Say it."""
        del enabled
        if ran:
            self._say("systemd does not run here: start ovn-controller again yourself")

    def start_agent(self) -> None:
        """Say it."""
        self._say(f"systemd does not run here: start the agent yourself: {self._agent}")

    def stop_agent(self) -> None:
        """Say it."""
        self._say("systemd does not run here: stop the agent yourself")


def _controller(*argv: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["ovn-appctl", "-t", "ovn-controller", *argv],
        capture_output=True,
        text=True,
        timeout=_LONG_S,
        check=False,
    )


def _systemctl(*argv: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["systemctl", *argv], capture_output=True, text=True, timeout=_LONG_S, check=False)


def _do(*argv: str) -> None:
    done = _systemctl(*argv)
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip()
        raise ServiceFailed(f"systemctl {' '.join(argv)} failed: {said}")
