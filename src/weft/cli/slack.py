"""weft hits: what all rules matched, and which of them nobody used."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from weft.cli.command import command
from weft.cli.hits import by_rule, caveats
from weft.cli.moment import ago
from weft.cli.render import Format
from weft.cli.session import Session
from weft.model.errors import Invalid


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(app, "hits", "weft hits", "weft hits --unused --since 30d", "weft hits --unused -o json")(hits)


def hits(
    session: Session,
    *,
    unused: Annotated[
        bool | None, typer.Option("--unused", help="Rules that allow something that nobody used.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Not used since then: 30d, or a time; else since all hits are known."),
    ] = None,
) -> None:
    """Show what the rules of all policies matched; or those that nobody used, and where nobody can tell."""
    if unused:
        _show_unused(session, since)
        return
    if since is not None:
        raise Invalid("--since goes with --unused: hits are sums", field="since")
    with session.connect() as client:
        found = client.request("GET", "hits", query=session.scope()).body
        if session.form is not Format.TABLE:
            session.emit(found)
            return
        for policy in client.list("policies", **session.scope()):
            amounts = by_rule(policy, [one for one in found["rules"] if one["policy_id"] == policy["id"]])
            for number, rule in enumerate(policy["rules"], 1):
                session.say(f"rule {number} of policy {policy['name']}: {amounts.get(rule['id'], 'unknown')}")
    for line in caveats(found):
        session.say(line)


def _show_unused(session: Session, since: str | None) -> None:
    start = None if since is None else ago(since, datetime.now(UTC), field="since").isoformat()
    with session.connect() as client:
        found = client.request("GET", "hits", "unused", query={**session.scope(), "since": start}).body
    if session.form is not Format.TABLE:
        session.emit(found)
        return
    for line in told(found):
        session.say(line)


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """The unused rules, then the unknown ones: these are not unused, and say so."""
    certain = [rule for rule in found["rules"] if rule["unknown"] is None]
    since = _time(found["since"])
    yield f"not used since {since} UTC:" if certain else f"no rule is known to be unused since {since} UTC"
    yield from (f"  {_called(rule)}" for rule in certain)
    others = [rule for rule in found["rules"] if rule["unknown"] is not None]
    if others:
        yield "without a hit, and nobody can tell:"
    for rule in others:
        yield f"  {_called(rule)}"
        yield f"      {rule['unknown']}"


def _called(rule: Mapping[str, Any]) -> str:
    last = f", last used {_time(rule['last_hit_at'])} UTC" if rule["last_hit_at"] else ""
    said = f" ({rule['description']})" if rule["description"] else ""
    return f"rule {rule['index']} of policy {rule['policy']}{said}{last}"


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"
