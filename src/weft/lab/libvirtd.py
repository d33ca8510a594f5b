"""A real libvirtd on a host, and the domain that boots the lab's guest."""

from pathlib import Path
from uuid import UUID

from weft.lab.guest import Guest
from weft.lab.layout import LabHost
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
    <serial type='file'><source path='{console}'/><target port='0'/></serial>
  </devices>
</domain>"""


def start_domain(host: LabHost, xml: str) -> None:
    """Boot a transient domain."""
    place = host.run / "domain.xml"
    place.write_text(xml)
    run_on(host, "virsh", "-q", "create", "/run/domain.xml")


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
