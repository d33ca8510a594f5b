"""weft login: remember a server and a token."""

from pathlib import Path
from typing import Annotated

import typer

from weft.cli import config
from weft.cli.command import command
from weft.cli.session import Session


def add_to(app: typer.Typer) -> None:
    """Add `login` to `app`."""
    command(
        app,
        "login",
        "weft login https://weft.example.org:7443 --ca weft-ca.pem",
        "weft login https://weft.example.org:7443 --token TOKEN --project shop",
    )(login)


def login(
    session: Session,
    server: Annotated[str, typer.Argument(help="The server's address, like https://weft.example.org:7443.")],
    token: Annotated[
        str | None, typer.Option("--token", help="Asked for if left out, which keeps it out of the history.")
    ] = None,
    ca: Annotated[Path | None, typer.Option("--ca", help="PEM file of the server's CA.")] = None,
) -> None:
    """Check a server and a token, and keep them in ~/.config/weft/config.toml (readable by you only)."""
    if "://" not in server:
        server = f"https://{server}"
    if token is None:
        token = typer.prompt("token", hide_input=True)
    ca = None if ca is None else ca.resolve()
    with session.login(server, token, ca) as client:
        next(client.list("projects"), None)
    path = config.save(server=server, token=token, ca=ca, project=session.project)
    session.say(f"logged in to {server}; kept in {path}")
