"""A station beyond a host's physical network, which serves HTTP, and knows whom it has served."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from weft.lab.layout import LabHost
from weft.lab.processes import local, run_on

GATEWAY = "203.0.113.1"
"""The station's address; its prefix has 24 bits."""


@dataclass(frozen=True)
class Station:
    """In a network namespace of its own."""

    namespace: str
    log: Path

    def has_served(self, address: str) -> bool:
        """Whether it has answered somebody who came from `address`."""
        return f":{address}]" in self.log.read_text()

    def pings(self, address: str) -> bool:
        """Whether it gets an answer to an echo request."""
        return self._run("ping", "-c", "2", "-W", "1", address).returncode == 0

    def fetches(self, address: str) -> bool:
        """Whether it gets an HTTP answer over TCP."""
        asked = self._run("busybox", "nc", "-w", "3", address, "80", said=b"GET / HTTP/1.0\r\n\r\n")
        return b"HTTP/1." in asked.stdout

    def neighbours(self) -> set[str]:
        """The addresses that it knows by ARP."""
        return {line.split()[0] for line in local("ip", "-n", self.namespace, "-4", "neigh").splitlines()}

    def _run(self, *argv: str, said: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        argv = ("ip", "netns", "exec", self.namespace, *argv)
        return subprocess.run(argv, check=False, capture_output=True, input=said)


@contextmanager
def station_beyond(host: LabHost, log: Path) -> Iterator[Station]:
    """Connect `host` to the physical network physnet1, on which the station is; nothing of it stays."""
    name = f"{host.lab.prefix}outside"
    local("ip", "netns", "add", name)
    cable = ("type", "veth", "peer", "name", "eth0", "netns", name)
    local("ip", "-n", host.namespace, "link", "add", "name", "uplink", *cable)
    local("ip", "-n", host.namespace, "link", "set", "dev", "uplink", "up")
    for argv in (("link", "set", "dev", "eth0", "up"), ("addr", "add", f"{GATEWAY}/24", "dev", "eth0")):
        local("ip", "-n", name, *argv)
    local("nsenter", f"--net=/run/netns/{name}", "ethtool", "-K", "eth0", "tx", "off")
    datapath = run_on(host, "ovs-vsctl", "get", "bridge", "br-int", "datapath_type").strip()
    bridge = ("add-br", "br-ex", "--", "set", "bridge", "br-ex", f"datapath_type={datapath}")
    run_on(host, "ovs-vsctl", *bridge, "--", "add-port", "br-ex", "uplink")
    run_on(host, "ovs-vsctl", "set", "Open_vSwitch", ".", "external_ids:ovn-bridge-mappings=physnet1:br-ex")
    httpd = ["nsenter", f"--net=/run/netns/{name}", "busybox", "httpd", "-fv", "-p", "80", "-h", "/etc"]
    with log.open("ab") as written:
        serving = subprocess.Popen(httpd, stderr=written)
    try:
        yield Station(name, log)
    finally:
        serving.kill()
        serving.wait()
        run_on(host, "ovs-vsctl", "remove", "Open_vSwitch", ".", "external_ids", "ovn-bridge-mappings")
        run_on(host, "ovs-vsctl", "del-br", "br-ex")
        local("ip", "netns", "del", name)
