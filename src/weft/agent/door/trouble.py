"""Why this host has no door, where it should have one: for whoever looks at the host."""

from pathlib import Path

FILE = "door.trouble"
"""In the agent's run_dir, while there is trouble."""


def tell(path: Path, why: str) -> None:
    """Leave word of it; empty when all is well."""
    if why:
        path.write_text(why)
    else:
        path.unlink(missing_ok=True)


def told(path: Path) -> str:
    """What was left word of; empty when all is well."""
    try:
        return path.read_text()
    except OSError:
        return ""
