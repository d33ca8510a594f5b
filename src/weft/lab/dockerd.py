"""A real Docker engine on a host, and the one image that the lab's containers run."""

import io
import json
import tarfile
from pathlib import Path

from weft.lab.busybox import BINARY, WGET, applets
from weft.lab.layout import LabHost
from weft.lab.processes import local, run_on, start_on, try_on, until

IMAGE = "weft/busybox"


def start_docker(host: LabHost) -> None:
    """dockerd with its own containerd and state, then the image; returns when `docker run` works."""
    config: dict[str, object] = {
        "data-root": "/var/lib/docker",
        "exec-root": "/run/docker",
        "pidfile": "/run/docker.pid",
        "hosts": ["unix:///run/docker.sock"],
        "storage-driver": _storage_driver(host),
        "cgroup-parent": f"/{host.cgroup}",
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
    }
    if not host.spec.stock:
        config |= {
            "bridge": "none",
            "iptables": False,
            "ip6tables": False,
            "ip-forward": False,
            "ip-masq": False,
        }
    (host.directory / "etc-docker" / "daemon.json").write_text(json.dumps(config))
    run_docker(host)
    load_image(host)


def load_image(host: LabHost) -> None:
    """Give the engine the lab's image."""
    run_on(host, "docker", "import", str(_root_archive(host)), IMAGE)


def run_docker(host: LabHost) -> None:
    """The daemon itself; also used by tests that restart it."""
    start_on(host, "dockerd", ["dockerd", "--config-file", "/etc/docker/daemon.json"])
    until(
        lambda: try_on(host, "docker", "version").returncode == 0,
        f"dockerd on {host.name} to answer",
        timeout_s=30,
        log=host.logs / "dockerd.log",
    )


def unpack_root(host: LabHost) -> str:
    """The image's file system in a directory, for containers that are not Docker's. Idempotent."""
    root = host.directory / "root"
    if not root.exists():
        root.mkdir()
        local("tar", "-xf", str(host.run / _root_archive(host).name), "-C", str(root))
    return str(root)


def _storage_driver(host: LabHost) -> str:
    """overlay2 unless the lab itself lies on an overlay, on which it cannot be stacked."""
    return (
        "vfs"
        if run_on(host, "stat", "-f", "-c", "%T", "/var/lib/docker").strip() == "overlayfs"
        else "overlay2"
    )


def _root_archive(host: LabHost) -> Path:
    """A root file system of busybox alone, as `docker import` takes it, at a path both sides see."""
    archive = host.run / "busybox.tar"
    with tarfile.open(archive, "w") as tar:
        for name, content in (("busybox", BINARY.read_bytes()), ("wget", WGET.encode())):
            entry = tarfile.TarInfo(f"bin/{name}")
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
        for applet in applets():
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        for folder in ("proc", "sys", "dev", "tmp", "etc", "www"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
    return Path("/run") / archive.name
