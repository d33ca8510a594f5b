"""weft reach, diff, since, history, lint: who reaches whom, now and then, and what does nothing."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from weft.cli.command import command
from weft.cli.explain import end_in
from weft.cli.plan import objects_told
from weft.cli.render import Format
from weft.cli.rulewords import traffic_in
from weft.cli.session import Session
from weft.model.errors import Invalid

_SIDE = "An endpoint (port), group:NAME or network:NAME; everybody if left out."
_MOMENT = "A revision, or a time in UTC: 12, 2026-11-27, 2026-11-27T21:00."
_KINDS = {
    **{word: f"{word}s" for word in ("network", "subnet", "router", "port", "group")},
    "policy": "policies",
    "floating-ip": "floating-ips",
    "qos": "qos-policies",
    "address-group": "address-groups",
    "attach-rule": "attach-rules",
    "invariant": "invariants",
    "project": "projects",
    "host": "hosts",
}


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    command(
        app, "reach", "weft reach web-1", "weft reach group:web --to db-1", "weft reach --to db-1 --at 12"
    )(reach)
    command(app, "diff", "weft diff 12 15", "weft diff 2026-11-26 2026-11-27T12:00", scoped=False)(diff)
    command(app, "since", "weft since web-1 db-1 tcp/5432", "weft since web-1 192.0.2.7 icmp")(since)
    command(app, "history", "weft history policy web", "weft history port web-1 -o json")(history)
    command(app, "lint", "weft lint", "weft lint --project shop -o json")(lint)


def reach(
    session: Session,
    source: Annotated[str | None, typer.Argument(help=_SIDE)] = None,
    *,
    to: Annotated[str | None, typer.Option("--to", help=_SIDE)] = None,
    at: Annotated[str | None, typer.Option("--at", help=_MOMENT)] = None,
) -> None:
    """Say who reaches whom on which services, now or at a revision or a time that is kept."""
    body = session.scoped({"source": _side(source), "destination": _side(to), "at": at})
    with session.connect() as client:
        found = client.request("POST", "reach", body=body).body
    _show(session, found, _reach_told(found))


def diff(
    session: Session,
    old: Annotated[str, typer.Argument(help=_MOMENT)],
    new: Annotated[str | None, typer.Argument(help=f"{_MOMENT} Now if left out.")] = None,
) -> None:
    """Say what changed between two revisions or times: objects, and who reaches whom."""
    with session.connect() as client:
        found = client.request("GET", "diff", query={"old": old, "new": new}).body
    _show(session, found, _diff_told(found))


def since(
    session: Session,
    source: Annotated[str, typer.Argument(help="An endpoint (port) or an address.")],
    destination: Annotated[str, typer.Argument(help="An endpoint (port) or an address.")],
    traffic: Annotated[str, typer.Argument(help="tcp/443, udp/53, icmp, icmp/8, or other.")],
) -> None:
    """Say since when one endpoint reaches another, or does not; which change made it so, and who made it."""
    body = session.scoped(
        {"source": end_in(source), "destination": end_in(destination), "traffic": traffic_in(traffic)}
    )
    with session.connect() as client:
        found = client.request("POST", "since", body=body).body
    _show(session, found, (*found["sentences"], *objects_told(found["objects"])))


def history(
    session: Session,
    kind: Annotated[str, typer.Argument(help=f"{', '.join(_KINDS)}.")],
    name: Annotated[str, typer.Argument(help="Name or id; of what is gone, its id.")],
    *,
    limit: Annotated[int, typer.Option(help="How many versions to show.", min=1, max=100)] = 20,
) -> None:
    """Show the versions of one object: who made each, when, and what became different."""
    if kind not in _KINDS:
        raise Invalid(f"{kind!r} is no kind; the kinds are {', '.join(_KINDS)}", field="kind")
    query = {**session.scope(), "limit": str(limit)}
    with session.connect() as client:
        found = client.request("GET", "versions", _KINDS[kind], name, query=query).body
    _show(session, found, _history_told(kind, found))


def lint(session: Session) -> None:
    """List rules that decide nothing or name more than they need, idle policies, and groups of nobody."""
    with session.connect() as client:
        found = client.request("GET", "lint", query=session.scope()).body
    _show(session, found, _lint_told(found))


def _show(session: Session, found: Mapping[str, Any], told: Any) -> None:  # noqa: ANN401 - lines, lazily
    if session.form is not Format.TABLE:
        session.emit(found)
        return
    for line in told:
        session.say(line)


def _side(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    kind, separator, name = text.partition(":")
    return {kind: name} if separator and kind in ("group", "network") else {"port": text}


def _moment(one: Mapping[str, Any]) -> str:
    return f"revision {one['revision']}, {one['at'][:16].replace('T', ' ')} UTC, {one['author']}"


def _reach_told(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"as of {_moment(found['moment'])}"
    yield from found["sentences"] or ["nobody reaches anybody"]
    if found["left_out"]:
        yield f"and {found['left_out']} more kinds of traffic, all of which are counted"


def _diff_told(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"from {_moment(found['old'])}"
    yield f"to   {_moment(found['new'])}"
    for one in found["objects"]:
        first, *rest = objects_told([one["object"]])
        yield f"{first}  ({_moment(one['last'])})"
        yield from rest
    reach = found["reachability"]
    yield from reach["sentences"] or ["everybody reaches just whom they reached"]
    if reach["left_out"]:
        yield f"and {reach['left_out']} more kinds of traffic, all of which are counted"


def _history_told(kind: str, found: Mapping[str, Any]) -> Iterator[str]:
    for version in found["items"]:
        one = {
            "action": version["action"],
            "kind": kind,
            "name": version["name"],
            "project": "",
            "fields": version["fields"],
        }
        first, *rest = objects_told([one])
        yield f"{first}  ({_moment(version['moment'])})"
        yield from rest
    kept = found["kept_from"]
    if kept is not None and kept["revision"] > 1:
        yield f"older versions than of revision {kept['revision']} may not be kept any more"


def _lint_told(found: Mapping[str, Any]) -> Iterator[str]:
    for one in found["items"]:
        where = f"rule {one['rule_number']} of " if one["rule_number"] else ""
        said = f" ({one['rule']})" if one["rule"] else ""
        noun = {"policies": "policy", "groups": "group", "address-groups": "address group"}[one["kind"]]
        yield f"{one['problem']}: {where}{noun} {one['name']} of project {one['project']}{said}"
        yield f"    {one['why']}; {one['cure']}"
    if not found["items"]:
        yield "nothing to say"
