"""Look at this machine, and change nothing. What cannot be found out is left out."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from weft.agent import pulse
from weft.agent.door.trouble import FILE, told
from weft.agent.health import engines, openvswitch, underlay
from weft.agent.health.facts import (
    Controller,
    Disk,
    Facts,
    Membership,
    Server,
    Switch,
    Tunnel,
    Unit,
    Versions,
)
from weft.agent.health.openvswitch import Seen
from weft.agent.health.wire import OVERHEAD
from weft.agent.manual.messages import SOCKET
from weft.agent.unixctl import CommandRefused, Daemon, DaemonUnreachable
from weft.ovsdb import Connection, OvsdbError, OvsdbUnavailable
from weft.settings import AgentSettings
from weft.systemd import is_booted
from weft.trust import valid_until

UNITS = ("weft-agent.socket", "weft-agent-fallback.service", "weft-agent.service")
PULSE = "tunnels.json"
"""In the agent's run_dir: what it hears of its peers."""
_SYSTEM_ID = Path("/etc/openvswitch/system-id.conf")
_MODULE = Path("/sys/module/openvswitch")
_SWITCH_S = 3.0
_PATIENCE_S = 5

_T = TypeVar("_T")


def gather(settings: AgentSettings, membership: Membership | None, ask: Callable[[], Server] | None) -> Facts:
    """Everything the checks want to know. `ask` asks the server; None on a machine that has not joined."""
    seen = _switch(settings.ovsdb)
    server = None if ask is None else ask()
    return Facts(
        now=datetime.now(UTC),
        versions=_versions(settings, seen),
        kernel_datapath=_MODULE.exists(),
        membership=membership,
        boot_id=_text(_SYSTEM_ID),
        switch=None if seen is None else _with_tunnels(settings, seen, server),
        underlay=None if seen is None else underlay.look(seen),
        controller=_controller(settings),
        server=server,
        docker=engines.docker(settings.docker_socket),
        agent_runs=engines.is_locked(settings.run_dir / "agent.lock"),
        units=_units() if is_booted() else None,
        certificates=_certificates(settings),
        socket_modes=_modes([settings.plugin_dir / "weft.sock", settings.run_dir / SOCKET]),
        door_trouble=told(settings.run_dir / FILE),
        disks=tuple(_disks([settings.state_dir, Path("/var/log"), Path("/run"), Path("/etc")])),
    )


def _switch(remote: str) -> Seen | None:
    try:
        with Connection(remote, "Open_vSwitch", {}) as connection:
            connection.ready(_SWITCH_S)
            return openvswitch.look(connection)
    except (OvsdbUnavailable, OvsdbError):
        return None


def _with_tunnels(settings: AgentSettings, seen: Seen, server: Server | None) -> Switch:
    silence = pulse.read(settings.run_dir / PULSE, time.monotonic())
    largest = None if server is None else server.largest_mtu
    whole = None if largest is None else largest + OVERHEAD

    def tunnel(port: openvswitch.TunnelPort) -> Tunnel:
        answers = underlay.answers(port.address)
        carries = underlay.answers(port.address, octets=whole) if answers and whole is not None else None
        return Tunnel(
            peer=port.peer,
            address=port.address,
            encapsulation=port.encapsulation,
            error=port.error,
            answers=answers,
            carries=carries,
            silent_s=silence.get(port.address),
        )

    return Switch(
        external_ids=seen.external_ids,
        other_config=seen.other_config,
        datapath=seen.datapath,
        tunnels=tuple(_side_by_side(tunnel, seen.tunnels)),
    )


def _side_by_side(
    work: Callable[[openvswitch.TunnelPort], _T], ports: Iterable[openvswitch.TunnelPort]
) -> list[_T]:
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(work, ports))


def _versions(settings: AgentSettings, seen: Seen | None) -> Versions:
    return Versions(
        kernel=said("uname", "-r"),
        openvswitch=None if seen is None else seen.version or _last_word(said("ovs-vswitchd", "--version")),
        ovn=_last_word(said("ovn-controller", "--version")),
        docker=engines.docker_version(settings.docker_socket),
        libvirt=_last_word(said("libvirtd", "--version")),
    )


def _last_word(text: str) -> str | None:
    """The last word of the first line, where programs put their version; None if there is none."""
    words = text.partition("\n")[0].split()
    return words[-1] if words else None


def _controller(settings: AgentSettings) -> Controller:
    try:
        status = Daemon("ovn-controller", settings.ovn_run_dir).command("connection-status")
        connected: bool | None = status.strip() == "connected"
    except (DaemonUnreachable, CommandRefused):
        connected = None
    stop = said("systemctl", "show", "-p", "ExecStop", "ovn-controller.service") if is_booted() else None
    return Controller(connected=connected, stop_command=stop)


def _units() -> Mapping[str, Unit]:
    return {
        unit: Unit(
            active=said("systemctl", "is-active", unit).strip() == "active",
            enabled=said("systemctl", "is-enabled", unit).strip() == "enabled",
        )
        for unit in UNITS
    }


def _certificates(settings: AgentSettings) -> Mapping[str, datetime | None]:
    files = [file for file in (settings.certificate_file, settings.ca_file) if file is not None]
    return {str(file): _end(file) for file in files}


def _end(file: Path) -> datetime | None:
    try:
        return valid_until(file.read_text())
    except (OSError, ValueError):
        return None


def _modes(paths: Iterable[Path]) -> Mapping[str, int]:
    return {str(path): path.stat().st_mode & 0o777 for path in paths if path.exists()}


def _disks(paths: Iterable[Path]) -> Iterable[Disk]:
    """One for each file system."""
    known: set[int] = set()
    for path in paths:
        if path.exists() and (device := path.stat().st_dev) not in known:
            known.add(device)
            usage = shutil.disk_usage(path)
            yield Disk(path=str(path), free_bytes=usage.free, free_share=usage.free / max(usage.total, 1))


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip() or None
    except OSError:
        return None


def said(*argv: str) -> str:
    """What a program prints; nothing when there is no such program, or it does not end."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_PATIENCE_S).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
