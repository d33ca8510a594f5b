"""A bare-metal machine on a VLAN of a host's physical network: an endpoint as every other.

The machine hangs on an access port of a switch that has nothing of Weft's (`br-rack`), and a cable carries
that switch's VLANs, tagged, to the host's physical bridge.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.eventually import eventually

from weft.lab import life, story
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import local, run_on, try_on

NET, VLAN = "Metal", "120"
MAPPINGS = "external_ids:ovn-bridge-mappings"
BOUND = """#!/bin/sh
# busybox udhcpc's: what to do with the answer.
[ "$1" = bound ] || exit 0
ip addr replace "$ip/$mask" dev "$interface"
ip link set dev "$interface" mtu "$mtu"
echo "$ip"
"""


class Machine:
    """The printer: a network namespace that knows nothing of Weft."""

    def __init__(self, namespace: str, here: Path) -> None:
        self._inside = ("nsenter", f"--net=/run/netns/{namespace}")
        self._script = here / "bound"
        self._script.write_text(BOUND)
        self._script.chmod(0o755)

    def asks_for_its_address(self) -> str:
        """What DHCP gives it, empty when nobody answers; it has the address then."""
        asking = ("busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-t", "3", "-T", "1")
        said = self._run(*asking, "-O", "mtu", "-s", str(self._script)).stdout.split()
        return said[-1] if said else ""

    def pings(self, address: str, *options: str) -> bool:
        ping = ("ping", "-c", "3", "-i", "0.2", "-W", "1", *options, address)
        return self._run(*ping).returncode == 0

    def fetches(self, address: str) -> bool:
        get = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 3 {address} 80"
        return "HTTP/1." in self._run("sh", "-c", get).stdout

    def has_also(self, address: str) -> None:
        local(*self._inside, "ip", "addr", "add", f"{address}/24", "dev", "eth0")

    def _run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*self._inside, *argv], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def printer(lab: Lab, h1: LabHost, tmp_path: Path) -> Iterator[Machine]:
    """Declared on a VLAN of h1's `rack`, which h1 is not connected to yet; the machine itself is running."""
    story.weft(lab, "network", "create", NET, "--subnet", "10.44.0.0/24")
    declared = ("--kind", "baremetal", "--host", "h1", "--physical-network", "rack", "--vlan", VLAN)
    port = story.weft(lab, "port", "create", "printer", "--network", NET, *declared)
    name = f"{lab.prefix}printer"
    local("ip", "netns", "add", name)
    try:
        _cable_up(h1, name, port["mac"])
        yield Machine(name, tmp_path)
    finally:
        left = run_on(h1.lab.host("h2"), "docker", "ps", "-aq", "--filter", "label=led=metal").split()
        if left:
            run_on(h1.lab.host("h2"), "docker", "rm", "-f", *left)
        for found in ("policy delete no-printing", "port delete printer"):
            _try_weft(lab, *found.split())
        eventually(lambda: _patches(h1) == [], within_s=60)
        run_on(h1, "ovs-vsctl", "remove", "Open_vSwitch", ".", "external_ids", "ovn-bridge-mappings")
        for bridge in ("br-lan", "br-rack"):
            run_on(h1, "ovs-vsctl", "--if-exists", "del-br", bridge)
        local("ip", "netns", "del", name)
        try_on(h1, "ip", "link", "del", "dev", "trunk0")
        eventually(lambda: NET not in _try_weft(lab, "network", "delete", NET), within_s=60)


def _cable_up(h1: LabHost, machine: str, mac: str) -> None:
    """The machine on VLAN 120 of the rack's switch, and a trunk from there to `br-lan`."""
    cable = ("type", "veth", "peer", "name", "eth0", "address", mac, "netns", machine)
    local("ip", "-n", h1.namespace, "link", "add", "name", "socket7", *cable)
    trunk = ("type", "veth", "peer", "name", "trunk1")
    local("ip", "-n", h1.namespace, "link", "add", "name", "trunk0", *trunk)
    for end in ("socket7", "trunk0", "trunk1"):
        local("ip", "-n", h1.namespace, "link", "set", "dev", end, "up")
    local("ip", "-n", machine, "link", "set", "dev", "eth0", "up")
    local("nsenter", f"--net=/run/netns/{machine}", "ethtool", "-K", "eth0", "tx", "off")
    datapath = run_on(h1, "ovs-vsctl", "get", "bridge", "br-int", "datapath_type").strip()
    for bridge, port in (("br-rack", "trunk1"), ("br-lan", "trunk0")):
        made = ("add-br", bridge, "--", "set", "bridge", bridge, f"datapath_type={datapath}")
        run_on(h1, "ovs-vsctl", *made, "--", "add-port", bridge, port)
    run_on(h1, "ovs-vsctl", "add-port", "br-rack", "socket7", f"tag={VLAN}")


def _try_weft(lab: Lab, *argv: str) -> str:
    """What is said against it; empty when it is done."""
    return try_on(lab.central, *life.administering(lab, *argv)).stderr


def _patches(host: LabHost) -> list[str]:
    """The ends of machines' VLANs on the host's switch."""
    names = run_on(host, "ovs-vsctl", "--bare", "--columns=name", "find", "interface", "type=patch").split()
    return sorted(name for name in names if name.startswith("weft-"))


def _state(lab: Lab) -> tuple[str, str]:
    status = story.ports(lab)["printer"]["status"]
    return status["state"], status["reason"]


def test_a_machine_on_a_vlan_is_an_endpoint_as_every_other(
    lab: Lab, h1: LabHost, h2: LabHost, printer: Machine
) -> None:
    story.run_container(h2, "office", NET, "--label", "led=metal")
    story.wait_until_up(lab, "office", timeout_s=60)
    office, address = (story.address_of(lab, name) for name in ("office", "printer"))
    eventually(lambda: _state(lab)[0] == "failed", within_s=60)
    assert "host h1 is not connected to physical network rack" in _state(lab)[1]

    run_on(h1, "ovs-vsctl", "set", "Open_vSwitch", ".", f"{MAPPINGS}=rack:br-lan")
    eventually(lambda: _state(lab) == ("up", ""), within_s=60)

    eventually(lambda: printer.asks_for_its_address() == address, within_s=60)
    eventually(lambda: printer.pings(office), within_s=60)
    assert printer.fetches(office)
    assert story.pings(h2, "office", address)

    printer.has_also("10.44.0.99")
    assert not printer.pings(office, "-I", "10.44.0.99"), "it speaks with its own address alone"
    assert printer.pings(office, "-I", address)

    story.weft(lab, "policy", "create", "no-printing")
    rule = ("--direction", "egress", "--action", "drop", "--service", "tcp/80", "--peer", f"network:{NET}")
    life.weft_on_central(lab, "policy", "rule", "add", "no-printing", *rule, "--wait")
    assert not printer.fetches(office)
    assert printer.pings(office)
    life.weft_on_central(lab, "policy", "delete", "no-printing", "--wait")
    assert printer.fetches(office)

    life.stop_agent(h1)
    try:
        assert printer.pings(office), "the agent carries no packets"
        for end in _patches(h1):
            run_on(h1, "ovs-vsctl", "del-port", end)
        assert not printer.pings(office)
    finally:
        life.run_agent(h1)
    eventually(lambda: printer.pings(office), within_s=60)

    life.weft_on_central(lab, "port", "delete", "printer")
    eventually(lambda: _patches(h1) == [], within_s=60)
    assert not printer.pings(office)
