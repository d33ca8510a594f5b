"""A machine in a directory: a real Open vSwitch database, files of its own, and services in memory."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.fakes.services import FakeInstallation, FakeServices, FakeTraces
from tests.support.hosts import JOINED, MACHINE, WISH
from tests.support.listening import listening

from weft.host import examine
from weft.host.facts import Switch
from weft.host.join import Joining
from weft.host.layout import Layout
from weft.host.leave import Leaving

TOKEN = "weft1.once"
UNITS = {Path("/etc/systemd/system/weft-agent.service"): "[Service]\n"}


@dataclass
class Here:
    """The machine."""

    place: Path
    services: FakeServices = field(default_factory=FakeServices)
    traces: FakeTraces = field(default_factory=FakeTraces)
    installation: FakeInstallation = field(default_factory=lambda: FakeInstallation(JOINED, {TOKEN}))

    @property
    def remote(self) -> str:
        return f"unix:{self.place}/db.sock"

    @property
    def layout(self) -> Layout:
        return Layout(root=self.place / "root")

    def vsctl(self, *argv: str) -> str:
        command = ["ovs-vsctl", f"--db={self.remote}", "--no-wait", "--timeout=10", *argv]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def switch(self) -> Switch:
        found = examine.switch(self.remote)
        assert found is not None
        return found

    def joining(self, token: str = TOKEN) -> Joining:
        return Joining(
            wish=replace(WISH, ssl=self.layout.ssl),
            token=token,
            machine=replace(MACHINE, switch=self.switch(), configured=self.layout.settings.exists()),
            layout=self.layout,
            services=self.services,
            units=UNITS,
            exchange=self.installation.exchange,
            registered=lambda _: "",
            remote=self.remote,
        )

    def join(self, done: Callable[[str], None] = lambda _: None) -> None:
        self.joining().run(done)

    def leave(self, done: Callable[[str], None] = lambda _: None, *, force: bool = False) -> list[str]:
        return Leaving(
            layout=self.layout,
            services=self.services,
            units=UNITS,
            traces=self.traces,
            retire=self.installation.retire,
            remote=self.remote,
            force=force,
        ).run(done)

    def looks(self) -> object:
        """All that may not differ after a host has left."""
        files = {
            str(path): path.read_text()
            for path in sorted(self.layout.root.rglob("*"))
            if path.is_file() and path.name != "agent.lock"
        }
        return files, self.switch(), replace(self.services, restarts=0)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    machine = Here(tmp_path)
    database = tmp_path / "conf.db"
    subprocess.run(["ovsdb-tool", "create", database, "/usr/share/openvswitch/vswitch.ovsschema"], check=True)
    server = subprocess.Popen(
        [
            "ovsdb-server",
            database,
            f"--remote=p{machine.remote}",
            "--no-chdir",
            "-vconsole:off",
            f"--unixctl={tmp_path}/ctl",
        ]
    )
    listening(tmp_path / "db.sock")
    machine.vsctl("init")
    machine.vsctl("add-br", "br-phys", "--", "set", "bridge", "br-phys", "datapath_type=netdev")
    machine.vsctl("set", "Open_vSwitch", ".", "external_ids:system-id=old", "external_ids:mine=kept")
    (machine.layout.root / "etc/openvswitch").mkdir(parents=True)
    yield machine
    server.terminate()
    server.wait()
