"""A management plane of its own on this machine: OVN's two databases, and `weft server` on loopback.

No northd and no hosts: for what is measured between the API and the Northbound database they would only take
time from both contestants.
"""

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from uuid import uuid4

import httpx

from bench.processes import free_port
from weft.ovsdb import Connection
from weft.ovsdb.replica import RawRow
from weft.store import Store, tokens

_SCHEMAS = {"nb": "/usr/share/ovn/ovn-nb.ovsschema", "sb": "/usr/share/ovn/ovn-sb.ovsschema"}
_pause = threading.Event()


class Databases:
    """OVN's Northbound and Southbound database servers, each on a socket in `place`."""

    def __init__(self, place: Path) -> None:
        """Start both, empty."""
        self.place = place
        self._servers = [self._start(name, schema) for name, schema in _SCHEMAS.items()]

    def _start(self, name: str, schema: str) -> "subprocess.Popen[bytes]":
        database = self.place / f"{name}.db"
        subprocess.run(["ovsdb-tool", "create", database, schema], check=True)
        return subprocess.Popen(
            [
                "ovsdb-server",
                database,
                f"--remote=p{self.remote(name)}",
                "--no-chdir",
                "-vconsole:off",
                f"--unixctl={self.place}/{name}.ctl",
            ]
        )

    def remote(self, name: str) -> str:
        """The address of `nb` or `sb`."""
        return f"unix:{self.place}/{name}.sock"

    def stop(self) -> None:
        """End both."""
        for server in self._servers:
            server.kill()
            server.wait()


@contextmanager
def databases() -> Iterator[Databases]:
    """Both database servers, in a directory that goes with them."""
    place = Path(tempfile.mkdtemp(prefix="weft-bench-"))
    running = Databases(place)
    try:
        yield running
    finally:
        running.stop()
        shutil.rmtree(place)


class Server:
    """A `weft server` over `databases`, as a process of its own."""

    def __init__(self, databases: Databases) -> None:
        """Not started yet; its model is kept in the databases' directory."""
        self._databases = databases
        self.place = databases.place
        self.database_url = f"sqlite:///{self.place}/weft.db"
        self.address = f"127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process; 0 when there is none."""
        return 0 if self._process is None else self._process.pid

    def start(self, timeout_s: float = 120) -> None:
        """Returns when the API answers."""
        self._token()
        settings = self.place / "server.toml"
        settings.write_text(
            f'listen = "{self.address}"\ndatabase_url = "{self.database_url}"\n'
            f'nb = "{self._databases.remote("nb")}"\nsb = "{self._databases.remote("sb")}"\n'
            f'tls = "off"\nstate_dir = "{self.place}"\nresync_s = 3600\n'
        )
        with (self.place / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "weft.server", "--config", settings], stdout=log, stderr=log
            )
        deadline = time.monotonic() + timeout_s
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"weft server did not start: {(self.place / 'server.log').read_text()}")
            _pause.wait(0.02)

    def _answers(self) -> bool:
        """Asked by hand: a whole client for each question would take the processor from the server."""
        asking = HTTPConnection(self.address, timeout=5)
        try:
            asking.request("GET", "/readyz")
            return asking.getresponse().status == HTTPStatus.OK
        except OSError:
            return False
        finally:
            asking.close()

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def api(self) -> httpx.Client:
        """An administrator's session, kept alive as any client would."""
        token = self._token()
        return httpx.Client(
            base_url=f"http://{self.address}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=120,
            trust_env=False,
        )

    def _token(self) -> str:
        """The administrator's, made at the first start."""
        kept = self.place / "admin-token"
        if not kept.exists():
            store = Store.open(self.database_url, now=partial(datetime.now, UTC), new_id=uuid4)
            kept.write_text(tokens.first_admin_token(store) or "")
            store.close()
        return kept.read_text()


@contextmanager
def server(over: Databases) -> Iterator[Server]:
    """A running server."""
    running = Server(over)
    running.start()
    try:
        yield running
    finally:
        running.stop()


class Watch:
    """Tells when the Northbound database holds a revision, without asking the server."""

    def __init__(self, over: Databases) -> None:
        """Connect and read."""
        tables = {"NB_Global": ["external_ids"]}
        self._connection = Connection(over.remote("nb"), "OVN_Northbound", tables)
        self._connection.ready(30)

    @property
    def revision(self) -> int:
        """The newest revision that the database holds."""
        rows = self._connection.replica.tables.get("NB_Global", {})
        return max((_revision(row) for row in rows.values()), default=0)

    def wait_for(self, revision: int, timeout_s: float = 300) -> None:
        """Block until the database holds `revision`."""
        if not self._connection.wait_for(lambda: self.revision >= revision, timeout_s):
            raise RuntimeError(f"the Northbound database is at {self.revision}, and not at {revision}")

    def close(self) -> None:
        """End the session."""
        self._connection.close()


def _revision(row: RawRow) -> int:
    marks = row["external_ids"]
    return int(marks.get("weft:revision", 0)) if isinstance(marks, dict) else 0
