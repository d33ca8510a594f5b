"""weft port counters: what an endpoint sent and received, beside its limit."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from weft.cli.command import command
from weft.cli.hits import size
from weft.cli.quantity import rate_text
from weft.cli.render import Format
from weft.cli.session import Session

_DIRECTIONS = ("sent", "received")
_UNITS = ("kbit/s", "Mbit/s", "Gbit/s", "Tbit/s")


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(app, "counters", "weft port counters gloomy_jang", "weft port counters db1 -o json")(counters)


def counters(session: Session, name: Annotated[str, typer.Argument(help="The endpoint (port).")]) -> None:
    """Show what an endpoint (port) sent and received, how fast lately, and its limit."""
    with session.connect() as client:
        found = client.request("GET", "ports", name, "counters", query=session.scope()).body
    if session.form is not Format.TABLE:
        session.emit(found)
        return
    session.draw(drawn(found))
    for line in caveats(found):
        session.say(line)


def drawn(found: Mapping[str, Any]) -> Table:
    """A line for each direction, seen from the workload."""
    table = Table("", "NOW", "MOST", "LIMIT", "TOTAL", "LOST", box=None, pad_edge=False, header_style="bold")
    for direction in _DIRECTIONS:
        rates = [sample[f"{direction}_kbps"] for sample in found["samples"]]
        limit = (found["limit"] or {}).get(f"{direction}_kbps")
        total = found[direction]
        table.add_row(
            Text(direction, style="bold"),
            Text(rate(rates[-1]) if rates and not found["silent"] else "unknown"),
            Text(rate(max(rates)) if rates else "unknown"),
            Text("none" if limit is None else rate_text(limit)),
            Text("unknown" if total is None else f"{size(total['bytes'])} in {total['packets']:,} packets"),
            Text("unknown" if total is None else f"{total['dropped']:,}"),
        )
    return table


def caveats(found: Mapping[str, Any]) -> Iterator[str]:
    """What whoever reads the numbers has to know."""
    if found["limit"] is not None:
        whose = "of its network" if found["limit"]["of_network"] else "its own"
        yield f"Limit: QoS policy {found['limit']['qos_policy']}, {whose}. `sent` is counted before it."
    samples = found["samples"]
    if samples:
        first, last = (datetime.fromisoformat(samples[end]["at"]) for end in (0, -1))
        span = (last - first).total_seconds() + samples[0]["seconds"]
        yield f"MOST is of the last {span:.0f} s, over {samples[-1]['seconds']:.0f} s each."
    if found["host"] is None:
        yield "It is on no host: nobody counts."
    elif found["silent"]:
        yield f"{found['host']} has not told lately: what its endpoints do now is unknown."


def rate(kbps: float) -> str:
    """As in: 1.2 Mbit/s."""
    unit = 0
    while kbps >= 1000 and unit < len(_UNITS) - 1:
        kbps, unit = kbps / 1000, unit + 1
    return f"{kbps:.3g} {_UNITS[unit]}" if kbps < 100 else f"{kbps:.0f} {_UNITS[unit]}"
