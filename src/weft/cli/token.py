"""weft token: what people and programs show to the server. How a host joins is `weft host token`."""

from typing import Annotated

import typer

from weft.cli.command import command, noun
from weft.cli.session import Session
from weft.cli.words import given

app = noun("Tokens say who you are: an administrator, or a member or viewer of a project.")


@app.callback()
def group() -> None:
    """Tokens say who you are: an administrator, or a member or viewer of a project.

    Hosts join with `weft host token`.
    """


@command(
    app,
    "create",
    "weft token create --role member --project shop",
    "weft token create ci --role viewer --project shop --ttl 86400",
    "weft token create ann --role admin",
)
def create(
    session: Session,
    role: Annotated[str, typer.Option("--role", help="admin, member (of a project) or viewer.")],
    name: Annotated[str | None, typer.Argument(help="Whose it is; changes are logged under it.")] = None,
    ttl: Annotated[int | None, typer.Option(help="Seconds for which it is good; or until revoked.")] = None,
) -> None:
    """Make a token; it is shown this once."""
    project = None if role == "admin" else session.chosen_project()
    with session.connect() as client:
        answer = client.create("tokens", given(name=name, role=role, project=project, ttl_s=ttl))
        session.show("tokens", answer.body)


@command(app, "list", "weft token list", scoped=False)
def all_of(session: Session) -> None:
    """List the tokens of people and programs."""
    with session.connect() as client:
        session.show_all("tokens", client.request("GET", "tokens").body["items"])


@command(app, "revoke", "weft token revoke ci", scoped=False)
def revoke(session: Session, name: Annotated[str, typer.Argument(help="The token's name.")]) -> None:
    """End a token, and the browser sessions that were opened with it."""
    with session.connect() as client:
        client.request("DELETE", "tokens", name)
        session.say(f"token {name} is revoked")
