"""The command line: one module per noun, and `render` draws what they found."""

from importlib.metadata import version
from typing import Annotated

import typer

from weft.cli import (
    address_group,
    attach_rule,
    doctor,
    drops,
    explain,
    floating_ip,
    group,
    host,
    invariant,
    lab,
    login,
    network,
    past,
    plan,
    policy,
    port,
    project,
    qos,
    revision,
    router,
    server,
    slack,
    subnet,
    token,
    trace,
)
from weft.cli.command import Sentences

app = typer.Typer(
    name="weft",
    cls=Sentences,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
for _name, _noun in (
    ("project", project),
    ("network", network),
    ("subnet", subnet),
    ("router", router),
    ("floating-ip", floating_ip),
    ("port", port),
    ("group", group),
    ("address-group", address_group),
    ("policy", policy),
    ("qos", qos),
    ("attach-rule", attach_rule),
    ("invariant", invariant),
    ("host", host),
    ("token", token),
    ("lab", lab),
    ("server", server),
):
    app.add_typer(_noun.app, name=_name)
app.add_typer(port.app, name="endpoint", help="The same as `weft port`.")
login.add_to(app)
revision.add_to(app)
server.add_to(app)
explain.add_to(app)
trace.add_to(app)
drops.add_to(app)
slack.add_to(app)
doctor.add_to(app)
plan.add_to(app)
past.add_to(app)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - how Typer calls it
    if asked:
        print(f"weft {version('weft')}")
        raise typer.Exit


@app.callback(
    epilog="[bold]A first network[/bold]\n\nweft network create DockerSN --subnet 192.168.200.0/24\n\n"
    "weft port list --network DockerSN"
)
def root(
    *,
    version_asked: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Containers, virtual machines and bare metal on one overlay network under one policy.

    Log in with `weft login SERVER`, or set WEFT_SERVER and WEFT_TOKEN.
    """
    del version_asked  # the callback has answered


def main() -> None:
    """Run the command line."""
    app()
