"""What a lab needs of this machine."""

import os
import shutil

from weft.lab.layout import Lab, LabError

_ALWAYS = ("ip", "nsenter", "unshare", "ethtool", "nft", "ovsdb-server", "ovs-vswitchd", "ovn-northd")
_BY_KIND = {
    "docker": ("dockerd", "docker"),
    "libvirt": ("libvirtd", "virsh", "qemu-system-x86_64"),
    "machine": ("systemctl",),
}


def check(lab: Lab) -> None:
    """Raises LabError when this process may not, or this machine cannot, carry the lab."""
    if os.geteuid() != 0:
        raise LabError(
            "the lab makes namespaces, mounts and control groups, which only root may; run it as root"
        )
    kinds = {kind for kind in _BY_KIND for host in lab.hosts if getattr(host, kind)}
    wanted = [*_ALWAYS, *(program for kind in sorted(kinds) for program in _BY_KIND[kind])]
    if missing := [program for program in wanted if shutil.which(program) is None]:
        raise LabError(
            f"the lab needs {', '.join(missing)}, not installed on this machine or not on PATH; "
            "./dev installs every package that it needs"
        )
