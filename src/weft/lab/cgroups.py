"""The control groups of the lab's containers, on either version of the kernel's interface (cgroups(7))."""

import errno
from functools import partial
from pathlib import Path

from weft.lab.processes import end_all, until

ROOT = Path("/sys/fs/cgroup")


def parents(prefix: str, root: Path = ROOT) -> list[Path]:
    """The groups that begin with `prefix`: one on version 2, one for each hierarchy on version 1.

    Only directly below the top: further down, a unit of the machine itself may bear such a name. The lab's
    names have no dots, systemd's units always have one.
    """
    unified = (root / "cgroup.controllers").exists()
    found = root.glob(f"{prefix}*" if unified else f"*/{prefix}*")
    return sorted(group for group in found if group.is_dir() and "." not in group.name)


def remove(prefix: str, root: Path = ROOT) -> None:
    """End what runs in these groups (containers whose engine was killed), then remove them. Idempotent."""
    groups = [group for top in parents(prefix, root) for group in (top, *top.rglob("*")) if group.is_dir()]
    end_all(sorted({pid for group in groups for pid in _processes_of(group)}), timeout_s=0.5)
    for group in sorted(groups, key=lambda path: len(path.parts), reverse=True):
        until(partial(_is_removed, group), f"control group {group} to be empty", timeout_s=5)


def _processes_of(group: Path) -> list[int]:
    try:
        return [int(pid) for pid in (group / "cgroup.procs").read_text().split()]
    except FileNotFoundError:
        return []


def _is_removed(group: Path) -> bool:
    """Remove `group`; False while the kernel still counts a process that has just ended."""
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return False
    return True
