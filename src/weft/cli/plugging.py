"""weft port plug, weft port unplug: run on a host, as root; its agent does it."""

from typing import Annotated

import typer

from weft.cli import render
from weft.cli.command import command
from weft.cli.quantity import labels_in
from weft.cli.render import Format
from weft.cli.session import Session
from weft.cli.words import LabelWords
from weft.model.port import PortKind


def add_to(app: typer.Typer) -> None:
    """Add `plug` and `unplug` to `weft port`."""
    command(
        app,
        "plug",
        "weft port plug vm1 --network DockerSN --label app=db",
        "weft port plug db1",
        "weft port plug probe --network DockerSN --interface tap7 -o json",
    )(plug)
    command(app, "unplug", "weft port unplug vm1", "weft port unplug tap7")(unplug)


def plug(
    session: Session,
    *,
    name: Annotated[str, typer.Argument(help="Name of the endpoint (port); its id if it is there already.")],
    network: Annotated[
        str | None,
        typer.Option("--network", help="The network; the endpoint is declared if it is not there."),
    ] = None,
    interface: Annotated[
        str | None, typer.Option("--interface", help="An interface of this host; left out, a tap is made.")
    ] = None,
    mac: Annotated[str | None, typer.Option(help="Its MAC; left out, one is chosen.")] = None,
    address: Annotated[
        list[str] | None, typer.Option("--address", help="An address; left out, the next free one.")
    ] = None,
    label: LabelWords = None,
    kind: Annotated[
        PortKind | None, typer.Option(help="What stands behind a new one; vm if left out.")
    ] = None,
) -> None:
    """Plug an endpoint (port) into this host (as root), for QEMU or for an interface that is there.

    Ends when the endpoint is up, with its rules in place; if it cannot be, nothing has changed. The same
    again shows the same. The agent of this host remembers it over restarts, until `weft port unplug`.
    """
    from weft.agent.attachment import Wanted

    wanted = Wanted(
        name=name,
        network=network,
        project=session.chosen_project(),
        kind=kind,
        mac=mac,
        addresses=tuple(address or ()),
        labels=labels_in(label) if label else None,
        interface=interface,
    )
    plugged = session.machine.plug(wanted)
    if session.form is Format.TABLE:
        session.draw(render.facts(plugged))
    else:
        session.emit(plugged)


def unplug(
    session: Session,
    name: Annotated[str, typer.Argument(help="Name or id of the endpoint (port), or its interface.")],
) -> None:
    """Unplug an endpoint (port) from this host (as root).

    One that `plug` declared goes; one that was declared before waits for its next host. A tap that the agent
    made is deleted; another interface is only taken off the switch.
    """
    gone = session.machine.unplug(name, session.chosen_project())
    if session.form is not Format.TABLE:
        session.emit(gone)
    elif not gone["port_id"]:
        session.say(f"no endpoint {name} is plugged by hand on this host")
    else:
        later = "" if gone["told"] else "; the server does not answer, and is told when it does"
        session.say(f"endpoint {name} is unplugged{later}")
