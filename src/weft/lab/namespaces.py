"""Hosts: a network namespace, and a mount namespace with a private /run, /var/log and state.

So every default path (ovs-vsctl's socket, docker.sock, libvirt-sock) just works on each host. The file that
a mount namespace is bound to must itself lie on a private mount (mount_namespaces(7)).
"""

import os
import re
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from weft.lab import cgroups
from weft.lab.layout import UNDERLAY, UNDERLAY_MTU, Lab, LabHost
from weft.lab.machine import root_script
from weft.lab.processes import end_all, local

_PRIVATE = {
    "etc-ovs": "/etc/openvswitch",
    "etc-docker": "/etc/docker",
    "etc-cni": "/etc/cni",
    "etc-libvirt": "/etc/libvirt",
    "etc-weft": "/etc/weft",
    "lib-ovs": "/var/lib/openvswitch",
    "lib-ovn": "/var/lib/ovn",
    "lib-docker": "/var/lib/docker",
    "lib-libvirt": "/var/lib/libvirt",
    "cache-libvirt": "/var/cache/libvirt",
    "lib-weft": "/var/lib/weft",
    "opt-cni": "/opt/cni",
    "log": "/var/log",
}


def make_underlay(lab: Lab) -> None:
    """The bridge that stands for the data centre's fabric, in a namespace of its own."""
    local("ip", "netns", "add", lab.underlay)
    inside = ("ip", "-n", lab.underlay)
    local(*inside, "link", "set", "lo", "up")
    local(*inside, "link", "add", "fabric", "type", "bridge")
    local(*inside, "link", "set", "fabric", "mtu", str(UNDERLAY_MTU), "up")


def make_host(host: LabHost) -> None:
    """The namespaces of `host`, and its cable to the underlay as `eth0`."""
    place = host.directory
    for name in ("run", "cgroup", *_PRIVATE):
        (place / name).mkdir(parents=True, exist_ok=True)
    for name in ("openvswitch", "ovn", "lock", "netns", "docker/plugins", "libvirt", "weft"):
        (host.run / name).mkdir(parents=True, exist_ok=True)
    for name in ("openvswitch", "ovn", "libvirt"):
        (host.logs / name).mkdir(exist_ok=True)
    local("ip", "netns", "add", host.namespace)
    local("mount", "--bind", str(place), str(place))
    local("mount", "--make-private", str(place))
    host.mount_namespace.touch()
    script = root_script(host, _PRIVATE) if host.spec.machine else _binding_script(host)
    local(
        "nsenter",
        f"--net=/run/netns/{host.namespace}",
        "unshare",
        f"--mount={host.mount_namespace}",
        "--propagation",
        "private",
        "sh",
        "-ec",
        script,
    )
    _cable(host)


def _binding_script(host: LabHost) -> str:
    """Shell that mounts the host's own directories over this machine's."""
    place = host.directory
    # The targets stay when the lab goes: removing one would unmount it in every other lab that is up.
    binds = "\n".join(
        f"mkdir -p {target}; mount --bind {place}/{name} {target}" for name, target in _PRIVATE.items()
    )
    return f"""
        mount --rbind /sys/fs/cgroup {place}/cgroup
        mount -t sysfs sysfs /sys
        mount --rbind {place}/cgroup /sys/fs/cgroup
        mount --bind {host.run} /run
        {binds}
    """


def _cable(host: LabHost) -> None:
    """A veth from the fabric to the host's `eth0`.

    Checksum offload is off: frames cross userspace switches, which never complete a partial checksum.
    """
    local("ip", "-n", host.namespace, "link", "set", "lo", "up")
    local(
        "ip",
        "link",
        "add",
        "name",
        host.name,
        "mtu",
        str(UNDERLAY_MTU),
        "netns",
        host.lab.underlay,
        "type",
        "veth",
        "peer",
        "name",
        "eth0",
        "mtu",
        str(UNDERLAY_MTU),
        "netns",
        host.namespace,
    )
    local("ip", "-n", host.lab.underlay, "link", "set", host.name, "master", "fabric", "up")
    local("ip", "-n", host.namespace, "link", "set", "eth0", "up")
    local("ip", "netns", "exec", host.namespace, "ethtool", "-K", "eth0", "tx", "off")


def address_cable(host: LabHost) -> None:
    """Put the host's address on its cable itself, as on a host without a switch."""
    local(
        "ip",
        "-n",
        host.namespace,
        "addr",
        "add",
        f"{host.address}/{UNDERLAY.prefixlen}",
        "dev",
        "eth0",
    )


def clear(lab: Lab) -> None:
    """Remove whatever a lab of this name left: processes, namespaces, mounts, control groups, files.

    Idempotent. Namespaces and mounts survive the processes that made them, so this also cleans up after a
    lab that was killed.
    """
    names = _namespaces(lab.prefix)
    _pull_plugs([pid for name in names for pid in _processes_in(name)])
    end_all([pid for name in names for pid in _processes_in(name)])
    cgroups.remove(lab.prefix)
    for name in names:
        local("ip", "netns", "del", name)
    for mount in _mounts_below(lab.root):
        local("umount", "-l", mount)
    if lab.root.exists():
        shutil.rmtree(lab.root)


def _pull_plugs(pids: Sequence[int]) -> None:
    """Kill the machines' systemd, and with it, by the kernel, all that runs there (pid_namespaces(7)).

    systemd takes SIGTERM for a wish to be executed anew, and would start again what is ended.
    """
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd":
                os.kill(pid, signal.SIGKILL)


def daemons(host: LabHost) -> set[str]:
    """The names of the programs that run on `host` (proc(5), comm)."""
    return {
        comm.read_text().strip()
        for pid in _processes_in(host.namespace)
        if (comm := Path(f"/proc/{pid}/comm")).exists()
    }


def remains(lab: Lab) -> list[str]:
    """Everything on this machine that is the lab's, as sentences for a person; empty after `clear`."""
    names = _namespaces(lab.prefix)
    return [
        *(f"network namespace {name}" for name in names),
        *(f"process {pid} in {name}" for name in names for pid in _processes_in(name)),
        *(f"mount {mount}" for mount in _mounts_below(lab.root)),
        *(f"control group {group}" for group in cgroups.parents(lab.prefix)),
        *([f"directory {lab.root}"] if lab.root.exists() else []),
    ]


def _namespaces(prefix: str) -> list[str]:
    """The network namespaces that a lab with this prefix made."""
    names = [line.split()[0] for line in local("ip", "netns", "list").splitlines() if line.strip()]
    return [name for name in names if name.startswith(prefix)]


def _processes_in(namespace: str) -> list[int]:
    """Every process in the network namespace, containers' own namespaces below it not included."""
    return [int(pid) for pid in local("ip", "netns", "pids", namespace).split()]


def _mounts_below(root: Path) -> list[str]:
    """Mount points under `root`, innermost first (proc(5), mountinfo)."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    unescaped = [re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), p) for p in points]
    return sorted((p for p in unescaped if p.startswith(f"{root}/")), key=len, reverse=True)
