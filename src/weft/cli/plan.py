"""weft export, weft plan, weft apply, weft revert: the model as a text, and what a text would do."""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from weft.cli.command import command
from weft.cli.explain import end_in
from weft.cli.render import Format
from weft.cli.rulewords import traffic_in
from weft.cli.session import CommandFailed, Session
from weft.client import Client
from weft.model.errors import Invalid

_File = Annotated[str, typer.Option("--file", "-f", help="The description, as YAML; `-` is standard input.")]
_Prune = Annotated[
    bool | None,
    typer.Option("--prune", help="The file owns the projects that it names: delete what it does not have."),
]
_Checks = Annotated[
    list[str] | None,
    typer.Option("--check", help="`A reaches B tcp/443`, or `A does not reach B icmp`; may be repeated."),
]
_All = Annotated[bool | None, typer.Option("--all", help="Name every port that is known by name.")]

_CHECK = re.compile(r"\s*(\S+)\s+(reaches|does\s+not\s+reach)\s+(\S+)\s+(?:on\s+)?(\S+)\s*")
_SIGNS = {"create": "+", "change": "~", "remove": "-"}


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    command(app, "export", "weft export", "weft export --project shop")(export)
    command(
        app,
        "plan",
        "weft plan -f estate.yaml",
        "weft plan -f shop.yaml --prune --check 'web-1 reaches db-1 tcp/5432'",
    )(plan)
    command(
        app,
        "apply",
        "weft apply -f estate.yaml --wait",
        "weft apply -f shop.yaml --check 'dev-1 does not reach pci-1 tcp/443' --wait",
        changes=True,
    )(apply)
    command(app, "revert", "weft revert 12 --wait", changes=True, scoped=False)(revert)


def export(session: Session) -> None:
    """Print the model as `weft apply` takes it: all of it, or one project."""
    with session.connect() as client:
        found = client.request("GET", "description", query=session.scope()).body
    if session.form is Format.JSON:
        session.emit(found)
    else:
        sys.stdout.write(found["text"])


def plan(
    session: Session,
    *,
    file: _File,
    prune: _Prune = None,
    check: _Checks = None,
    all_names: _All = None,
) -> None:
    """Show what a description would do: objects, rows of OVN, who reaches whom. Nothing changes."""
    body = _body(session, file, prune=bool(prune), checks=check)
    with session.connect() as client:
        show_plan(session, client, body, names=bool(all_names))


def show_plan(session: Session, client: Client, body: Mapping[str, Any], *, names: bool = False) -> None:
    """Show the plan that `body` asks for. Raises CommandFailed where it would be refused."""
    found = client.request("POST", "plan", body=body).body
    _show(session, found, names=names)
    if not found["applicable"]:
        raise CommandFailed("this plan would be refused")


def apply(
    session: Session,
    *,
    file: _File,
    prune: _Prune = None,
    check: _Checks = None,
    base: Annotated[int | None, typer.Option(help="Only if this is still the revision.", min=0)] = None,
    timeout: Annotated[float, typer.Option(help="Seconds that --wait waits.", min=0)] = 60.0,
    all_names: _All = None,
) -> None:
    """Make the model what a description says, all of it or nothing.

    Refused when an invariant would break or a check would fail. With --wait a revision that hosts do not
    enforce in time is taken back.
    """
    body = _body(session, file, prune=bool(prune), checks=check)
    with session.connect() as client:
        wanted = client.request("POST", "plan", body=body).body["base"] if base is None else base
        answer = client.request("POST", "apply", body={**body, "base": wanted})
        _show(session, answer.body, names=bool(all_names))
        if answer.body["revision"] == answer.body["base"]:
            session.say("nothing to change")
            return
        _settle(replace(session, timeout_s=timeout), client, answer.body["revision"])


def revert(
    session: Session,
    revision: Annotated[int, typer.Argument(help="The revision to take back.", min=1)],
) -> None:
    """Restore what one revision changed, as a new revision."""
    with session.connect() as client:
        found = client.request("POST", "revert", body={"revision": revision})
        if session.form is Format.TABLE:
            for line in objects_told(found.body["objects"]):
                session.say(line)
        else:
            session.emit(found.body)
        session.settle(client, found.body["revision"])


def _settle(session: Session, client: Client, revision: int) -> None:
    """With `--wait` a revision that is not enforced is taken back."""
    try:
        session.settle(client, revision)
    except CommandFailed as failure:
        restored = client.request("POST", "revert", body={"revision": revision}).body["revision"]
        raise CommandFailed(
            f"{failure.message}; so it was taken back: revision {restored} restores what was before"
        ) from failure


def _body(session: Session, file: str, *, prune: bool, checks: list[str] | None) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"no description can be read from {file}: {error}") from error
    return session.scoped({"text": text, "prune": prune, "checks": [check_in(one) for one in checks or ()]})


def check_in(text: str) -> dict[str, Any]:
    """The check that `text` is, as a request carries it. Raises Invalid."""
    found = _CHECK.fullmatch(text)
    if found is None:
        raise Invalid(
            f"{text!r} is no check; write `A reaches B tcp/443`, or `A does not reach B icmp`", field="check"
        )
    source, verb, destination, traffic = found.groups()
    return {
        "source": end_in(source),
        "destination": end_in(destination),
        "traffic": traffic_in(traffic),
        "reaches": verb == "reaches",
    }


def _show(session: Session, found: Mapping[str, Any], *, names: bool) -> None:
    if session.form is not Format.TABLE:
        session.emit(found)
        return
    for line in told(found, names=names):
        session.say(line)


def told(found: Mapping[str, Any], *, names: bool = False) -> Iterator[str]:
    """A plan for people."""
    yield from objects_told(found["objects"])
    reach = found["reachability"]
    yield from reach["sentences"]
    if reach["left_out"]:
        yield f"and {reach['left_out']} more kinds of traffic, all of which are counted"
    if names:
        yield from _names(reach["shifts"])
    rows = [
        f"{row['table']} {'/'.join(f'{sign}{row[what]}' for sign, what in _ROWS if row[what])}"
        for row in found["rows"]
    ]
    yield f"rows of OVN: {', '.join(rows) or 'none'}"
    flows = found["flows"]
    if flows["after"] or flows["before"]:
        host = f" ({flows['host']})" if flows["host"] else ""
        yield (
            f"flows of policies on a host, at most: {flows['before']:,} -> {flows['after']:,}{host}, "
            f"of {flows['most']:,}"
        )
    if flows["refused"]:
        yield f"refused: {flows['refused']}"
    for one in found["broken"]:
        yield f"refused: {one['sentence']}"
    for check in found["checks"]:
        yield f"{'holds' if check['holds'] else 'fails'}: {check['text']}"


_ROWS = (("+", "inserted"), ("~", "updated"), ("-", "deleted"))


def objects_told(objects: list[Mapping[str, Any]]) -> Iterator[str]:
    """What becomes of objects, for people."""
    for item in objects:
        within = f" of project {item['project']}" if item["project"] else ""
        yield f"{_SIGNS[item['action']]} {item['kind']} {item['name']}{within}"
        if item["action"] == "change":
            for field in item["fields"]:
                yield from _field(field)


def _field(field: Mapping[str, Any]) -> Iterator[str]:
    name = field["field"]
    if field["moved"]:
        yield f"    {name}: in another order"
    elif field["added"] or field["removed"]:
        for sign, what in (("+", "added"), ("-", "removed")):
            for item in field[what]:
                yield f"    {name}: {sign} {_text(item)}"
    else:
        yield f"    {name}: {_text(field['before'])} -> {_text(field['after'])}"


def _text(value: object) -> str:
    """A value on one line, as YAML's flow style would have it, without the quotes."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return "default" if value is None else str(value)


def _names(shifts: list[Mapping[str, Any]]) -> Iterator[str]:
    for shift in shifts:
        for block in shift["blocks"]:
            sides = [
                ", ".join(port["name"] for port in block[end]["some"]) for end in ("sources", "destinations")
            ]
            verb = "opens" if shift["opens"] else "closes"
            yield f"  {verb} {' '.join(shift['traffic'])}: {sides[0]} -> {sides[1]}"
