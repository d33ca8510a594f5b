"""weft drops: what was dropped, rejected or logged, by which rule, between whom."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from weft.cli.command import command
from weft.cli.moment import ago
from weft.cli.render import Format, document
from weft.cli.rulewords import service_text
from weft.cli.session import Session

Drop = Mapping[str, Any]
"""What the API shows of packets of one flow."""

_MISSING = "some entries are missing here: there were more than the server keeps"
_ESTIMATE = (
    "What policies in audit would have decided is an estimate: would-drop and would-reject count connections "
    "that hosts were tracking, once each; would-allow counts packets that were logged as dropped."
)
_HEADERS = ("LAST", "VERDICT", "COUNT", "FROM", "TO", "TRAFFIC", "BY")


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(
        app,
        "drops",
        "weft drops",
        "weft drops --port db-1 --since 10m",
        "weft drops --follow --verdict reject",
        "weft drops -o json",
    )(drops)


def drops(
    session: Session,
    *,
    follow: Annotated[bool | None, typer.Option("--follow", "-f", help="Print them as they come.")] = None,
    port: Annotated[str | None, typer.Option(help="From or to this endpoint (port).")] = None,
    policy: Annotated[str | None, typer.Option(help="By a rule of this policy.")] = None,
    verdict: Annotated[
        str | None, typer.Option(help="drop, reject, allow, would-drop, would-reject or would-allow.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Last seen since then: 10m, 2h, or a time.")] = None,
    limit: Annotated[int, typer.Option(help="How many flows to show.", min=1, max=1000)] = 100,
) -> None:
    """Show what was dropped or rejected lately, and what rules log: who, to whom, and by which rule.

    And what policies in audit would have decided otherwise: an estimate, from what hosts saw.
    """
    start = None if since is None else ago(since, datetime.now(UTC), field="since").isoformat()
    query = {**session.scope(), "port": port, "policy": policy, "verdict": verdict, "since": start}
    with session.connect() as client:
        if follow:
            for drop in client.drops(**query):
                _print(drop, session.form)
            return
        found = client.request("GET", "drops", query={**query, "limit": limit}).body
    if session.form is not Format.TABLE:
        session.emit(found)
        return
    session.draw(table(found["items"]))
    for line in caveats(found):
        session.say(line)


def table(found: Iterable[Drop]) -> Table:
    """A row per flow, the latest first."""
    drawn = Table(*_HEADERS, box=None, pad_edge=False, header_style="bold")
    for drop in found:
        drawn.add_row(*(Text(cell) for cell in _cells(drop)))
    return drawn


def line(drop: Drop) -> str:
    """One entry as it comes."""
    at, verdict, count, source, destination, traffic, by = _cells(drop)
    return f"{at}  {verdict:<6}  {count}  {source} -> {destination}  {traffic}  {by}"


def caveats(found: Mapping[str, Any]) -> Iterator[str]:
    """What whoever reads the list has to know."""
    if found["next_cursor"]:
        yield "There are more; ask with --limit, or for less with --port, --policy, --verdict or --since."
    if any(drop["estimate"] for drop in found["items"]):
        yield _ESTIMATE
    yield f"Nothing is known from before {_time(found['since'])} UTC, when the server began."
    if found["forgotten"]:
        yield f"Gone: {found['forgotten']:,} older flows had to make room."
    if found["unlogged"]:
        yield f"Not told apart: {found['unlogged']:,} more packets, which OVN did not log: too many a second."
    if found["gaps"]:
        yield f"Missing: a part of what {', '.join(found['gaps'])} logged."
    if found["silent"]:
        yield f"Missing: what {', '.join(found['silent'])} logged lately; no report for minutes."
    if found["unwatched"]:
        yield f"Missing: what anti-spoofing dropped lately on {', '.join(found['unwatched'])}."


def _print(drop: Drop | None, form: Format) -> None:
    """A line, a JSON document on one line, or an item of a YAML list."""
    if drop is None:
        print(_MISSING, file=sys.stderr)
    elif form is Format.JSON:
        print(json.dumps(drop, ensure_ascii=False), flush=True)
    elif form is Format.YAML:
        print(document([drop], form).rstrip("\n"), flush=True)
    else:
        print(line(drop), flush=True)


def _cells(drop: Drop) -> tuple[str, ...]:
    return (
        _time(drop["last_at"]),
        drop["verdict"],
        _packets(drop),
        _end(drop["source"]),
        _end(drop["destination"]),
        _traffic(drop),
        _by(drop),
    )


def _packets(drop: Drop) -> str:
    least = "at least " if drop["at_least"] else ""
    return f"{least}{drop['count']:,}"


def _end(end: Mapping[str, Any]) -> str:
    if end["address"] is None:
        return str(end["port"] or "?")
    return f"{end['port']} ({end['address']})" if end["port"] else str(end["address"])


def _traffic(drop: Drop) -> str:
    if drop["protocol"] is None and drop["ip_protocol"] is None:
        return "any"
    if drop["protocol"] is None:
        return f"IP protocol {drop['ip_protocol']}"
    ports = [] if drop["destination_port"] is None else [str(drop["destination_port"])]
    return service_text({**drop, "ports": ports})


def _by(drop: Drop) -> str:
    rule = drop["rule"]
    if rule is None:
        return f"{drop['by']} {drop['direction']} of network {drop['network']}"
    which = f"rule {rule['index']}" if not rule["together"] else f"rule {rule['index']} or one like it"
    said = f": {rule['description']}" if rule["description"] else ""
    return f"{which} of {rule['policy']} ({rule['tier']}, {drop['direction']}){said}"


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"
