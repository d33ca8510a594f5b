"""weft wait, weft receipt, weft status and weft changes: what became of what was declared."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from weft.cli import render
from weft.cli.command import command
from weft.cli.render import Format
from weft.cli.session import Session
from weft.client import Change, Client, ProblemError

_BEYOND = 2**53


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    command(app, "wait", "weft wait 12", "weft wait 12 --timeout 5", scoped=False)(wait)
    command(app, "receipt", "weft receipt 12", "weft receipt 12 -o json", scoped=False)(receipt)
    command(app, "status", "weft status", "weft status -o json", scoped=False)(status)
    command(app, "changes", "weft changes", "weft changes --since 10", "weft changes --follow", scoped=False)(
        changes
    )


def wait(
    session: Session,
    revision: Annotated[int, typer.Argument(help="As printed by the command that made it.", min=1)],
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.", min=0)] = 60.0,
) -> None:
    """Wait until every host enforces a revision."""
    with session.connect() as client:
        receipt = replace(session, timeout_s=timeout).await_enforced(client, revision)
    if session.form is not Format.TABLE:
        session.emit(asdict(receipt))


def receipt(
    session: Session,
    revision: Annotated[int, typer.Argument(help="As printed by the command that made it.", min=1)],
) -> None:
    """Show what became of a revision by now, without waiting."""
    with session.connect() as client:
        found = client.receipt(revision)
    if session.form is Format.TABLE:
        session.say(render.receipt_sentence(found))
    else:
        session.emit(asdict(found))


def status(session: Session) -> None:
    """Show the server, its revision, the hosts and the endpoints (ports) by state."""
    with session.connect() as client:
        _, revision = client.changes_since(_BEYOND)
        hosts = _hosts(client)
        states = Counter(port["status"]["state"] for port in client.list("ports"))
        found: dict[str, Any] = {
            "server": client.url,
            "revision": revision,
            "networks": sum(1 for _ in client.list("networks")),
            "endpoints": dict(sorted(states.items())),
        }
        if hosts is not None:
            away = sorted(host["name"] for host in hosts if not host["status"]["alive"])
            found["hosts"] = {"alive": len(hosts) - len(away), "total": len(hosts), "away": away}
    if session.form is Format.TABLE:
        session.draw(render.facts(found))
    else:
        session.emit(found)


def changes(
    session: Session,
    since: Annotated[int | None, typer.Option(help="Changes after this revision.", min=0)] = None,
    follow: Annotated[bool | None, typer.Option("--follow", "-f", help="Print changes as they come.")] = None,
) -> None:
    """Print the change log: who changed what, in which revision."""
    with session.connect() as client:
        if follow:
            start = client.changes_since(_BEYOND)[1] if since is None else since
            _follow(session, client.changes(start))
            return
        found = list(_all_after(client, since or 0))
    if session.form is Format.TABLE:
        for change in found:
            session.say(render.change_line(change))
    else:
        session.emit([asdict(change) for change in found])


def _all_after(client: Client, since: int) -> Iterator[Change]:
    found, reached = client.changes_since(since)
    while found:
        yield from found
        found, reached = client.changes_since(reached)


def _follow(session: Session, stream: Iterator[Change]) -> None:
    """A line per change: for programs a JSON document or a YAML list item per line."""
    for change in stream:
        print(render.change_entry(change, session.form), flush=True)


def _hosts(client: Client) -> list[dict[str, Any]] | None:
    """The hosts, or None for callers who may not see them."""
    try:
        return list(client.list("hosts"))
    except ProblemError as error:
        if error.status == 403:
            return None
        raise
