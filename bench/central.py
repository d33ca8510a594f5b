"""OVN's central part on this machine: its databases, a northd, and how many ports there are."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench import control
from bench.processes import running
from weft.lab.processes import local
from weft.ovsdb import Connection

_TABLE = "Logical_Switch_Port"


class Central:
    """Databases with a northd."""

    def __init__(self, databases: control.Databases) -> None:
        """Connect and read."""
        self.databases = databases
        self._connection = Connection(databases.remote("nb"), "OVN_Northbound", {_TABLE: ["name"]})
        self._connection.ready(30)

    @property
    def ports(self) -> int:
        """How many ports the Northbound database holds."""
        return len(self._connection.replica.tables.get(_TABLE, {}))

    def wait_for(self, ports: int, timeout_s: float = 300) -> None:
        """Block until the Northbound database holds that many ports."""
        if not self._connection.wait_for(lambda: self.ports >= ports, timeout_s):
            raise RuntimeError(f"the Northbound database holds {self.ports} ports, and not {ports}")

    def settle(self) -> None:
        """Block until northd has done what there was for it to do."""
        _control(self.databases, "nb", "--wait=sb", "sync")

    def close(self) -> None:
        """End the session."""
        self._connection.close()


@contextmanager
def central() -> Iterator[Central]:
    """All of it, in a directory that goes with it."""
    with control.databases() as databases:
        for name in ("nb", "sb"):
            _control(databases, name, "init")
        place = databases.place
        argv = ("ovn-northd", f"--ovnnb-db={databases.remote('nb')}", f"--ovnsb-db={databases.remote('sb')}")
        with running(place / "northd.log", *argv, f"--unixctl={place}/northd.ctl"):
            made = Central(databases)
            try:
                yield made
            finally:
                made.close()


def _control(databases: control.Databases, name: str, *argv: str) -> None:
    """Run `ovn-nbctl` or `ovn-sbctl`, which wait for their server."""
    local(f"ovn-{name}ctl", "--timeout=50", f"--db={databases.remote(name)}", *argv)
