"""Nouns and verbs. `weft --help` teaches; every command takes `-o table|json|yaml`."""

import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic_settings import BaseSettings, SettingsConfigDict

from weft.cli import parse
from weft.cli.render import Output, show
from weft.client import Client, ProblemError, ServerUnreachable

Json = dict[str, Any]
CONFIG = Path("~/.config/weft/login.env").expanduser()

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Containers, virtual machines and bare metal on one network under one policy.",
)
network = typer.Typer(no_args_is_help=True, help="Layer 2 networks and their subnets.")
port = typer.Typer(no_args_is_help=True, help="Endpoints (ports): a workload's place on a network.")
group = typer.Typer(no_args_is_help=True, help="Groups: ports by their labels.")
policy = typer.Typer(no_args_is_help=True, help="Policies and their rules.")
qos = typer.Typer(no_args_is_help=True, help="Rate limits and DSCP.")
host = typer.Typer(no_args_is_help=True, help="Hosts that carry workloads.")
token = typer.Typer(no_args_is_help=True, help="Tokens.")
for name, sub in (
    ("network", network),
    ("port", port),
    ("group", group),
    ("policy", policy),
    ("qos", qos),
    ("host", host),
    ("token", token),
):
    app.add_typer(sub, name=name)
app.add_typer(port, name="endpoint", hidden=True)

OutputOption = Annotated[Output, typer.Option("-o", "--output", help="How to show the result.")]
ProjectOption = Annotated[str | None, typer.Option("--project", help="The project; default: `default`.")]
WaitOption = Annotated[bool, typer.Option("--wait", help="Wait until every host enforces it.")]


class Login(BaseSettings):
    """Where the server is and who we are: WEFT_SERVER and WEFT_TOKEN, or what `weft login` stored."""

    model_config = SettingsConfigDict(env_prefix="WEFT_", env_file=CONFIG, extra="ignore")

    server: str = "http://127.0.0.1:7443"
    token: str = ""


def _client() -> Client:
    login = Login()
    return Client(login.server, token=login.token)


def _created(kind: str, body: Json, output: Output, *, wait: bool) -> None:
    with _client() as client:
        item, revision = client.create(kind, {k: v for k, v in body.items() if v is not None})
        show(kind.split("/", maxsplit=1)[0], [item], output, single=True)
        if wait and revision:
            _wait(client, revision)


def _wait(client: Client, revision: int, timeout_s: float = 30) -> None:
    """Report the receipt on stderr; exit 1 when hosts are still waiting at the end."""
    found = client.receipt(revision, wait_s=timeout_s)
    hosts = found["hosts"]
    typer.echo(
        f"revision {revision}: applied after {found['applied_after_ms']} ms, enforced on "
        f"{hosts['done']} of {hosts['total']} hosts",
        err=True,
    )
    if not found["enforced"]:
        raise typer.Exit(1)


def _list(kind: str, output: Output, **query: Any) -> None:  # noqa: ANN401 - query values
    with _client() as client:
        show(kind, list(client.items(kind, **query)), output)


def _remove(kind: str, wanted: str, project: str | None) -> None:
    with _client() as client:
        client.request("DELETE", f"/{kind}/{wanted}", query={"project": project})


@app.command()
def login(server: str, token: Annotated[str, typer.Option(prompt=True, hide_input=True)]) -> None:
    """Store the server's address and your token, for you alone."""
    CONFIG.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    CONFIG.touch(mode=0o600)
    CONFIG.write_text(f"WEFT_SERVER={server}\nWEFT_TOKEN={token}\n")


@app.command()
def wait(revision: int, timeout: float = 30) -> None:
    """Wait until REVISION is enforced on every host that carries ports."""
    with _client() as client:
        _wait(client, revision, timeout)


@app.command()
def failures(output: OutputOption = Output.TABLE) -> None:
    """Attachments that did not come about, and why."""
    _list("failures", output)


@network.command("create")
def network_create(
    name: str,
    subnet: Annotated[list[str] | None, typer.Option(help="A prefix.")] = None,
    project: ProjectOption = None,
    default_ingress: str | None = None,
    default_egress: str | None = None,
    output: OutputOption = Output.TABLE,
    *,
    wait: WaitOption = False,
) -> None:
    """Create a network: weft network create DockerSN --subnet 192.168.200.0/24."""
    _created(
        "networks",
        {
            "name": name,
            "project": project,
            "default_ingress": default_ingress,
            "default_egress": default_egress,
            "subnets": [{"cidr": cidr} for cidr in subnet or []],
        },
        output,
        wait=wait,
    )


@network.command("list")
def network_list(project: ProjectOption = None, output: OutputOption = Output.TABLE) -> None:
    """List networks."""
    _list("networks", output, project=project)


@network.command("delete")
def network_delete(name: str, project: ProjectOption = None) -> None:
    """Delete a network; refused while ports are on it."""
    _remove("networks", name, project)


@port.command("create")
def port_create(
    name: str,
    network: Annotated[str, typer.Option()],
    kind: str = "container",
    mac: str | None = None,
    ip: Annotated[list[str] | None, typer.Option()] = None,
    label: Annotated[list[str] | None, typer.Option(help="KEY=VALUE")] = None,
    project: ProjectOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Create a port ahead of its workload: weft port create db-1 --network DockerSN --kind vm."""
    _created(
        "ports",
        {
            "name": name,
            "network": network,
            "kind": kind,
            "mac": mac,
            "addresses": ip or [],
            "labels": parse.labels(label or []),
            "project": project,
        },
        output,
        wait=False,
    )


@port.command("list")
def port_list(project: ProjectOption = None, output: OutputOption = Output.TABLE) -> None:
    """List endpoints (ports)."""
    _list("ports", output, project=project)


@port.command("show")
def port_show(name: str, project: ProjectOption = None, output: OutputOption = Output.YAML) -> None:
    """Everything about one endpoint (port)."""
    with _client() as client:
        found = client.request("GET", f"/ports/{name}", query={"project": project or "default"}).json()
        show("ports", [found], output, single=True)


@port.command("set")
def port_set(
    name: str,
    qos_policy: Annotated[str, typer.Option("--qos", help="A QoS policy, or none.")],
    project: ProjectOption = None,
    *,
    wait: WaitOption = False,
) -> None:
    """Change a port: weft port set web-1 --qos slow."""
    with _client() as client:
        answer = client.request(
            "PATCH",
            f"/ports/{name}",
            query={"project": project or "default"},
            body={"qos_policy": None if qos_policy == "none" else qos_policy},
        )
        if wait:
            _wait(client, int(answer.headers["weft-revision"]))


@port.command("delete")
def port_delete(name: str, project: ProjectOption = None) -> None:
    """Delete a port and free its addresses."""
    _remove("ports", name, project)


@group.command("create")
def group_create(
    name: str,
    selector: Annotated[str, typer.Option(help="app=web && !(env=dev)")],
    project: ProjectOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Create a group of all ports whose labels match: weft group create web --selector app=web."""
    _created("groups", {"name": name, "selector": selector, "project": project}, output, wait=False)


@group.command("list")
def group_list(project: ProjectOption = None, output: OutputOption = Output.TABLE) -> None:
    """List groups."""
    _list("groups", output, project=project)


@policy.command("create")
def policy_create(
    name: str,
    target: Annotated[str | None, typer.Option(help="A group; default: all.")] = None,
    project: ProjectOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Create an empty policy: weft policy create no-ping --target web."""
    _created("policies", {"name": name, "target": target, "project": project}, output, wait=False)


@policy.command("rule")
def policy_rule(
    policy: str,
    direction: Annotated[str, typer.Option()],
    action: Annotated[str, typer.Option()],
    peer: Annotated[str, typer.Option(help="any, group:NAME, network:NAME, CIDR")] = "any",
    service: Annotated[str, typer.Option(help="any, icmp, tcp/80,443")] = "any",
    output: OutputOption = Output.TABLE,
    *,
    wait: WaitOption = False,
) -> None:
    """Add a rule: weft policy rule no-ping --direction ingress --action drop --service icmp."""
    _created(
        f"policies/{policy}/rules",
        {
            "direction": direction,
            "action": action,
            "peer": parse.peer(peer),
            "service": parse.service(service),
        },
        output,
        wait=wait,
    )


@policy.command("list")
def policy_list(project: ProjectOption = None, output: OutputOption = Output.TABLE) -> None:
    """List policies."""
    _list("policies", output, project=project)


@policy.command("delete")
def policy_delete(name: str, project: ProjectOption = None) -> None:
    """Delete a policy with its rules."""
    _remove("policies", name, project)


@qos.command("create")
def qos_create(
    name: str,
    egress: str | None = None,
    ingress: str | None = None,
    dscp: int | None = None,
    project: ProjectOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Create limits: weft qos create slow --egress 10mbit."""
    limits = {
        side: {"rate_kbps": parse.rate(text)}
        for side, text in (("egress", egress), ("ingress", ingress))
        if text is not None
    }
    _created("qos-policies", {"name": name, "dscp": dscp, "project": project, **limits}, output, wait=False)


@host.command("list")
def host_list(output: OutputOption = Output.TABLE) -> None:
    """List hosts."""
    _list("hosts", output)


@token.command("join")
def token_join(
    host: str | None = None,
    project: Annotated[list[str] | None, typer.Option()] = None,
    output: OutputOption = Output.YAML,
) -> None:
    """A token with which one host may join, once, within an hour."""
    body = {"host": host, "projects": project or ["default"]}
    with _client() as client:
        show("hosts", [client.create("join-tokens", body)[0]], output, single=True)


def main() -> None:
    """Run; errors are one sentence on stderr. Exit 1: refused, 2: wrong usage, 3: no server."""
    try:
        app()
    except ProblemError as error:
        _fail(str(error), 1)
    except ValueError as error:
        _fail(str(error), 2)
    except ServerUnreachable as error:
        _fail(str(error), 3)


def _fail(sentence: str, code: int) -> NoReturn:
    typer.echo(f"error: {sentence}", err=True)
    sys.exit(code)
