"""May this machine become a host, and what would be done to it? Decided before anything is touched. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from weft.host.facts import INTEGRATION, Machine, SslFiles, Switch
from weft.host.record import Phase, Record

OVN_IDS = (
    "system-id",
    "ovn-remote",
    "ovn-encap-type",
    "ovn-encap-ip",
    "ovn-bridge-datapath-type",
    "ovn-monitor-all",
    "ovn-openflow-probe-interval",
    "ovn-remote-probe-interval",
    "ovn-ofctrl-wait-before-clear",
)
"""The external_ids of Open vSwitch that a host gets (ovn-controller(8)), and gives back."""

OVN_CONFIG = ("vlan-limit",)
"""What ovn-controller itself writes into other_config, and nobody takes away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants of this machine."""

    host: str
    server: str
    address: str
    """Where the other hosts' tunnels end."""
    ssl: SslFiles
    cni: str = ""
    """The network, NAME or PROJECT.NAME, that container runtimes are to use by CNI; empty for none."""


def refusals(machine: Machine, wish: Wish, record: Record | None) -> tuple[str, ...]:
    """Why this machine must not be touched; none if it may become a host. What is ours is not in the way."""
    if not machine.is_root:
        return ("only root can make this machine a host; run the same with sudo",)
    if record is not None and (other := _otherwise(record, wish)):
        return (other,)
    found = [*_software(machine)]
    if machine.switch is not None:
        if record is None:
            found += _foreign(machine, machine.switch, wish)
        found += _tunnel_end(machine, machine.switch, wish)
    return tuple(found)


def _otherwise(record: Record, wish: Wish) -> str:
    """What this machine is already, if that is something else than what is wished."""
    if record.phase is Phase.LEAVING:
        return f"host {record.host} has begun to leave; run weft host leave again, then join"
    if record.host != wish.host:
        return f"this machine is host {record.host}, not {wish.host}; run weft host leave first"
    if record.joined.url != wish.server:
        return f"this machine is a host of {record.joined.url}; run weft host leave first"
    return ""


def _software(machine: Machine) -> list[str]:
    found = []
    if machine.switch is None:
        found.append(
            "Open vSwitch does not answer at /run/openvswitch/db.sock; install and start it "
            "(Debian: apt install openvswitch-switch)"
        )
    if machine.controller is None:
        found.append("ovn-controller is not installed; install it (Debian: apt install ovn-host)")
    return found


def _foreign(machine: Machine, switch: Switch, wish: Wish) -> list[str]:
    found = []
    for key, value in sorted(switch.external_ids.items()):
        if key.partition("-")[0] == "ovn" and key.startswith("ovn-remote") and "probe" not in key:
            found.append(
                f"this host belongs to another OVN: Open_vSwitch external_ids:{key} is {value!r}. "
                "Take it out of that one first; Weft has changed nothing"
            )
    bridge = switch.bridge(INTEGRATION)
    if bridge is not None and (bridge.others or bridge.has_controller):
        ports = ", ".join(interface.name for interface in bridge.others[:5]) or "none"
        controlled = ", and a controller of its own" if bridge.has_controller else ""
        found.append(
            f"there is a bridge {INTEGRATION} in use by somebody else (ports: {ports}{controlled}); "
            "OVN needs that name. Weft has changed nothing"
        )
    if switch.ssl is not None and switch.ssl != wish.ssl:
        found.append(
            f"Open vSwitch has an SSL configuration of somebody else's (private key "
            f"{switch.ssl.private_key}), and has room for one only; see ovs-vsctl get-ssl"
        )
    if machine.configured:
        found.append(
            "there is an /etc/weft/agent.toml that no join has written; move it away, or keep running "
            "this host by hand"
        )
    return found


def _tunnel_end(machine: Machine, switch: Switch, wish: Wish) -> list[str]:
    device = machine.addresses.get(wish.address)
    if device is None:
        have = ", ".join(sorted(machine.addresses)) or "none"
        return [f"this machine does not have the address {wish.address} (it has: {have}); see --address"]
    if machine.kernel_datapath:
        return []
    for bridge in switch.bridges:
        if bridge.datapath == "netdev" and any(i.name == device for i in bridge.interfaces):
            return []
    return [
        f"this kernel has no openvswitch module, and without it tunnels leave only through a bridge of Open "
        f"vSwitch (datapath_type=netdev) that has the address {wish.address}, which is on {device}. Install "
        "a kernel with the module, or move the address: docs/how-to/install.md, section Userspace datapath"
    ]


def ids(
    *, host: str, southbound: str, encapsulation: str, address: str, kernel_datapath: bool
) -> Mapping[str, str]:
    """The external_ids that make Open vSwitch a chassis of ours (ovn-controller(8))."""
    return {
        # OVN's access control lets a host write only the chassis whose name is in the host's certificate.
        "system-id": host,
        "ovn-remote": southbound,
        "ovn-encap-type": encapsulation,
        "ovn-encap-ip": address,
        "ovn-bridge-datapath-type": "system" if kernel_datapath else "netdev",
        # Following everything costs memory; following by condition took 29 s for the first port of a large
        # network to work.
        "ovn-monitor-all": "true",
        # A switch, or a database, that is busy with a large change must not be taken for dead.
        "ovn-openflow-probe-interval": "60",
        "ovn-remote-probe-interval": "30000",
    }


WAIT_BEFORE_CLEAR = {"ovn-ofctrl-wait-before-clear": "8000"}
"""Keeps the old flows when ovn-controller starts; at its first start it would only delay the first ones."""


def announced(machine: Machine, wish: Wish, *, units: bool) -> tuple[str, ...]:
    """What is going to happen, as sentences."""
    datapath = "kernel" if machine.kernel_datapath else "userspace"
    steps = [
        "keep what this host is now in /var/lib/weft/host.json, for weft host leave",
        f"make a key that stays here, and have {wish.server} sign a certificate for host {wish.host}",
        "write /etc/weft/agent.toml, /etc/weft/tls and /etc/openvswitch/system-id.conf",
        "put the plugin weft-cni into /opt/cni/bin"
        + (f", and network {wish.cni} into /etc/cni/net.d/10-weft.conflist" if wish.cni else ""),
        f"make Open vSwitch part of that server's OVN: tunnels end at {wish.address}, {datapath} datapath",
    ]
    if units:
        steps += [
            "add units weft-agent.socket, weft-agent-fallback.service, weft-agent.service, and a drop-in "
            "for ovn-controller.service",
            "restart ovn-controller and start the agent",
        ]
    return tuple(steps)
