"""weft token: how a host's agent joins."""

from typing import Annotated

import typer

from weft.cli.command import command, noun
from weft.cli.session import Session
from weft.cli.words import given

app = noun("Join tokens let a new host's agent join, once and for a limited time.")


@app.callback()
def group() -> None:
    """Join tokens let a new host's agent join, once and for a limited time."""


@command(
    app,
    "create",
    "weft token create --host host1",
    "weft token create --host host2 --serves shop --ttl 600",
    scoped=False,
)
def create(
    session: Session,
    host: Annotated[str | None, typer.Option("--host", help="Only for this host.")] = None,
    serves: Annotated[
        list[str] | None, typer.Option("--serves", help="A project it will serve; may be repeated.")
    ] = None,
    ttl: Annotated[int | None, typer.Option(help="Seconds for which it is good.")] = None,
) -> None:
    """Make a join token; it is shown this once, with the command that uses it."""
    with session.connect() as client:
        answer = client.create("join-tokens", given(host=host, projects=serves or None, ttl_s=ttl))
        session.show("join-tokens", answer.body)
