"""OVN's databases over TLS: a real ovsdb-server, and who is believed on either side."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from weft import trust
from weft.installation.files import TlsFiles, authority, client_context, create
from weft.model.ids import HostName
from weft.ovn.southbound import Southbound
from weft.ovsdb import OvsdbUnavailable


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@dataclass
class Databases:
    """An ovsdb-server that shows the certificate called `shows`."""

    place: Path
    tls: TlsFiles
    remote: str

    def asks(self, name: str) -> "subprocess.CompletedProcess[str]":
        """OVN's own client, showing the certificate called `name`."""
        pair = (f"--private-key={self.tls.key(name)}", f"--certificate={self.tls.certificate(name)}")
        return subprocess.run(
            [
                "ovsdb-client",
                "--timeout=5",
                *pair,
                f"--ca-cert={self.tls.certificate('ca')}",
                "list-dbs",
                self.remote,
            ],
            capture_output=True,
            text=True,
            check=False,
        )


Start = Callable[[str], Databases]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    tls, now = TlsFiles(tmp_path / "tls"), datetime.now(UTC)
    create(tls, ["127.0.0.1"], now)
    ended = now - trust.HOST_VALID - timedelta(seconds=1)
    for name, ours, at in (
        ("h1", authority(tls), now),
        ("ended", authority(tls), ended),
        ("stranger", trust.Authority.new(now), now),
    ):
        key = trust.new_key()
        tls.key(name).write_text(key)
        tls.certificate(name).write_text(ours.host(HostName("h1"), trust.request(key, "h1"), at))
    running: list[subprocess.Popen[bytes]] = []

    def run(shows: str) -> Databases:
        database = tmp_path / "sb.db"
        subprocess.run(["ovsdb-tool", "create", database, "/usr/share/ovn/ovn-sb.ovsschema"], check=True)
        port = free_port()
        running.append(
            subprocess.Popen(
                [
                    "ovsdb-server",
                    database,
                    f"--remote=pssl:{port}:127.0.0.1",
                    f"--private-key={tls.key(shows)}",
                    f"--certificate={tls.certificate(shows)}",
                    f"--ca-cert={tls.certificate('ca')}",
                    "--no-chdir",
                    "-vconsole:off",
                    f"--unixctl={tmp_path}/ctl",
                ]
            )
        )
        return Databases(tmp_path, tls, f"ssl:127.0.0.1:{port}")

    yield run
    for process in running:
        process.kill()
        process.wait()


def reached(databases: Databases) -> bool:
    """Whether the server, as it runs, gets a complete copy."""
    southbound = Southbound(databases.remote, ssl_context=client_context(databases.tls))
    try:
        southbound.ready(5)
    except OvsdbUnavailable:
        return False
    finally:
        southbound.close()
    return True


def test_the_server_and_hosts_reach_the_databases_over_tls(start: Start) -> None:
    databases = start("ovn")

    assert reached(databases)
    assert databases.asks("h1").stdout.split() == ["OVN_Southbound", "_Server"]


def test_who_has_no_certificate_of_ours_is_not_let_in(start: Start) -> None:
    databases = start("ovn")
    assert reached(databases)

    assert databases.asks("stranger").stdout == ""


def test_a_certificate_that_has_ended_opens_the_databases_no_more(start: Start) -> None:
    databases = start("ovn")
    assert reached(databases)

    assert databases.asks("ended").stdout == ""


def test_a_hosts_certificate_cannot_stand_in_for_the_databases(start: Start) -> None:
    """Open vSwitch does not compare names; that a host's certificate is for clients only is what stops it."""
    databases = start("h1")

    assert not reached(databases)
    assert databases.asks("h1").stdout == ""
