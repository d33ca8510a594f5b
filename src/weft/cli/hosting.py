"""weft host join, weft host leave: run on the machine itself, as root."""

from typing import Annotated, Any

import typer

from weft.cli.command import command
from weft.cli.render import Format
from weft.cli.session import Session


def add_to(app: typer.Typer) -> None:
    """Add `join` and `leave` to `weft host`."""
    command(
        app,
        "join",
        "weft host join weft1.aHR0cHM…",
        "weft host join weft1.aHR0cHM… --name rack3-host7 --address 10.1.2.3",
        "weft host join weft1.aHR0cHM… --cni DockerSN",
        "weft host join weft1.aHR0cHM… --dry-run",
        scoped=False,
    )(join)
    command(app, "leave", "weft host leave", "weft host leave --force", scoped=False)(leave)


def join(
    session: Session,
    token: Annotated[str, typer.Argument(help="What `weft host token` printed.")],
    name: Annotated[str | None, typer.Option("--name", help="Another name than the machine's own.")] = None,
    address: Annotated[
        str | None,
        typer.Option("--address", help="Where tunnels end here, if not at the address towards the server."),
    ] = None,
    cni: Annotated[
        str | None,
        typer.Option("--cni", help="Give containerd and podman this network, NAME or PROJECT.NAME."),
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Make this machine a host (as root): its containers and virtual machines may use Weft's networks.

    A machine that belongs to another OVN is refused, and not touched. What is replaced is kept for `weft host
    leave`. When it is interrupted, run it again with the same token.
    """
    said: list[str] = []
    joining = session.machine.joining(token, name=name, address=address, cni=cni, say=said.append)
    joining.check()
    for step in joining.plan():
        session.say(f"will {step}")
    if dry_run:
        return
    record = joining.run(lambda step: session.say(f"done: {step}"))
    for sentence in said:
        session.say(sentence)
    _finish(session, f"host {record.host} has joined {record.joined.url}", host=record.host, left=said)


def leave(
    session: Session,
    *,
    force: Annotated[bool, typer.Option("--force", help="Cut off workloads that run.")] = False,
) -> None:
    """Make this machine an ordinary one again (as root); what was there before comes back.

    Refused while workloads are on Weft's networks. Without the server, this machine is cleaned all the same,
    and what is left to do there is said.
    """
    left: list[str] = []
    leaving = session.machine.leaving(force=force, say=left.append)
    left += leaving.run(lambda step: session.say(f"done: {step}"))
    for sentence in left:
        session.say(f"left to do: {sentence}")
    _finish(session, "this machine is no host any more", left=left)


def _finish(session: Session, sentence: str, **document: Any) -> None:  # noqa: ANN401 - JSON
    if session.form is Format.TABLE:
        session.say(sentence)
    else:
        session.emit(document)
