"""A host without packets: a switch whose datapath is a dummy, and the ovn-controller that fills it."""

import re
import subprocess
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from tests.functional.matches.conftest import Ovn
from tests.support.listening import listening

OFFSET = 1000
"""What northd adds to the priority of an ACL (OVN_ACL_PRI_OFFSET in northd.c)."""
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


@dataclass
class Chassis:
    """Host `name` of `ovn`; it needs no root, for nothing of the kernel's is touched."""

    ovn: Ovn
    name: str
    place: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def database(self) -> str:
        return f"unix:{self.place}/db.sock"

    def start(self) -> None:
        database = str(self.place / "conf.db")
        subprocess.run(["ovsdb-tool", "create", database, SCHEMA], check=True)
        self._run("ovsdb-server", database, f"--remote=p{self.database}", f"--unixctl={self.place}/conf.ctl")
        listening(self.place / "db.sock")
        self.vsctl("--no-wait", "init")
        dummy = ("--enable-dummy=system", "--disable-system", f"--unixctl={self.place}/switch.ctl")
        self._run("ovs-vswitchd", self.database, *dummy)
        told = {
            "system-id": self.name,
            "ovn-remote": self.ovn.remote("sb"),
            "ovn-encap-type": "geneve",
            "ovn-encap-ip": "127.0.0.1",
            "ovn-monitor-all": "true",
        }
        bridge = ("set", "bridge", "br-int", "datapath_type=dummy", "fail-mode=secure")
        ids = [f"external_ids:{key}={value}" for key, value in told.items()]
        self.vsctl("add-br", "br-int", "--", *bridge, "--", "set", "open", ".", *ids)
        self._run("ovn-controller", self.database)

    def _run(self, *argv: str) -> None:
        where = [f"{which}_RUNDIR={self.place}" for which in ("OVS", "OVN")]
        with (self.place / f"{argv[0]}.log").open("wb") as log:
            command = ["env", *where, *argv, "--no-chdir", "-vconsole:warn"]
            self.processes.append(subprocess.Popen(command, stderr=log))

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def vsctl(self, *argv: str) -> None:
        command = ["ovs-vsctl", "--retry", "--timeout=60", f"--db={self.database}", *argv]
        subprocess.run(command, check=True)

    def plug(self, ports: Collection[str]) -> None:
        """Interfaces for the logical ports, and their flows: returns when all are there."""
        for number, port in enumerate(ports):
            interface = ("set", "interface", f"p{number}", "type=dummy", f"external_ids:iface-id={port}")
            self.vsctl("add-port", "br-int", f"p{number}", "--", *interface)
        for port in ports:  # before this host has told of itself there is none to wait for
            self.ovn.sbctl("wait-until", "Port_Binding", port, "up=true")
        self.ovn.nbctl("--wait=hv", "sync")

    def flows(self) -> Counter[int]:
        """How many flows of br-int were made of ACLs of each priority.

        Not told by cookies: the parts of a conjunctive match have none.
        """
        command = ["ovs-ofctl", "--no-names", "dump-flows", f"unix:{self.place}/br-int.mgmt"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = Counter(int(number) for number in re.findall(r"priority=([0-9]+)", said))
        return Counter({number - OFFSET: count for number, count in found.items()})
