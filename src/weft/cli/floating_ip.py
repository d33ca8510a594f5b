"""weft floating-ip: addresses outside under which single ports are known."""

from typing import Annotated

import typer

from weft.cli.command import command, noun, standard
from weft.cli.session import Session
from weft.cli.words import Description, Name, Rename, given

app = noun(
    "A floating IP is an address of an external network that leads to one port, and by which that port goes "
    "out. It stays when the port goes."
)
standard(app, "floating-ip", "floating-ips")

_Port = Annotated[str, typer.Argument(help="The port, by name or id.")]


@command(
    app,
    "create",
    "weft floating-ip create --network internet",
    "weft floating-ip create --network internet --port web-1 --wait",
    "weft floating-ip create --network internet --name shop --address 203.0.113.7",
    changes=True,
)
def create(
    session: Session,
    *,
    network: Annotated[str, typer.Option(help="An external network.")],
    port: Annotated[str | None, typer.Option(help="The port that it leads to, by name or id.")] = None,
    address: Annotated[str | None, typer.Option(help="The address; or the next free one.")] = None,
    name: Annotated[str | None, typer.Option(help="What it is called; or its address.")] = None,
    description: Description = None,
) -> None:
    """Take an address of an external network, and lead it to a port if one is named."""
    body = given(network=network, port=port, address=address, name=name, description=description)
    with session.connect() as client:
        session.report(client, "floating-ips", client.create("floating-ips", session.scoped(body)))


@command(app, "associate", "weft floating-ip associate 203.0.113.7 web-1 --wait", changes=True)
def associate(session: Session, floating: Name, port: _Port) -> None:
    """Lead a floating IP to a port; it leaves the port that it led to before."""
    _lead(session, floating, port)


@command(app, "disassociate", "weft floating-ip disassociate 203.0.113.7 --wait", changes=True)
def disassociate(session: Session, floating: Name) -> None:
    """Lead a floating IP to no port; its address stays taken."""
    _lead(session, floating, None)


@command(app, "set", "weft floating-ip set 203.0.113.7 --name shop", changes=True)
def change(session: Session, *, floating: Name, name: Rename = None, description: Description = None) -> None:
    """Change the name or the description of a floating IP."""
    body = given(name=name, description=description)
    with session.connect() as client:
        after = client.change("floating-ips", floating, body, project=session.chosen_project())
        session.report(client, "floating-ips", after)


def _lead(session: Session, floating: str, port: str | None) -> None:
    with session.connect() as client:
        after = client.change("floating-ips", floating, {"port": port}, project=session.chosen_project())
        session.report(client, "floating-ips", after)
