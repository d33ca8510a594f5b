"""weft port, also called weft endpoint: what a container or a virtual machine is to the network."""

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Annotated, Any

import typer

from weft.cli import counters, plugging
from weft.cli.command import command, deletion, noun
from weft.cli.quantity import labels_in
from weft.cli.session import CommandFailed, Session
from weft.cli.words import (
    LabelWords,
    Name,
    PhysicalNetwork,
    Qos,
    Rename,
    Unlabel,
    Vlan,
    given,
    none_if_none,
    physical_in,
)
from weft.client import Client
from weft.client.types import Json
from weft.model.port import PortKind

app = noun(
    "Endpoints (ports): the containers, virtual machines and bare-metal hosts on networks. "
    "`weft endpoint` and `weft port` are the same."
)
deletion(app, "port", "ports")
plugging.add_to(app)
counters.add_to(app)

_SshKeys = Annotated[
    list[Path] | None,
    typer.Option("--ssh-key", help="A file with a public key that its virtual machine is told; repeatable."),
]
_UserData = Annotated[
    Path | None,
    typer.Option("--user-data", help="A file that its virtual machine is told; an empty one tells nothing."),
]
_Host = Annotated[str | None, typer.Option("--host", help="The host it is bound to; `none` lets it go.")]


@command(
    app, "list", "weft port list", "weft port list --network DockerSN", "weft port list --host host1 -o json"
)
def list_all(
    session: Session,
    network: Annotated[str | None, typer.Option("--network", help="Only those on this network.")] = None,
    host: Annotated[str | None, typer.Option("--host", help="Only those on this host.")] = None,
) -> None:
    """List endpoints (ports): address, MAC, network, host, state and groups.

    A workload that asked for one in vain is listed, too: failed, without an address, and with the reason.
    """
    asked = {"project": session.chosen_project(), "network": network, "host": host}
    with session.connect() as client:
        found = list(client.list("ports", **asked))
        failed = client.request("GET", "failures", query=asked).body["items"]
        session.show_all("ports", [*found, *(_as_port(failure) for failure in failed)])


def _as_port(failure: Json) -> dict[str, Any]:
    """A failed attachment in the form of the endpoint that it should have become."""
    workload = failure["workload"]
    status = {"state": "failed", "reason": failure["reason"], "since": failure["at"], "host": failure["host"]}
    return {
        "id": None,
        "name": workload.get("name") or workload["id"],
        "kind": "vm" if workload["runtime"] == "libvirt" else "container",
        "mac": None,
        "fixed_ips": [],
        "project_id": failure["project_id"],
        "network_id": failure["network_id"],
        "network": None,
        "host": failure["host"],
        "labels": {},
        "published": [],
        "groups": [],
        "workload": workload,
        "status": status,
    }


@command(app, "show", "weft port show gloomy_jang", "weft endpoint show gloomy_jang -o yaml")
def show(session: Session, name: Name) -> None:
    """Show one endpoint (port) in full."""
    with session.connect() as client:
        found = client.get("ports", name, project=session.chosen_project())
        session.show("ports", found, _qos_name(client, found))


@command(
    app,
    "create",
    "weft port create printer --network DockerSN --kind baremetal --mac 02:00:00:00:00:09 --host gw "
    "--physical-network physnet1 --vlan 120",
    "weft port create db1 --network DockerSN --kind vm --address 192.168.200.20 --label app=db",
    "weft port create vm1 --network DockerSN --kind vm --ssh-key ~/.ssh/id_ed25519.pub --user-data vm1.yaml",
    "weft port create vm1-voice --network voice --trunk vm1 --vlan 30",
    changes=True,
)
def create(
    session: Session,
    *,
    name: Annotated[str, typer.Argument(help="Name of the endpoint (port).")],
    network: Annotated[str, typer.Option("--network", help="The network it is on.")],
    kind: Annotated[PortKind, typer.Option(help="What stands behind it.")] = PortKind.CONTAINER,
    mac: Annotated[str | None, typer.Option(help="Its MAC; left out, one is chosen.")] = None,
    address: Annotated[
        list[str] | None, typer.Option("--address", help="An address; left out, the next free one.")
    ] = None,
    label: LabelWords = None,
    host: _Host = None,
    physical_network: PhysicalNetwork = None,
    vlan: Vlan = None,
    trunk: Annotated[
        str | None,
        typer.Option("--trunk", help="The endpoint (port) that carries its frames, with the tag --vlan."),
    ] = None,
    qos: Qos = None,
    ssh_key: _SshKeys = None,
    user_data: _UserData = None,
) -> None:
    """Declare an endpoint (port) by hand; the agent does this for containers and virtual machines.

    A bare-metal machine is on a VLAN of its own on a physical network of a host, whose agent plugs it. With
    `--trunk` it is where a virtual machine sends and receives frames with a tag over another endpoint.
    """
    body = given(
        name=name,
        network=network,
        kind=kind,
        mac=mac,
        addresses=address or None,
        labels=labels_in(label or []) or None,
        host=host,
        physical_network=None if trunk else physical_in(physical_network, vlan),
        trunk=_trunk(trunk, physical_network, vlan),
        qos_policy=qos,
        **_told(ssh_key, user_data),
    )
    with session.connect() as client:
        session.report(client, "ports", client.create("ports", session.scoped(body)))


def _trunk(trunk: str | None, physical_network: str | None, vlan: int | None) -> dict[str, object] | None:
    if trunk is None:
        return None
    if vlan is None or physical_network is not None:
        raise typer.BadParameter("--trunk needs --vlan, and no --physical-network")
    return {"port": trunk, "vlan": vlan}


@command(
    app,
    "set",
    "weft port set gloomy_jang --qos slow",
    "weft port set gloomy_jang --label app=web --unlabel env --wait",
    "weft port set gloomy_jang --quarantine",
    "weft port set firewall --no-port-security --wait",
    "weft port set printer --physical-network physnet1 --vlan 121",
    "weft port set vm1 --user-data vm1.yaml",
    changes=True,
)
def change(
    session: Session,
    *,
    port: Name,
    name: Rename = None,
    label: LabelWords = None,
    unlabel: Unlabel = None,
    qos: Qos = None,
    host: _Host = None,
    physical_network: PhysicalNetwork = None,
    vlan: Vlan = None,
    quarantine: Annotated[
        bool | None, typer.Option("--quarantine/--release", help="Drop everything, or stop doing so.")
    ] = None,
    port_security: Annotated[
        bool | None,
        typer.Option(
            "--port-security/--no-port-security",
            help="Send from its own MAC and addresses only, or from any.",
        ),
    ] = None,
    ssh_key: _SshKeys = None,
    user_data: _UserData = None,
) -> None:
    """Change an endpoint (port). `--physical-network none` takes a bare-metal machine off its VLAN."""
    physical = physical_in(physical_network, vlan)
    told = _told(ssh_key, user_data)
    body = given(name=name, quarantined=quarantine, port_security=port_security, **told)
    if qos is not None:
        body["qos_policy"] = none_if_none(qos)
    if host is not None:
        body["host"] = none_if_none(host)
    if physical_network is not None:
        body["physical_network"] = None if physical_network == "none" else physical
    project = session.chosen_project()
    read_at = None
    with session.connect() as client:
        if label or unlabel:
            before = client.get("ports", port, project=project)
            kept = {k: v for k, v in before["labels"].items() if k not in (unlabel or [])}
            body["labels"] = kept | labels_in(label or [])
            read_at = before["revision"]
        after = client.change("ports", port, body, project=project, if_match=read_at)
        session.show("ports", after.body, _qos_name(client, after.body))
        session.settle(client, after.revision)


@command(app, "user-data", "weft port user-data vm1")
def user_data(session: Session, name: Name) -> None:
    """Print the user data of an endpoint (port): a secret, for those who may change it."""
    with session.connect() as client:
        asked = {"project": session.chosen_project()}
        found = client.request("GET", "ports", name, "user-data", query=asked).body["user_data"]
    if found is not None:
        typer.echo(b64decode(found), nl=False)


def _told(ssh_keys: list[Path] | None, user_data: Path | None) -> dict[str, object]:
    """What the files say to a virtual machine, as a request carries it."""
    keys = [line for file in ssh_keys or [] for line in _read(file).decode().splitlines() if line.strip()]
    data = None if user_data is None else b64encode(_read(user_data)).decode()
    return given(ssh_keys=keys or None, user_data=data)


def _read(file: Path) -> bytes:
    try:
        return file.expanduser().read_bytes()
    except OSError as error:
        raise CommandFailed(f"no {file} can be read: {error.strerror}") from error


def _qos_name(client: Client, port: dict[str, Any]) -> dict[str, str]:
    policy = port.get("qos_policy_id")
    return {} if policy is None else {policy: client.get("qos-policies", policy)["name"]}
