"""weft server: the management plane on this very machine. What it needs is imported when it is asked for."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weft.cli.command import command, noun
from weft.cli.session import CommandFailed, Session
from weft.cli.words import given
from weft.settings import load_server

if TYPE_CHECKING:
    from weft.installation.begin import Begun

CONFIG = Path("/etc/weft/server.toml")

Config = Annotated[Path, typer.Option("--config", help="The server's settings file.")]

app = noun("The management plane, on the machine where you type this.")


@app.callback()
def group() -> None:
    """The management plane, on the machine where you type this."""


@command(app, "run", "weft server run", scoped=False)
def run(session: Session, config: Config = CONFIG) -> None:
    """Run the server in the foreground; systemd does this for you."""
    del session
    argv = [sys.executable, "-m", "weft.server", "--config", str(config)]
    os.execv(argv[0], argv)  # noqa: S606 - this process becomes the server


@command(
    app,
    "init",
    "weft server init",
    "weft server init --name 192.0.2.10 --name weft.example.org",
    "weft server init --database postgresql://weft@/weft?host=/run/postgresql",
    scoped=False,
)
def init(
    session: Session,
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--name", help="An address or DNS name of this machine; the first is what hosts are told. Repeat."
        ),
    ] = None,
    listen: Annotated[str | None, typer.Option(help="ADDRESS:PORT, or unix:PATH.")] = None,
    database: Annotated[str | None, typer.Option("--database", help="The URL of the database.")] = None,
    southbound: Annotated[
        str | None, typer.Option(help="OVN's Southbound database as hosts reach it: ssl:ADDRESS:PORT.")
    ] = None,
    encapsulation: Annotated[str | None, typer.Option(help="vxlan or geneve.")] = None,
    underlay_mtu: Annotated[int | None, typer.Option(help="The MTU between hosts.")] = None,
    tls: Annotated[str | None, typer.Option(help="off: only on a loopback address or a Unix socket.")] = None,
    config: Config = CONFIG,
) -> None:
    """Make settings, CA, certificates and database, and the first administrator's token.

    It can be run again: what exists is left alone.
    """
    from weft.installation.begin import begin

    wanted = given(
        listen=listen,
        names=name or None,
        tls=tls,
        database_url=database,
        southbound=southbound,
        encapsulation=encapsulation,
        underlay_mtu=underlay_mtu,
    )
    begun = begin(config, wanted, _now)
    if session.form.value == "table":
        session.say(_next_steps(begun))
    else:
        session.emit(
            {
                "config": str(begun.config),
                "url": begun.settings.public_url,
                "ca_fingerprint": begun.fingerprint,
                "admin_token": begun.admin_token,
                "login": begun.login,
            }
        )


@command(app, "token", "weft server token", scoped=False)
def token(session: Session, config: Config = CONFIG) -> None:
    """Make another administrator's token, if the first is lost. The server may be running."""
    from weft.installation.begin import another_admin_token

    session.say(another_admin_token(load_server(config), _now))


@command(app, "renew", "weft server renew", scoped=False)
def renew(session: Session, config: Config = CONFIG) -> None:
    """Give the server and OVN's databases new certificates of the same CA; then restart the server."""
    from weft.installation.files import TlsFiles, renew

    settings = load_server(config)
    if settings.tls == "off":
        raise CommandFailed(f"{config} says tls = off: there are no certificates")
    files = TlsFiles(settings.tls_dir)
    renew(files, settings.names, _now())
    session.say(
        f"renewed the certificates in {files.place}; restart the server: systemctl restart weft-server"
    )


def add_to(app: typer.Typer) -> None:
    """Add `backup` and `restore` to `app`."""
    command(app, "backup", "weft backup /var/backups/weft-monday.tar.gz", scoped=False)(save)
    command(
        app,
        "restore",
        "weft restore /var/backups/weft-monday.tar.gz",
        "weft restore weft-monday.tar.gz --database postgresql://weft@/weft?host=/run/postgresql",
        scoped=False,
    )(bring_back)


def save(
    session: Session,
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
    config: Config = CONFIG,
) -> None:
    """Save the installation on this machine: database, settings, CA. The server may be running.

    The file holds the CA's key: keep it as you would keep that.
    """
    from weft.installation.backup import backup

    made = backup(config, file, _now())
    session.say(f"saved revision {made.revision} in {file}, which is readable by you only")


def bring_back(
    session: Session,
    file: Annotated[Path, typer.Argument(help="What weft backup wrote.")],
    database: Annotated[
        str | None, typer.Option("--database", help="Another database than the one it had.")
    ] = None,
    config: Config = CONFIG,
) -> None:
    """Make the installation of a backup on this machine, where there is none.

    When the server starts, OVN is made equal to what was saved. Hosts that joined later must join again.
    """
    from weft.installation.backup import restore

    done = restore(file, config, _now(), database_url=database)
    session.say(
        f"restored revision {done.manifest.revision} of {done.manifest.made_at} into "
        f"{done.settings.database_url}; it goes on with revision {done.revision}. Start the server: "
        "systemctl start weft-server"
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _next_steps(begun: "Begun") -> str:
    settings = begun.settings
    lines = [f"settings     {begun.config}", f"database     {settings.database_url}"]
    if begun.fingerprint is not None:
        lines += [f"certificates {settings.tls_dir}", f"fingerprint  {begun.fingerprint}"]
    if begun.admin_token is None:
        lines.append("There is an administrator already; weft server token makes another token.")
    else:
        lines.append(f"admin token  {begun.admin_token}   (shown this once)")
    if begun.fingerprint is not None:
        tls = settings.tls_dir
        port = settings.southbound_remote.rpartition(":")[2]
        lines += [
            "",
            "Let OVN's Southbound database listen for hosts, over TLS and each with its own rights only:",
            f"  ovn-sbctl set-ssl {tls}/ovn.key {tls}/ovn.pem {tls}/ca.pem",
            f"  ovn-sbctl set-connection role=ovn-controller pssl:{port}",
        ]
    return "\n".join(
        [*lines, "", "Then start the server, and log in from where you work:", f"  {begun.login}"]
    )
