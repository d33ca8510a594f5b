"""A small guest of our own making: Debian's cloud kernel, and busybox as its user space.

The kernel's package is downloaded and unpacked, never installed. The guest takes its address by DHCP, serves
it over HTTP on port 80, and says `READY ADDRESS INTERFACE` on its console, which then is a shell.
"""

import gzip
import hashlib
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from weft.lab.busybox import BINARY, WGET, applets
from weft.lab.layout import LabError
from weft.lab.processes import local

_MODULES = ("virtio_pci", "virtio_net", "af_packet")

_INIT = """#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
for module in $(cat /modules.order); do insmod /modules/$module; done
ip link set lo up; ip link set eth0 up
httpd -p 80 -h /www
udhcpc -i eth0 -s /dhcp.sh -t 30 -T 1 -A 1 -b -S -x hostname:$(hostname)
stty -F /dev/ttyS0 -echo
while IFS= read -r line; do sh -c "$line"; done </dev/ttyS0 >/dev/ttyS0 2>&1
exec sleep 1000000
"""

_DHCP = """#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr flush dev $interface
ip link set $interface mtu ${mtu:-1500}
ip addr add $ip/$mask dev $interface
route() {
  while [ $# -ge 2 ]; do
    if [ $2 = 0.0.0.0 ]; then ip route replace $1 dev $interface; else ip route replace $1 via $2; fi
    shift 2
  done
}
route $staticroutes
[ -n "$staticroutes" ] || for gateway in $router; do ip route replace default via $gateway; done
echo search $domain > /etc/resolv.conf
for server in $dns; do echo nameserver $server >> /etc/resolv.conf; done
echo $ip > /www/index.html
echo READY $ip $interface > /dev/ttyS0
"""


@dataclass(frozen=True, slots=True)
class Guest:
    """What QEMU needs to boot it."""

    kernel: Path
    initrd: Path


def prepare(cache: Path) -> Guest:
    """The guest's kernel and initial file system in `cache`, made when they are not there. Idempotent."""
    kernel = fetch_kernel(cache)
    version = hashlib.sha256(f"{_INIT}{_DHCP}{WGET}{_MODULES}".encode()).hexdigest()[:12]
    guest = Guest(next((kernel / "boot").glob("vmlinuz-*")), cache / f"initrd-{version}.gz")
    if not guest.initrd.exists():
        part = cache / f"{guest.initrd.name}.part"
        _pack(kernel, cache / "root", part)
        part.rename(guest.initrd)
        shutil.rmtree(cache / "root")
    return guest


def fetch_kernel(cache: Path) -> Path:
    """The newest cloud kernel of the distribution, as a tree of files in `cache`. Idempotent.

    A package that already lies in `cache` is used as it is.
    """
    cache.mkdir(parents=True, exist_ok=True)
    kernel = cache / "kernel"
    if not kernel.exists():
        archive = next(cache.glob("linux-image-*-cloud-amd64_*.deb"), None) or _download(cache)
        part = cache / "kernel.part"
        shutil.rmtree(part, ignore_errors=True)
        local("dpkg-deb", "-x", str(archive), str(part))
        part.rename(kernel)
        archive.unlink()
    return kernel


def _download(cache: Path) -> Path:
    depends = local("apt-cache", "depends", "linux-image-cloud-amd64").splitlines()
    package = next((line.split()[-1] for line in depends if "Depends:" in line), None)
    if package is None:
        raise LabError("apt knows no linux-image-cloud-amd64; run `apt-get update` once")
    local("env", "--chdir", str(cache), "apt-get", "download", "-q", package, timeout_s=300)
    return next(cache.glob(f"{package}_*.deb"))


def _pack(kernel: Path, root: Path, initrd: Path) -> None:
    """busybox, the network's modules in the order they load, and the two scripts, as cpio."""
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("bin", "proc", "sys", "dev", "www", "modules", "etc", "tmp"):
        (root / folder).mkdir(parents=True)
    shutil.copy(BINARY, root / "bin" / "busybox")
    for applet in applets():
        (root / "bin" / applet).symlink_to("busybox")
    ordered = _modules(kernel)
    for module in ordered:
        shutil.copy(module, root / "modules" / module.name)
    (root / "modules.order").write_text("\n".join(module.name for module in ordered))
    for name, text in (("init", _INIT), ("dhcp.sh", _DHCP), ("bin/wget", WGET)):
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
