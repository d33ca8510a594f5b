"""A switch's database of the test's own, that nobody acts on."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.functional.northbound.conftest import Server

from weft.agent.vswitch import Vswitch


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, "/usr/share/openvswitch/vswitch.ovsschema")
    server.start()
    vsctl(server, "init")
    yield server
    server.kill()


@pytest.fixture
def switch(database: Server) -> Iterator[Vswitch]:
    made = Vswitch(database.remote)
    made.ready(10)
    yield made
    made.close()


def vsctl(server: Server, *argv: str) -> None:
    subprocess.run(
        ["ovs-vsctl", "--no-wait", "--retry", "--timeout=10", f"--db={server.remote}", *argv], check=True
    )
