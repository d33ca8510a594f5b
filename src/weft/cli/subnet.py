"""weft subnet: IP prefixes on networks."""

from typing import Annotated

import typer

from weft.cli.command import command, deletion, noun
from weft.cli.session import Session
from weft.cli.words import Name, Rename, given
from weft.model.errors import Invalid

app = noun("Subnets are the prefixes that endpoints (ports) of a network get addresses from.")
deletion(app, "subnet", "subnets")

_Network = Annotated[str | None, typer.Option("--network", help="Only subnets of this network.")]
_Pools = Annotated[
    list[str] | None, typer.Option("--pool", help="Hand out only FIRST-LAST; may be repeated.")
]
_Dns = Annotated[list[str] | None, typer.Option("--dns", help="A DNS server; may be repeated.")]
_Dhcp = Annotated[bool | None, typer.Option("--dhcp/--no-dhcp", help="Whether DHCP answers.")]
_Gateway = Annotated[str | None, typer.Option(help="The router's address.")]


@command(app, "list", "weft subnet list --network DockerSN")
def list_all(session: Session, network: _Network = None) -> None:
    """List subnets."""
    project = session.chosen_project()
    with session.connect() as client:
        names = {item["id"]: item["name"] for item in client.list("networks", project=project)}
        session.show_all("subnets", client.list("subnets", project=project, network=network), names)


@command(app, "show", "weft subnet show DockerSN-v4")
def show(session: Session, name: Name) -> None:
    """Show one subnet."""
    with session.connect() as client:
        found = client.get("subnets", name, project=session.chosen_project())
        network = client.get("networks", found["network_id"])
        session.show("subnets", found, {network["id"]: network["name"]})


@command(
    app,
    "create",
    "weft subnet create 192.168.201.0/24 --network DockerSN",
    "weft subnet create fd00:7::/64 --network DockerSN --pool fd00:7::100-fd00:7::1ff",
    changes=True,
)
def create(
    session: Session,
    *,
    cidr: Annotated[str, typer.Argument(help="The prefix, like 192.168.201.0/24.")],
    network: Annotated[str, typer.Option("--network", help="The network it belongs to.")],
    name: Rename = None,
    gateway: _Gateway = None,
    pool: _Pools = None,
    dns: _Dns = None,
    dhcp: _Dhcp = None,
) -> None:
    """Make a subnet on a network."""
    body = given(
        cidr=cidr,
        network=network,
        name=name,
        gateway=gateway,
        pools=_pools(pool or []) or None,
        dns_servers=dns or None,
        dhcp=dhcp,
    )
    with session.connect() as client:
        session.report(client, "subnets", client.create("subnets", session.scoped(body)))


@command(app, "set", "weft subnet set DockerSN-v4 --dns 192.168.200.2", changes=True)
def change(
    session: Session,
    *,
    subnet: Name,
    name: Rename = None,
    gateway: _Gateway = None,
    pool: _Pools = None,
    dns: _Dns = None,
    dhcp: _Dhcp = None,
) -> None:
    """Change a subnet."""
    body = given(
        name=name,
        gateway=gateway,
        pools=_pools(pool or []) or None,
        dns_servers=dns or None,
        dhcp=dhcp,
    )
    with session.connect() as client:
        after = client.change("subnets", subnet, body, project=session.chosen_project())
        session.report(client, "subnets", after)


def _pools(texts: list[str]) -> list[dict[str, str]]:
    pools = []
    for text in texts:
        first, separator, last = text.partition("-")
        if not separator:
            raise Invalid(f"a pool is written FIRST-LAST, not {text!r}", field="pools")
        pools.append({"first": first.strip(), "last": last.strip()})
    return pools
