"""Databases and northd of the test's own: what they say of our rows is what every host does."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.support.listening import listening

from weft.compiler import CompilerSettings, compile_model
from weft.model.ids import Revision
from weft.model.snapshot import Snapshot
from weft.ovn.northbound import Northbound
from weft.ovn.plan import diff

SCHEMAS = {"nb": "/usr/share/ovn/ovn-nb.ovsschema", "sb": "/usr/share/ovn/ovn-sb.ovsschema"}


@dataclass
class Ovn:
    """An OVN without hosts: Northbound, northd, Southbound."""

    place: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def remote(self, which: str) -> str:
        return f"unix:{self.place}/{which}.sock"

    def start(self) -> None:
        for which, schema in SCHEMAS.items():
            database = self.place / f"{which}.db"
            subprocess.run(["ovsdb-tool", "create", database, schema], check=True)
            self._run("ovsdb-server", str(database), f"--remote=p{self.remote(which)}", name=which)
            listening(self.place / f"{which}.sock")
        self.nbctl("init")
        self._run(
            "ovn-northd", f"--ovnnb-db={self.remote('nb')}", f"--ovnsb-db={self.remote('sb')}", name="northd"
        )

    def _run(self, *argv: str, name: str) -> None:
        common = ["-vconsole:warn", "--no-chdir", f"--unixctl={self.place}/{name}.ctl"]
        with (self.place / f"{name}.log").open("wb") as log:
            self.processes.append(subprocess.Popen([*argv, *common], stderr=log))

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def nbctl(self, *argv: str) -> str:
        command = ["ovn-nbctl", "--timeout=20", f"--db={self.remote('nb')}", *argv]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def sbctl(self, *argv: str) -> None:
        subprocess.run(["ovn-sbctl", "--timeout=60", f"--db={self.remote('sb')}", *argv], check=True)

    def realise(self, snapshot: Snapshot) -> None:
        """Put the compiled snapshot into the Northbound, and wait until northd has done its part."""
        northbound = Northbound(self.remote("nb"))
        try:
            northbound.ready(10)
            assert northbound.wait_for_lock(10)
            northbound.apply(
                diff(compile_model(snapshot, CompilerSettings()), northbound.read()), Revision(1)
            )
        finally:
            northbound.close()
        self.nbctl("--wait=sb", "sync")

    def trace(self, switch: str, flow: str, *options: str) -> str:
        """What ovn-trace says about the packet; it must not complain about anything it loads."""
        command = [
            "ovn-trace",
            "--no-friendly-names",
            "--ct=new",
            "--ct=new",
            f"--db={self.remote('sb')}",
            *options,
            switch,
            flow,
        ]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout


@pytest.fixture(scope="module")
def new_ovn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Snapshot], Ovn]]:
    """Starts an OVN that holds a snapshot; all of them end with the module."""
    started: list[Ovn] = []

    def new(snapshot: Snapshot) -> Ovn:
        ovn = Ovn(tmp_path_factory.mktemp("ovn"))
        started.append(ovn)
        ovn.start()
        ovn.realise(snapshot)
        return ovn

    yield new
    for ovn in started:
        ovn.stop()
