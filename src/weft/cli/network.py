"""weft network: layer 2 networks, with their subnets."""

from typing import Annotated

import typer

from weft.cli.command import command, noun, standard
from weft.cli.hits import caveats, defaults
from weft.cli.quantity import labels_in
from weft.cli.render import Format
from weft.cli.session import Session
from weft.cli.words import (
    Description,
    LabelWords,
    Name,
    NewName,
    PhysicalNetwork,
    Qos,
    Rename,
    Vlan,
    given,
    none_if_none,
    physical_in,
)
from weft.model.network import Default

app = noun("Networks carry frames between endpoints (ports), wherever their hosts are.")
standard(app, "network", "networks")

_Subnets = Annotated[
    list[str] | None,
    typer.Option("--subnet", help="A prefix to hand addresses out from; may be repeated."),
]
_Gateway = Annotated[
    str | None, typer.Option(help="Gateway of the (single) subnet; the first address if left out.")
]
_Dns = Annotated[list[str] | None, typer.Option("--dns", help="A DNS server for the subnets.")]
_Mtu = Annotated[int | None, typer.Option(help="Bytes; left out, what the underlay leaves.")]
_Ingress = Annotated[Default | None, typer.Option(help="What unmatched traffic to endpoints gets.")]
_Egress = Annotated[Default | None, typer.Option(help="What unmatched traffic from endpoints gets.")]

_Zone = Annotated[str | None, typer.Option(help="The zone: rules name its networks on one router together.")]
_LogDrops = Annotated[
    bool | None,
    typer.Option("--log-drops/--no-log-drops", help="Tell of what is dropped where no rule matches."),
]
_Metadata = Annotated[
    bool | None,
    typer.Option(
        "--metadata/--no-metadata",
        help="Tell its virtual machines of themselves at 169.254.169.254, as cloud images ask.",
    ),
]


@command(
    app,
    "create",
    "weft network create DockerSN --subnet 192.168.200.0/24",
    "weft network create dual --subnet 10.7.0.0/16 --subnet fd00:7::/64 --dns 10.7.0.2",
    "weft network create vault --subnet 10.8.0.0/24 --default-ingress drop --wait",
    "weft network create internet --subnet 203.0.113.0/24 --physical-network physnet1 --vlan 100",
    changes=True,
)
def create(
    session: Session,
    *,
    name: NewName,
    subnet: _Subnets = None,
    gateway: _Gateway = None,
    dns: _Dns = None,
    mtu: _Mtu = None,
    physical_network: PhysicalNetwork = None,
    vlan: Vlan = None,
    zone: _Zone = None,
    metadata: _Metadata = None,
    default_ingress: _Ingress = None,
    default_egress: _Egress = None,
    log_drops: _LogDrops = None,
    label: LabelWords = None,
    qos: Qos = None,
    description: Description = None,
) -> None:
    """Make a network and its subnets, all of it or nothing."""
    if gateway is not None and len(subnet or []) != 1:
        raise typer.BadParameter("--gateway needs exactly one --subnet")
    physical = physical_in(physical_network, vlan)
    subnets = [given(cidr=cidr, gateway=gateway, dns_servers=dns or None) for cidr in subnet or []]
    body = given(
        name=name,
        subnets=subnets or None,
        mtu=mtu,
        metadata=metadata,
        physical_network=physical,
        zone=zone,
        default_ingress=default_ingress,
        default_egress=default_egress,
        log_drops=log_drops,
        labels=labels_in(label or []) or None,
        qos_policy=qos,
        description=description,
    )
    with session.connect() as client:
        session.report(client, "networks", client.create("networks", session.scoped(body)))


@command(
    app,
    "set",
    "weft network set DockerSN --default-ingress drop",
    "weft network set DockerSN --qos slow",
    "weft network set DockerSN --zone dmz",
    "weft network set DockerSN --no-log-drops",
    "weft network set DockerSN --metadata",
    "weft network set internet --physical-network physnet1",
    changes=True,
)
def change(
    session: Session,
    *,
    network: Name,
    name: Rename = None,
    mtu: _Mtu = None,
    physical_network: PhysicalNetwork = None,
    vlan: Vlan = None,
    zone: _Zone = None,
    metadata: _Metadata = None,
    default_ingress: _Ingress = None,
    default_egress: _Egress = None,
    log_drops: _LogDrops = None,
    qos: Qos = None,
    description: Description = None,
) -> None:
    """Change a network. `--physical-network none` makes an external network an ordinary one; `--zone none`
    takes it out of its zone.
    """
    physical = physical_in(physical_network, vlan)
    body = given(
        name=name,
        mtu=mtu,
        metadata=metadata,
        default_ingress=default_ingress,
        default_egress=default_egress,
        log_drops=log_drops,
        description=description,
    )
    if qos is not None:
        body["qos_policy"] = none_if_none(qos)
    if zone is not None:
        body["zone"] = none_if_none(zone)
    if physical_network is not None:
        body["physical_network"] = None if physical_network == "none" else physical
    with session.connect() as client:
        after = client.change("networks", network, body, project=session.chosen_project())
        session.report(client, "networks", after)


@command(app, "hits", "weft network hits DockerSN")
def hits(session: Session, network: Name) -> None:
    """Show what was dropped and allowed on a network where no rule matched."""
    with session.connect() as client:
        found = client.request("GET", "networks", network, "hits", query=session.scope()).body
    if session.form is not Format.TABLE:
        session.emit(found)
        return
    session.draw(defaults(found))
    for line in caveats(found):
        session.say(line)
