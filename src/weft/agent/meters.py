"""How many packets our meters kept from the log: ovn-controller knows their names, the switch counts."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from weft.agent.unixctl import CommandRefused, Daemon, DaemonUnreachable

_OURS = re.compile(r"(weft_(?:log|drop)_\w+): (\d+)")
_METER = re.compile(r"meter:(?P<id>\d+) .*?bands:\n0: packet_count:(?P<dropped>\d+) ")
_STATS_S = 10.0


class MetersUnreadable(Exception):
    """Nobody knows what they kept; the message says why."""


def read(controller: Daemon, run_dir: Path, bridge: str) -> Mapping[str, int]:
    """By the meter's name, the packets that were too many for it since it was put in.

    `run_dir` has the switch's sockets. Raises MetersUnreadable.
    """
    try:
        ids = ids_in(controller.command("meter-table-list"))
    except (DaemonUnreachable, CommandRefused) as error:
        raise MetersUnreadable(str(error)) from error
    if not ids:
        return {}
    counted = dropped_in(_stats(run_dir, bridge))
    return {name: counted[number] for name, number in ids.items() if number in counted}


def ids_in(text: str) -> Mapping[str, int]:
    """Our meters and their numbers in the switch, as `ovn-appctl meter-table-list` prints them."""
    return {found[1]: int(found[2]) for line in text.splitlines() if (found := _OURS.fullmatch(line))}


def dropped_in(text: str) -> Mapping[int, int]:
    """By the number of a meter what its band dropped, as `ovs-ofctl meter-stats` prints it."""
    return {int(found["id"]): int(found["dropped"]) for found in _METER.finditer(text)}


def _stats(run_dir: Path, bridge: str) -> str:
    argv = ("ovs-ofctl", "-O", "OpenFlow15", "meter-stats", f"unix:{run_dir / bridge}.mgmt")
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_STATS_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MetersUnreadable(f"ovs-ofctl could not be run to its end: {error}") from error
    if done.returncode != 0:
        raise MetersUnreadable(f"ovs-ofctl: {done.stderr.strip()[-300:]}")
    return done.stdout
