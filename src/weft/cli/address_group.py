"""weft address-group: prefixes that rules can name together."""

from typing import Annotated

import typer

from weft.cli.command import command, noun, standard
from weft.cli.session import Session
from weft.cli.words import Description, Name, NewName, Rename, given

app = noun("Address groups are prefixes outside of Weft that rules can name together.")
standard(app, "address-group", "address-groups")

_Cidrs = Annotated[list[str] | None, typer.Option("--cidr", help="A prefix; may be repeated.")]


@command(
    app,
    "create",
    "weft address-group create offices --cidr 198.51.100.0/24 --cidr 2001:db8:7::/48",
    changes=True,
)
def create(session: Session, name: NewName, cidr: _Cidrs = None, description: Description = None) -> None:
    """Make an address group."""
    body = given(name=name, cidrs=cidr or None, description=description)
    with session.connect() as client:
        made = client.create("address-groups", session.scoped(body))
        session.report(client, "address-groups", made)


@command(app, "set", "weft address-group set offices --cidr 198.51.100.0/23", changes=True)
def change(
    session: Session,
    group: Name,
    name: Rename = None,
    cidr: _Cidrs = None,
    description: Description = None,
) -> None:
    """Change an address group; `--cidr` replaces its prefixes."""
    body = given(name=name, cidrs=cidr or None, description=description)
    with session.connect() as client:
        after = client.change("address-groups", group, body, project=session.chosen_project())
        session.report(client, "address-groups", after)
