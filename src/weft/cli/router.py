"""weft router: which networks reach each other."""

from typing import Annotated

import typer

from weft.cli.command import command, noun, standard
from weft.cli.session import Session
from weft.cli.words import Description, Name, NewName, Rename, given
from weft.model.errors import Invalid

app = noun("Routers let networks of a project reach each other; each network's gateway is the router.")
standard(app, "router", "routers")

gateway = noun("A gateway leads the networks of a router out, by an external network.")
app.add_typer(gateway, name="gateway")

_Networks = Annotated[
    list[str] | None, typer.Option("--network", help="A network to join, by name or id; may be repeated.")
]
_Routes = Annotated[
    list[str] | None,
    typer.Option("--route", help="A static route, PREFIX=NEXT-HOP; may be repeated."),
]


@command(
    app,
    "create",
    "weft router create shop --network web --network db",
    "weft router create default --network web --outside host",
    "weft router create edge --network web --route 10.9.0.0/16=192.168.200.254",
    changes=True,
)
def create(
    session: Session,
    *,
    name: NewName,
    network: _Networks = None,
    route: _Routes = None,
    outside: Annotated[
        str | None,
        typer.Option(
            help="Lead it out by this external network; `host` is each host's own address.",
        ),
    ] = None,
    description: Description = None,
) -> None:
    """Make a router, join networks to it, and lead it out."""
    routes = [_route(text) for text in route or []]
    body = given(
        name=name,
        networks=network or None,
        routes=routes or None,
        gateway=None if outside is None else {"network": outside},
        description=description,
    )
    with session.connect() as client:
        session.report(client, "routers", client.create("routers", session.scoped(body)))


@command(app, "set", "weft router set shop --route 10.9.0.0/16=192.168.200.254", changes=True)
def change(
    session: Session,
    *,
    router: Name,
    name: Rename = None,
    route: _Routes = None,
    description: Description = None,
) -> None:
    """Change a router; `--route` replaces its static routes."""
    routes = None if route is None else [_route(text) for text in route]
    body = given(name=name, routes=routes, description=description)
    with session.connect() as client:
        session.report(
            client, "routers", client.change("routers", router, body, project=session.chosen_project())
        )


@command(app, "attach", "weft router attach shop cache --wait", changes=True)
def attach(
    session: Session, router: Name, network: Annotated[str, typer.Argument(help="The network to join.")]
) -> None:
    """Join a network to a router."""
    with session.connect() as client:
        answer = client.request("PUT", "routers", router, "networks", network, query=session.scope())
        session.report(client, "routers", answer)


@command(app, "detach", "weft router detach shop cache --wait", changes=True)
def detach(
    session: Session, router: Name, network: Annotated[str, typer.Argument(help="The network to let go.")]
) -> None:
    """Take a network off a router."""
    with session.connect() as client:
        answer = client.request("DELETE", "routers", router, "networks", network, query=session.scope())
        session.report(client, "routers", answer)


@command(
    gateway,
    "set",
    "weft router gateway set shop --network internet",
    "weft router gateway set shop --network host --wait",
    "weft router gateway set shop --network internet --address 203.0.113.9 --wait",
    changes=True,
)
def set_gateway(
    session: Session,
    *,
    router: Name,
    network: Annotated[str, typer.Option(help="An external network; `host` is each host's own address.")],
    address: Annotated[str | None, typer.Option(help="The router's address there; or the next free.")] = None,
) -> None:
    """Lead a router out by an external network, under one address."""
    body = given(network=network, address=address)
    with session.connect() as client:
        answer = client.request("PUT", "routers", router, "gateway", query=session.scope(), body=body)
        session.report(client, "routers", answer)


@command(gateway, "clear", "weft router gateway clear shop --wait", changes=True)
def clear_gateway(session: Session, router: Name) -> None:
    """Take a router's way out away."""
    with session.connect() as client:
        answer = client.request("DELETE", "routers", router, "gateway", query=session.scope())
        session.report(client, "routers", answer)


def _route(text: str) -> dict[str, str]:
    destination, separator, next_hop = text.partition("=")
    if not separator or not destination or not next_hop:
        raise Invalid(f"a route is written PREFIX=NEXT-HOP, like 10.9.0.0/16=10.0.0.254, not {text!r}")
    return {"destination": destination, "next_hop": next_hop}
