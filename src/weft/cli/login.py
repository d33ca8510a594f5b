"""weft login, logout and whoami: which server is meant, as whom, and how it is recognised."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from weft.cli import config
from weft.cli.command import command
from weft.cli.session import CommandFailed, Session
from weft.client.pinning import pinned_ca


def add_to(app: typer.Typer) -> None:
    """Add `login`, `logout` and `whoami` to `app`."""
    command(
        app,
        "login",
        "weft login https://weft.example.org:7443 --ca-fingerprint sha256:0123…",
        "weft login https://weft.example.org:7443 --ca weft-ca.pem --project shop",
    )(login)
    command(app, "logout", "weft logout", scoped=False)(logout)
    command(app, "whoami", "weft whoami", "weft whoami -o json", scoped=False)(whoami)


def login(
    session: Session,
    server: Annotated[str, typer.Argument(help="The server's address, like https://weft.example.org:7443.")],
    token: Annotated[
        str | None, typer.Option("--token", help="Asked for if left out, which keeps it out of the history.")
    ] = None,
    fingerprint: Annotated[
        str | None,
        typer.Option("--ca-fingerprint", help="The hash of the server's CA, as weft server init showed it."),
    ] = None,
    ca: Annotated[Path | None, typer.Option("--ca", help="PEM file of the server's CA.")] = None,
) -> None:
    """Check a server and a token, and keep them in ~/.config/weft (readable by you only)."""
    server = _address(server)
    if fingerprint is not None:
        if ca is not None:
            raise CommandFailed("give the CA's file or its fingerprint, not both")
        ca = config.save_ca(pinned_ca(server, fingerprint))
    if token is None:
        token = typer.prompt("token", hide_input=True)
    ca = None if ca is None else ca.resolve()
    with session.login(server, token, ca) as client:
        who = client.request("GET", "session").body
    path = config.save(server=server, token=token, ca=ca, project=session.project)
    session.say(f"logged in to {server} as {_described(who)}; kept in {path}")


def logout(session: Session) -> None:
    """Forget the server and the token. The token stays good: `weft token revoke` ends it."""
    forgotten = config.forget()
    session.say("logged out" if forgotten else "not logged in; nothing to forget")


def whoami(session: Session) -> None:
    """Say as whom the server knows you, and what that reaches."""
    with session.connect() as client:
        who = client.request("GET", "session").body
        if session.form.value == "table":
            session.say(f"{_described(who)} at {client.url}")
        else:
            session.emit({"server": client.url, **who})


def _address(server: str) -> str:
    """A whole address. Raises CommandFailed if a token would be sent in plain text."""
    if server.startswith("unix:"):
        return server
    if "://" not in server:
        server = f"https://{server}"
    where = urlsplit(server)
    if where.scheme != "https" and not _is_loopback(where.hostname or ""):
        raise CommandFailed(
            f"{server} would send your token in plain text; the address begins with https://, "
            "unless the server is on this very machine"
        )
    return server


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _described(who: dict[str, str | None]) -> str:
    project = f" of project {who['project']}" if who.get("project") else ""
    return f"{who['name']} ({who['role']}{project})"
