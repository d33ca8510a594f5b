"""weft lab: a mini data centre on this machine, to try things in."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from weft.cli.command import Sentences, command
from weft.cli.render import Format
from weft.cli.session import CommandFailed, Session

if TYPE_CHECKING:
    from weft.lab.layout import Lab

app = typer.Typer(
    cls=Sentences,
    help="A mini data centre on this machine: hosts are namespaces, everything else is real. Needs root.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


class Encapsulation(StrEnum):
    """How packets travel between hosts."""

    VXLAN = "vxlan"
    GENEVE = "geneve"


@contextmanager
def _sentences() -> Iterator[None]:
    """What goes wrong in the lab, as the command line says it; the lab is loaded when it is asked for."""
    try:
        from weft.lab.layout import LabError
    except ModuleNotFoundError as error:
        raise CommandFailed(
            f"the lab needs {error.name}, which comes with Weft's extras `server` and `agent`"
        ) from error
    try:
        yield
    except LabError as error:
        raise CommandFailed(str(error)) from error


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Tells a person at a terminal what is being done, and nobody else."""
    console = Console(stderr=True)
    with console.status("") as shown:
        yield shown.update


@command(
    app,
    "up",
    "weft lab up",
    "weft lab up --host h1:docker --host h2:docker,libvirt",
    "weft lab up --hosts 5",
    scoped=False,
)
def up(
    session: Session,
    host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:KINDS",
            help="A host, and what it is: docker, libvirt, stock, machine, with commas; may be repeated.",
        ),
    ] = None,
    hosts: Annotated[int | None, typer.Option(min=1, help="So many Docker hosts, h1 and on.")] = None,
    encapsulation: Annotated[Encapsulation, typer.Option(help="How packets travel.")] = Encapsulation.VXLAN,
    *,
    bare: Annotated[bool, typer.Option("--bare", help="Without the Weft server and its agents.")] = False,
) -> None:
    """Bring the lab up, and leave it up; without hosts named, the article's Docker host and hypervisor.

    `stock` is a Docker engine as it comes, with its default bridge and iptables; `machine` boots systemd.
    """
    with _sentences():
        from weft.lab import life, spec

        lab = life.default_lab()
        lab = replace(lab, hosts=spec.hosts(host or (), hosts, lab.hosts))
        with _progress() as tell:
            life.up(lab, encapsulation=encapsulation, weft=not bare, tell=tell)
        where = "" if bare else f"; the server is {lab.server_url} on host central"
        session.say(f"the lab {lab.name} is up{where}")


@command(app, "down", "weft lab down", scoped=False)
def down(session: Session) -> None:
    """Take the lab down; nothing stays."""
    with _sentences():
        from weft.lab import life

        lab = life.standing_lab()
        life.down(lab)
        session.say(f"the lab {lab.name} is down")


@command(app, "status", "weft lab status", "weft lab status -o json", scoped=False)
def status(session: Session) -> None:
    """Show the hosts of the lab, and what runs on each."""
    with _sentences():
        from weft.lab import life

        lab = life.standing_lab()
        standing = [asdict(host) for host in life.status(lab)]
        if standing or session.form is not Format.TABLE:
            session.show_all("lab-hosts", standing)
        else:
            session.say(f"the lab {lab.name} is down")


_EXAMPLES = "[bold]Examples[/bold]\n\nweft lab exec h1 docker ps -a\n\nweft lab exec central ovn-nbctl show"


@app.command(
    "exec",
    epilog=_EXAMPLES,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
def execute(
    host: Annotated[str, typer.Argument(help="A host of the lab, or central.")],
    argv: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="What to run there.")],
) -> None:
    """Run a command on a host, as ssh would."""
    with _sentences():
        from weft.lab import life

        _become(life.standing_lab(), host, lambda _lab: argv)


@app.command(
    "weft",
    epilog="[bold]Examples[/bold]\n\nweft lab weft port list\n\nweft lab weft explain web-1 db-1 tcp/5432",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
def administer(argv: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="What to ask.")]) -> None:
    """Run the command line as the administrator of the lab's server."""
    with _sentences():
        from weft.lab import life

        _become(life.standing_lab(), "central", lambda lab: life.administering(lab, *argv))


def _become(lab: "Lab", host: str, argv: "Callable[[Lab], Sequence[str]]") -> None:
    """This process becomes a command on a host of the lab. Raises LabError when the lab is down."""
    from weft.lab.layout import LabError
    from weft.lab.processes import entering

    there = lab.host(host)
    if not there.mount_namespace.exists():
        raise LabError(f"the lab {lab.name} is down; bring it up by: weft lab up")
    line = entering(there, argv(lab))
    os.execvp(line[0], line)  # noqa: S606


@command(app, "demo", "weft lab demo", "weft lab demo --keep", scoped=False)
def demo(
    session: Session,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the lab up afterwards.")] = False,
) -> None:
    """Play the article in a lab of two hosts, and check every step from the outside."""
    del session
    with _sentences():
        from weft.lab import life
        from weft.lab.demo import play

        play(life.default_lab(), keep=keep)
