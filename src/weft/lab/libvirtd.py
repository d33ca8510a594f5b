"""A real libvirtd on a host."""

from pathlib import Path

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
    run_libvirt(host)


def run_libvirt(host: LabHost) -> None:
    """The daemon itself; also used by tests that restart it. Running domains stay when it ends."""
    (host.run / "libvirtd.pid").unlink(missing_ok=True)
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
