"""A throw-away ovsdb-server with OVN's real Northbound schema."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.listening import listening

from weft.ovn.northbound import Northbound

SB_SCHEMA = "/usr/share/ovn/ovn-sb.ovsschema"
SCHEMA = "/usr/share/ovn/ovn-nb.ovsschema"


@dataclass
class Server:
    """An ovsdb-server of the test's own."""

    place: Path
    schema: str = SCHEMA
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def remote(self) -> str:
        return f"unix:{self.place}/nb.sock"

    def start(self, *options: str) -> None:
        database = self.place / "nb.db"
        if not database.exists():
            subprocess.run(["ovsdb-tool", "create", database, self.schema], check=True)
        self.process = subprocess.Popen(
            [
                "ovsdb-server",
                database,
                f"--remote=p{self.remote}",
                *options,
                "--no-chdir",
                "-vconsole:off",
                f"--unixctl={self.place}/ctl",
            ]
        )
        listening(self.place / "nb.sock")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def transact(self, *operations: object, database: str = "OVN_Northbound") -> str:
        """Raw operations, as any other client could send them."""
        return subprocess.run(
            ["ovsdb-client", "transact", self.remote, json.dumps([database, *operations])],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def tables(self, database: str = "OVN_Northbound") -> tuple[str, ...]:
        """The names of the database's tables."""
        said = subprocess.run(
            ["ovsdb-client", "list-tables", "--no-headings", self.remote, database],
            check=True,
            capture_output=True,
            text=True,
        )
        return tuple(said.stdout.split())

    def nbctl(self, *argv: str) -> str:
        return subprocess.run(
            ["ovn-nbctl", "--timeout=10", f"--db={self.remote}", *argv],
            check=True,
            capture_output=True,
            text=True,
        ).stdout


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def northbound(server: Server) -> Iterator[Northbound]:
    northbound = Northbound(server.remote)
    northbound.ready(10)
    yield northbound
    northbound.close()


@pytest.fixture
def southbound_server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, SB_SCHEMA)
    server.start()
    yield server
    server.kill()
