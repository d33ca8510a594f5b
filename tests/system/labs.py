"""Labs of a test's own, up beside the one that all share."""

from dataclasses import replace
from pathlib import Path

from weft.lab import life
from weft.lab.layout import HostSpec, Lab


def lab_beside(word: str, *hosts: HostSpec) -> Lab:
    """A lab of `hosts` that shares no name with another: its own ends in `word`. It is not up yet."""
    shared = life.default_lab()
    name = f"{shared.name}{word}"
    return replace(shared, root=Path(f"/var/lib/{name}-lab"), hosts=hosts, prefix=f"{name}-")
