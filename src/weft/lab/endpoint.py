"""Endpoints without an engine: a network namespace of its own, wired to a host's `br-int`."""

import subprocess
from dataclasses import dataclass
from ipaddress import IPv4Address
from uuid import UUID

from weft.lab.layout import LabError, LabHost
from weft.lab.processes import end_all, local, reap, run_on


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A network namespace on `host`, whose `eth0` is the port that OVN knows as `port_id`."""

    host: LabHost
    port_id: UUID
    device: str
    namespace: str
    address: IPv4Address

    def entering(self, *argv: str) -> list[str]:
        """The command line that runs `argv` in the endpoint."""
        return ["nsenter", f"--net=/run/netns/{self.namespace}", "--", *argv]

    def try_run(self, *argv: str, timeout_s: float = 20) -> "subprocess.CompletedProcess[str]":
        """Run a command in the endpoint and return what came of it, whatever that was."""
        return subprocess.run(
            self.entering(*argv), capture_output=True, text=True, timeout=timeout_s, check=False
        )

    def run(self, *argv: str, timeout_s: float = 20) -> str:
        """Run a command in the endpoint; what it printed. LabError with its stderr when it fails."""
        done = self.try_run(*argv, timeout_s=timeout_s)
        if done.returncode != 0:
            raise LabError(
                f"in {self.namespace}: {' '.join(argv)} failed ({done.returncode}): {done.stderr[-500:]}"
            )
        return done.stdout

    def serve(self, port: int = 80) -> int:
        """Answer HTTP with the endpoint's address, until its namespace goes; the process id."""
        pages = self.host.run / self.device
        pages.mkdir(exist_ok=True)
        (pages / "index.html").write_text(f"{self.address}\n")
        server = ["busybox", "httpd", "-f", "-p", str(port), "-h", str(pages)]
        process = subprocess.Popen(
            self.entering(*server),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        reap(process)
        return process.pid


def endpoint(
    host: LabHost, port_id: UUID, mac: str, address: IPv4Address, prefix: int, *, mtu: int = 1400
) -> Endpoint:
    """A new endpoint, addressed and plugged in."""
    made = unplugged(host, port_id, mac, address, prefix, mtu=mtu)
    plug(made, mac)
    return made


def unplugged(
    host: LabHost, port_id: UUID, mac: str, address: IPv4Address, prefix: int, *, mtu: int = 1400
) -> Endpoint:
    """A new endpoint with its address, of which OVN knows nothing yet.

    Checksum offload is off in it: a userspace switch never completes a partial checksum, and then ping
    works while TCP does not.
    """
    device = f"ep-{port_id.hex[:10]}"
    namespace = f"{host.lab.prefix}{device}"
    inside = ("ip", "-n", namespace)
    local("ip", "netns", "add", namespace)
    veth = ("link", "add", "name", device, "type", "veth", "peer", "name", "eth0", "netns", namespace)
    local("ip", "-n", host.namespace, *veth)
    local("ip", "-n", host.namespace, "link", "set", "dev", device, "mtu", str(mtu), "up")
    local(*inside, "link", "set", "dev", "lo", "up")
    local(*inside, "link", "set", "dev", "eth0", "address", mac, "mtu", str(mtu), "up")
    local(*inside, "addr", "add", f"{address}/{prefix}", "dev", "eth0")
    made = Endpoint(host, port_id, device, namespace, address)
    made.run("ethtool", "-K", "eth0", "tx", "off")
    return made


def plug(made: Endpoint, mac: str) -> None:
    """Give the endpoint's card to `br-int`, under the id of its port."""
    bound = (f"external_ids:iface-id={made.port_id}", f'external_ids:attached-mac="{mac}"')
    card = ("add-port", "br-int", made.device, "--", "set", "Interface", made.device)
    run_on(made.host, "ovs-vsctl", *card, *bound)


def remove(gone: Endpoint) -> None:
    """Unplug the endpoint and end what runs in it."""
    pids = [int(pid) for pid in local("ip", "netns", "pids", gone.namespace).split()]
    run_on(gone.host, "ovs-vsctl", "del-port", "br-int", gone.device)
    end_all(pids)
    local("ip", "netns", "del", gone.namespace)
