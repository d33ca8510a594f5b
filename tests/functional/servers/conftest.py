"""Whole servers, as processes, on one PostgreSQL and one pair of OVN's databases."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from tests.functional.conftest import NewDatabase
from tests.functional.northbound.conftest import SB_SCHEMA, Server
from tests.functional.servers.proxy import Proxy
from tests.support.eventually import eventually

from weft.client import Client
from weft.store import Store, tokens


@dataclass
class Running:
    """A server's process, and how it is asked."""

    url: str
    token: str
    process: "subprocess.Popen[bytes]"

    def client(self) -> Client:
        return Client(self.url, token=self.token, timeout_s=10)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Site:
    """Where servers run. `northbound` is a real ovsdb-server."""

    place: Path
    database_url: str
    token: str
    northbound: Server
    southbound: Server
    servers: list[Running] = field(default_factory=list)

    def start(self, *, nb: str = "", database_url: str = "") -> Running:
        """A server; `nb` and `database_url` are other ways to the same databases."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            listen = f"127.0.0.1:{probe.getsockname()[1]}"
        state = self.place / f"server{len(self.servers)}"
        settings = {
            "database_url": database_url or self.database_url,
            "listen": listen,
            "tls": "off",
            "nb": nb or self.northbound.remote,
            "sb": self.southbound.remote,
            "state_dir": str(state),
        }
        file = self.place / f"server{len(self.servers)}.toml"
        file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
        with file.with_suffix(".log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "weft.server", "--config", file], stdout=log, stderr=log
            )
        server = Running(f"http://{listen}", self.token, process)
        self.servers.append(server)
        eventually(lambda: _is_ready(server), within_s=90)
        return server

    def switches(self) -> dict[str, str]:
        """The logical switches of the Northbound database: the row's identity by its name."""
        listed = self.northbound.nbctl(
            "--format=csv", "--no-heading", "--columns=name,_uuid", "list", "Logical_Switch"
        )
        return dict(line.split(",", 1) for line in listed.splitlines())

    def nb_cfg(self) -> int:
        return int(self.northbound.nbctl("get", "NB_Global", ".", "nb_cfg"))


def _is_ready(server: Running) -> bool:
    assert server.process.poll() is None, "the server ended"
    try:
        return httpx.get(f"{server.url}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def site(tmp_path: Path, new_database: NewDatabase) -> Iterator[Site]:
    url = new_database("postgresql")
    store = Store.open(url, now=lambda: datetime.now(UTC), new_id=uuid4)
    token = tokens.first_admin_token(store)
    store.close()
    assert token is not None
    northbound, southbound = Server(tmp_path / "nb"), Server(tmp_path / "sb", SB_SCHEMA)
    for database in (northbound, southbound):
        database.place.mkdir()
        database.start()
    site = Site(tmp_path, url, token, northbound, southbound)
    yield site
    for server in site.servers:
        server.kill()
    for database in (northbound, southbound):
        database.kill()


@pytest.fixture
def postgresql_proxy(site: Site) -> Iterator[Proxy]:
    place = Path(site.database_url.partition("host=")[2])
    name = ".s.PGSQL.5432"
    proxy = Proxy(site.place / "proxy" / name, place / name)
    yield proxy
    proxy.close()


def behind(proxy: Proxy, site: Site) -> str:
    """The URL of the site's database by way of `proxy`."""
    return f"{site.database_url.partition('host=')[0]}host={proxy.here.parent}"
