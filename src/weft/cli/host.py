"""weft host: the machines whose agent plugs workloads."""

from typing import Annotated

import typer

from weft.cli import hosting
from weft.cli.command import command, noun, standard
from weft.cli.render import Format
from weft.cli.session import Session
from weft.cli.words import Description, Name, NewName, given

app = noun("Hosts are the machines whose agent plugs endpoints (ports) into networks.")
standard(app, "host", "hosts", scoped=False)
hosting.add_to(app)

_Serves = Annotated[
    list[str] | None, typer.Option("--serves", help="A project whose networks it sees; may be repeated.")
]


@command(app, "create", "weft host create host1 --serves shop", changes=True, scoped=False)
def create(session: Session, name: NewName, serves: _Serves = None, description: Description = None) -> None:
    """Declare a host; `weft host token NAME` lets its agent join."""
    body = given(name=name, projects=serves or None, description=description)
    with session.connect() as client:
        session.report(client, "hosts", client.create("hosts", body))


@command(app, "set", "weft host set host1 --serves shop --serves default", changes=True, scoped=False)
def change(session: Session, host: Name, serves: _Serves = None, description: Description = None) -> None:
    """Change a host; `--serves` replaces the projects that it serves."""
    body = given(projects=serves or None, description=description)
    with session.connect() as client:
        session.report(client, "hosts", client.change("hosts", host, body))


_STILL_CERTIFIED = (
    "Its certificate is not renewed any more, and opens OVN's Southbound database until it ends, within 14 "
    "days; a connection that is open stays. If that host is in strange hands, see docs/how-to/install.md."
)


@command(app, "retire", "weft host retire host1", changes=True, scoped=False)
def retire(
    session: Session,
    name: Name,
    *,
    force: Annotated[bool, typer.Option("--force", help="Although the host is still heard of.")] = False,
) -> None:
    """Remove a host that is lost, and free the endpoints (ports) of its workloads.

    Those that were declared, as for virtual machines, are kept, and bound again where the machine runs next.
    On a host that still works, run `weft host leave` there instead.
    """
    with session.connect() as client:
        answer = client.retire_host(name, force=force)
        freed = answer.body
        if session.form is Format.TABLE:
            session.say(
                f"host {name} is retired: {freed['removed_ports']} endpoints removed, "
                f"{freed['unbound_ports']} unbound"
            )
            session.say(_STILL_CERTIFIED)
        else:
            session.emit(freed)
        session.settle(client, answer.revision)


@command(
    app,
    "token",
    "weft host token host1",
    "weft host token host2 --serves shop --ttl 600",
    "weft host token",
    scoped=False,
)
def join_token(
    session: Session,
    host: Annotated[
        str | None, typer.Argument(help="Only for this host, and needed if it has joined before.")
    ] = None,
    serves: _Serves = None,
    ttl: Annotated[int | None, typer.Option(help="Seconds for which it is good.")] = None,
) -> None:
    """Make a join token: good once, shown once, with the command to type on the host."""
    with session.connect() as client:
        answer = client.create("join-tokens", given(host=host, projects=serves or None, ttl_s=ttl))
        session.show("join-tokens", answer.body)


@command(app, "networks", "weft host networks host1", scoped=False)
def networks(session: Session, name: Name) -> None:
    """List the networks that a host may plug endpoints into."""
    with session.connect() as client:
        session.show_all("networks", client.request("GET", "hosts", name, "networks").body["items"])


@command(app, "failures", "weft host failures host1", scoped=False)
def failures(session: Session, name: Name) -> None:
    """List the workloads on a host that got no endpoint (port), and why."""
    with session.connect() as client:
        session.show_all("failures", client.request("GET", "hosts", name, "failures").body["items"])
