"""Open vSwitch and OVN in the lab: the switches of the hosts, and the central databases."""

import os
import signal
from pathlib import Path

from weft.agent import guard
from weft.lab.layout import SOUTHBOUND_PORT, UNDERLAY, UNDERLAY_MTU, LabHost
from weft.lab.processes import is_running, run_on, until


def kernel_has_openvswitch() -> bool:
    """Whether the kernel's own datapath can be used instead of the userspace one."""
    return Path("/sys/module/openvswitch").exists()


def _detached(name: str, kind: str) -> list[str]:
    return [
        f"--pidfile=/run/{kind}/{name}.pid",
        "--detach",
        "--no-chdir",
        f"--log-file=/var/log/{kind}/{name}.log",
        "-vconsole:off",
    ]


def start_switch(host: LabHost) -> None:
    """Open vSwitch on a host, its tunnel endpoint, and `br-int`."""
    database = "/etc/openvswitch/conf.db"
    run_on(host, "ovsdb-tool", "create", database, "/usr/share/openvswitch/vswitch.ovsschema")
    run_on(
        host,
        "ovsdb-server",
        database,
        "--remote=punix:/run/openvswitch/db.sock",
        *_detached("ovsdb-server", "openvswitch"),
    )
    run_on(host, "ovs-vsctl", "--no-wait", "init")
    run_on(
        host,
        "ovs-vsctl",
        "--no-wait",
        "set",
        "Open_vSwitch",
        ".",
        f"external_ids:system-id={host.name}",
        f"external_ids:hostname={host.name}",
    )
    start_vswitchd(host)
    add_uplink(host)
    if _datapath() == "netdev":
        run_on(host, "nft", "-f", "-", stdin=guard.ruleset(["eth0"]))
    run_on(
        host,
        "ovs-vsctl",
        "--",
        "add-br",
        "br-int",
        "--",
        "set",
        "bridge",
        "br-int",
        f"datapath_type={_datapath()}",
        "fail_mode=secure",
        "other_config:disable-in-band=true",
    )


def _datapath() -> str:
    return "system" if kernel_has_openvswitch() else "netdev"


def add_uplink(host: LabHost) -> None:
    """The host's address on an internal port of a bridge that holds the cable.

    On the userspace datapath tunnels are wrapped inside the datapath: from anywhere else they do not leave
    (OVS, "Userspace tunnelling").
    """
    hardware = f"02:0a:4d:00:00:{int(host.address) & 0xFF:02x}"
    run_on(
        host,
        "ovs-vsctl",
        "--",
        "add-br",
        "br-phys",
        "--",
        "set",
        "bridge",
        "br-phys",
        f"datapath_type={_datapath()}",
        "fail_mode=standalone",
        f'other_config:hwaddr="{hardware}"',
        "--",
        "add-port",
        "br-phys",
        "eth0",
    )
    run_on(host, "sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
    run_on(host, "ip", "link", "set", "br-phys", "mtu", str(UNDERLAY_MTU), "up")
    run_on(host, "ip", "addr", "add", f"{host.address}/{UNDERLAY.prefixlen}", "dev", "br-phys")
    run_on(host, "ethtool", "-K", "br-phys", "tx", "off")


def start_vswitchd(host: LabHost) -> None:
    """The switch daemon itself; also used by tests that restart it.

    On a machine up for less than 10 s, Open vSwitch 3.1 counts no processors and starts without handlers.
    """
    until(
        lambda: float(Path("/proc/uptime").read_text().split()[0]) > 10,
        "the machine to be up for 10 s",
        timeout_s=12,
    )
    run_on(
        host,
        "ovs-vswitchd",
        "unix:/run/openvswitch/db.sock",
        *_detached("ovs-vswitchd", "openvswitch"),
    )


def start_databases(central: LabHost) -> None:
    """The Northbound and Southbound databases, and northd between them."""
    for kind in ("nb", "sb"):
        schema = f"/usr/share/ovn/ovn-{kind}.ovsschema"
        run_on(central, "ovsdb-tool", "create", f"/var/lib/ovn/ovn{kind}_db.db", schema)
        run_database(central, kind)
        run_on(central, f"ovn-{kind}ctl", "--timeout=10", "init")
    start_northd(central)


def run_database(central: LabHost, kind: str) -> None:
    """The server of database `nb` or `sb`; also used by tests that restart it.

    As Debian starts them: Unix sockets, and whatever their own tables say of TLS and further sockets.
    """
    schema = {"nb": "OVN_Northbound", "sb": "OVN_Southbound"}[kind]
    run_on(
        central,
        "ovsdb-server",
        f"/var/lib/ovn/ovn{kind}_db.db",
        f"--remote=punix:/run/ovn/ovn{kind}_db.sock",
        f"--remote=db:{schema},{kind.upper()}_Global,connections",
        f"--private-key=db:{schema},SSL,private_key",
        f"--certificate=db:{schema},SSL,certificate",
        f"--ca-cert=db:{schema},SSL,ca_cert",
        *_detached(f"ovsdb-{kind}", "ovn"),
    )


def kill(host: LabHost, kind: str, name: str) -> None:
    """Kill a daemon of `kind` `ovn` or `openvswitch` as a fault does; returns when it is gone."""
    pid = int((host.run / kind / f"{name}.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_running(pid), f"{name} on {host.name} to end", timeout_s=15)


def start_northd(central: LabHost) -> None:
    """The compiler between OVN's two databases; also used by tests that restart it."""
    run_on(
        central,
        "ovn-northd",
        "--ovnnb-db=unix:/run/ovn/ovnnb_db.sock",
        "--ovnsb-db=unix:/run/ovn/ovnsb_db.sock",
        *_detached("ovn-northd", "ovn"),
    )


def start_controller(host: LabHost, *, encapsulation: str) -> None:
    """ovn-controller on a host, and the settings it reads; returns when its tunnel can exist."""
    central = host.lab.central
    run_on(
        host,
        "ovs-vsctl",
        "set",
        "Open_vSwitch",
        ".",
        f"external_ids:ovn-remote=ssl:{central.address}:{SOUTHBOUND_PORT}",
        f"external_ids:ovn-encap-type={encapsulation}",
        f"external_ids:ovn-encap-ip={host.address}",
        f"external_ids:ovn-bridge-datapath-type={_datapath()}",
        "external_ids:ovn-monitor-all=true",
    )
    run_controller(host)
    until(
        lambda: (
            host.name
            in run_on(
                central, "ovn-sbctl", "--timeout=10", "--bare", "--columns=name", "list", "Chassis"
            ).split()
        ),
        f"{host.name} to register with OVN",
        timeout_s=20,
        log=host.logs / "ovn" / "ovn-controller.log",
    )
    until(
        lambda: run_on(host, "ovs-ofctl", "dump-flows", "--no-stats", "br-int").strip(),
        f"{host.name}'s ovn-controller to write its first flows",
        timeout_s=20,
        log=host.logs / "ovn" / "ovn-controller.log",
    )
    # Keeps the old flows over a restart; on the first start it would only delay the first ones by as much.
    run_on(host, "ovs-vsctl", "set", "Open_vSwitch", ".", "external_ids:ovn-ofctrl-wait-before-clear=8000")


def run_controller(host: LabHost) -> None:
    """The daemon itself; also used by tests that restart it."""
    run_on(
        host,
        "ovn-controller",
        "unix:/run/openvswitch/db.sock",
        "--private-key=/etc/weft/host.key",
        "--certificate=/etc/weft/host.pem",
        "--ca-cert=/etc/weft/ca.pem",
        *_detached("ovn-controller", "ovn"),
    )
