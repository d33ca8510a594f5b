"""A real libvirtd on a host, and the domain that boots the lab's guest."""

import re
import socket
from pathlib import Path
from uuid import UUID, uuid4

from weft.lab.guest import Guest
from weft.lab.layout import LabError, LabHost
from weft.lab.processes import run_on, start_on, try_on, until

_LIBVIRTD = """auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_group = "root"
"""
_QEMU = """user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
remember_owner = 0
"""


def start_libvirt(host: LabHost) -> None:
    """libvirtd without systemd, D-Bus or udev; returns when it answers."""
    settings = host.directory / "etc-libvirt"
    (settings / "qemu" / "networks").mkdir(parents=True, exist_ok=True)
    (settings / "libvirtd.conf").write_text(_LIBVIRTD)
    (settings / "qemu.conf").write_text(_QEMU)
    _know_account(host)
    start_on(host, "libvirtd", ["libvirtd", "-p", "/run/libvirtd.pid"])
    until(
        lambda: try_on(host, "virsh", "-q", "list").returncode == 0,
        f"libvirtd on {host.name} to answer",
        timeout_s=30,
        log=host.logs / "libvirtd.log",
    )


def _know_account(host: LabHost) -> None:
    """Give the host libvirt's account, in account files of its own.

    The driver looks its built-in user up even when qemu.conf names another. Debian creates it in the package
    that also sets up libvirt's services, which this machine must not run.
    """
    for name, line in (
        ("passwd", "libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin"),
        ("group", "libvirt-qemu:x:64055:"),
    ):
        known = Path("/etc", name).read_text()
        if "libvirt-qemu:" not in known:
            own = host.directory / name
            own.write_text(f"{known.rstrip()}\n{line}\n")
            run_on(host, "mount", "--bind", str(own), f"/etc/{name}")


def domain_xml(
    name: str,
    *,
    uuid: UUID,
    mac: str,
    guest: Guest,
    interface: str,
    metadata: str = "",
) -> str:
    """A domain that boots the guest. `interface` is the XML of what its card is plugged into.

    Every offload is off: a userspace switch reads the tap without the header that says which checksums are
    still to be made.
    """
    offloads = "csum='off' gso='off' tso4='off' tso6='off' ecn='off' ufo='off'"
    guest_offloads = "csum='off' tso4='off' tso6='off' ecn='off' ufo='off'"
    console = Path("/var/log") / f"{name}.console"
    return f"""
<domain type='qemu'>
  <name>{name}</name><uuid>{uuid}</uuid><metadata>{metadata}</metadata>
  <memory unit='MiB'>128</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><kernel>{guest.kernel}</kernel>
    <initrd>{guest.initrd}</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 tsc=unstable hostname={name}</cmdline></os>
  <cpu mode='maximum'/>
  <on_reboot>destroy</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <interface type='{"network" if "network=" in interface else "bridge"}'>
      {interface}<mac address='{mac}'/><model type='virtio'/>
      <driver name='qemu'><host {offloads}/><guest {guest_offloads}/></driver>
    </interface>
    <serial type='unix'><source mode='bind' path='/run/{name}.console'/>
      <log file='{console}' append='off'/><target port='0'/></serial>
  </devices>
</domain>"""


def start_domain(host: LabHost, xml: str) -> None:
    """Boot a transient domain."""
    place = host.run / "domain.xml"
    place.write_text(xml)
    run_on(host, "virsh", "-q", "create", "/run/domain.xml")


def destroy_domain(host: LabHost, name: str) -> None:
    """Pull the guest's plug; libvirt takes its port off the switch."""
    run_on(host, "virsh", "-q", "destroy", name)


def bridge_interface(port_id: UUID) -> str:
    """What plugs a card into `br-int` as the port that OVN knows as `port_id`."""
    return (
        "<source bridge='br-int'/><virtualport type='openvswitch'>"
        f"<parameters interfaceid='{port_id}'/></virtualport>"
    )


def run_in_guest(host: LabHost, name: str, command: str, *, timeout_s: float = 20) -> tuple[int, str]:
    """Run one line of shell in the guest, through its console; its exit status and what it printed."""
    mark = uuid4().hex
    with socket.socket(socket.AF_UNIX) as console:
        console.settimeout(timeout_s)
        console.connect(str(host.run / f"{name}.console"))
        console.sendall(f"echo BEGIN {mark}; ({command}) 2>&1; echo END {mark} $?\n".encode())
        heard = b""
        ended = re.compile(rf"BEGIN {mark}\r?\n(.*)END {mark} (\d+)\r?\n".encode(), re.DOTALL)
        while not (found := ended.search(heard)):
            try:
                piece = console.recv(65536)
            except TimeoutError:
                piece = b""
            if not piece:
                raise LabError(f"the guest {name} did not finish {command!r}; it said {heard[-500:]!r}")
            heard += piece
    return int(found[2]), found[1].decode(errors="replace").replace("\r", "")


def ready_address(host: LabHost, name: str, *, timeout_s: float = 60) -> str:
    """The address that the guest took; waits until its console says so."""
    console = host.logs / f"{name}.console"

    def said() -> list[str]:
        text = console.read_text(errors="replace") if console.exists() else ""
        return [line.split()[1] for line in text.splitlines() if line.startswith("READY ")]

    until(
        said,
        f"the guest {name} on {host.name} to take an address",
        timeout_s=timeout_s,
        log=console,
    )
    return said()[-1]
