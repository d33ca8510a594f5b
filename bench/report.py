"""A report: one line per figure for people, and a file that keeps every round."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Figure, Interval, Verdict

RESULTS = Path(__file__).parent / "results"


def line(figure: Figure) -> str:
    """Value, unit, rival, ratio with its interval, goal and verdict."""
    parts = [f"{figure.name:<46} {_number(figure.value.value)} {figure.unit}"]
    if figure.rival is not None and figure.ratio is not None:
        parts.append(f"{figure.rival_name} {_number(figure.rival)} {figure.unit}")
        parts.append(f"ratio {_between(figure.ratio)}")
    else:
        parts.append(f"[{_number(figure.value.low)}, {_number(figure.value.high)}]")
    if figure.goal is not None:
        parts.append(f"goal {'≥' if figure.is_rate else '≤'} {figure.goal:g}: {figure.verdict}")
    if figure.note:
        parts.append(figure.note)
    return "  |  ".join(parts)


def _between(found: Interval) -> str:
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def keep(scenario: str, figures: Sequence[Figure], *, results: Path = RESULTS) -> Path:
    """Write the run's file, and add its lines to the history; the file's path."""
    results.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    machine = machine_facts()
    told = [{**asdict(figure), "verdict": figure.verdict.value} for figure in figures]
    path = results / f"{now:%Y-%m-%d-%H%M%S}-{scenario}.json"
    path.write_text(
        json.dumps({"scenario": scenario, "at": now.isoformat(), "machine": machine, "figures": told}) + "\n"
    )
    with (results / "history.txt").open("a") as history:
        history.write(f"\n{now:%Y-%m-%d %H:%M} {scenario}: {machine['cpu']}, {machine['cores']} cores, ")
        history.write(f"load {machine['load']}, commit {machine['commit']}\n")
        history.writelines(f"  {line(figure)}\n" for figure in figures)
    return path


def machine_facts() -> dict[str, object]:
    """What one must know of the machine to read its numbers."""
    return {
        "cpu": _first("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_gb": round(int(_first("/proc/meminfo", "MemTotal").split()[0]) / 2**20),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": " ".join(f"{each:.1f}" for each in os.getloadavg()),
        "ovn": _said("ovn-nbctl", "--version"),
        "openvswitch": _said("ovs-vsctl", "--version"),
        "docker": _said("docker", "--version"),
        "commit": _said("git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"),
    }


def _first(path: str, key: str) -> str:
    for text in Path(path).read_text().splitlines():
        if text.startswith(key):
            return text.partition(":")[2].strip()
    return "0"


def _said(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError:
        return "not there"
    return (done.stdout.strip().splitlines() or ["?"])[0]


def missed(figures: Sequence[Figure]) -> list[Figure]:
    """Those whose goal is certainly missed."""
    return [figure for figure in figures if figure.verdict is Verdict.MISSED]
