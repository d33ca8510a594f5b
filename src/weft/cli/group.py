"""weft group: endpoints that rules can name."""

from typing import Annotated

import typer

from weft.cli.command import command, noun, standard
from weft.cli.session import Session
from weft.cli.words import Description, Name, NewName, Rename, given, none_if_none
from weft.model.selector import Selector

app = noun("Groups mean endpoints (ports): by a label selector, by hand, or both.")
standard(app, "group", "groups")

_Selector = Annotated[
    str | None, typer.Option(help="Like app=web, or app=web && !(env=dev); `none` removes it.")
]
_Members = Annotated[
    list[str] | None, typer.Option("--member", help="An endpoint (port) by hand; may be repeated.")
]


@command(
    app,
    "create",
    "weft group create web --selector app=web",
    "weft group create live --selector 'app=web && !(env=dev)'",
    "weft group create pets --member db1 --member db2",
    changes=True,
)
def create(
    session: Session,
    name: NewName,
    selector: _Selector = None,
    member: _Members = None,
    description: Description = None,
) -> None:
    """Make a group; whoever carries the labels is in it, from the moment it starts."""
    if selector is not None:
        Selector(selector)
    body = given(name=name, selector=selector, members=member or None, description=description)
    with session.connect() as client:
        session.report(client, "groups", client.create("groups", session.scoped(body)))


@command(app, "set", "weft group set web --selector 'app in {web, api}'", changes=True)
def change(
    session: Session,
    group: Name,
    name: Rename = None,
    selector: _Selector = None,
    member: _Members = None,
    description: Description = None,
) -> None:
    """Change a group; `--member` replaces those listed by hand."""
    body = given(name=name, members=member or None, description=description)
    if selector is not None:
        body["selector"] = none_if_none(selector)
    with session.connect() as client:
        after = client.change("groups", group, body, project=session.chosen_project())
        session.report(client, "groups", after)


@command(app, "ports", "weft group ports web")
def ports(session: Session, name: Name) -> None:
    """List the endpoints (ports) that are in a group now."""
    with session.connect() as client:
        body = client.request("GET", "groups", name, "ports", query=session.scope()).body
        session.show_all("ports", body["items"])
