"""A small guest of our own making: Debian's cloud kernel, and busybox as its user space.

The kernel's package is downloaded and unpacked, never installed. The guest takes its address by DHCP, serves
it over HTTP on port 80, and says `READY ADDRESS` on its console.
"""

import gzip
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from weft.lab.layout import LabError
from weft.lab.processes import local

_MODULES = ("virtio_pci", "virtio_net", "af_packet")

_INIT = """#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
for module in $(cat /modules.order); do insmod /modules/$module; done
ip link set lo up; ip link set eth0 up
httpd -p 80 -h /www
udhcpc -i eth0 -s /dhcp.sh -t 30 -T 1 -A 1 -b -S -x hostname:$(hostname)
exec sh </dev/ttyS0 >/dev/ttyS0 2>&1
"""

_DHCP = """#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr flush dev eth0
ip link set eth0 mtu ${mtu:-1500}
ip addr add $ip/$mask dev eth0
for gateway in $router; do ip route replace default via $gateway; done
echo $ip > /www/index.html
echo READY $ip > /dev/ttyS0
"""


@dataclass(frozen=True, slots=True)
class Guest:
    """What QEMU needs to boot it."""

    kernel: Path
    initrd: Path


def prepare(cache: Path) -> Guest:
    """The guest's kernel and initial file system in `cache`, made on the first call. Idempotent."""
    cache.mkdir(parents=True, exist_ok=True)
    guest = Guest(cache / "vmlinuz", cache / "initrd.gz")
    if not (guest.kernel.exists() and guest.initrd.exists()):
        unpacked = _unpacked_kernel(cache)
        _pack(unpacked, cache / "root", guest.initrd)
        kernel = next((unpacked / "boot").glob("vmlinuz-*"))
        shutil.copy(kernel, guest.kernel)
        shutil.rmtree(unpacked)
        shutil.rmtree(cache / "root")
    return guest


def _unpacked_kernel(cache: Path) -> Path:
    """The newest cloud kernel of the distribution, as files."""
    package = next(
        (
            word
            for line in local("apt-cache", "depends", "linux-image-cloud-amd64").splitlines()
            for word in [line.split()[-1]]
            if "Depends:" in line
        ),
        None,
    )
    if package is None:
        raise LabError("apt knows no linux-image-cloud-amd64; run `apt-get update` once")
    subprocess.run(
        ["apt-get", "download", "-q", package],
        cwd=cache,
        check=True,
        capture_output=True,
        timeout=300,
    )
    archive = next(cache.glob(f"{package}_*.deb"))
    unpacked = cache / "kernel"
    local("dpkg-deb", "-x", str(archive), str(unpacked))
    archive.unlink()
    return unpacked


def _pack(kernel: Path, root: Path, initrd: Path) -> None:
    """busybox, the network's modules in the order they load, and the two scripts, as cpio."""
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("bin", "proc", "sys", "dev", "www", "modules", "etc", "tmp"):
        (root / folder).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin" / "busybox")
    for applet in local("/bin/busybox", "--list").split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    ordered = _modules(kernel)
    for module in ordered:
        shutil.copy(module, root / "modules" / module.name)
    (root / "modules.order").write_text("\n".join(module.name for module in ordered))
    for name, text in (("init", _INIT), ("dhcp.sh", _DHCP)):
        (root / name).write_text(text)
        (root / name).chmod(0o755 | stat.S_IXUSR)
    names = "\n".join(str(path.relative_to(root)) for path in [*root.rglob("*")])
    packed = subprocess.run(
        ["cpio", "-o", "-H", "newc", "--quiet"],
        cwd=root,
        check=True,
        input=names.encode(),
        capture_output=True,
    )
    with gzip.open(initrd, "wb", compresslevel=1) as output:
        output.write(packed.stdout)


def _modules(kernel: Path) -> list[Path]:
    """The modules of `_MODULES` and what they need, in load order; built-in ones have no file."""
    version = next((kernel / "lib" / "modules").iterdir()).name
    local("depmod", "-b", str(kernel), version)
    found: list[Path] = []
    for name in _MODULES:
        done = subprocess.run(
            ["modprobe", "-d", str(kernel), "-S", version, "--show-depends", name],
            capture_output=True,
            text=True,
            check=False,
        )
        for line in done.stdout.splitlines():
            verb, _, path = line.partition(" ")
            if verb == "insmod" and Path(path.split()[0]) not in found:
                found.append(Path(path.split()[0]))
    return found
