"""A host that boots: systemd as process 1, and the services as the distribution's packages bring them.

Its root is this machine's, with every write kept apart (overlayfs) and thrown away at the end. It has its own
processes, control groups, devices and host name. What is installed here is installed there.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from weft.lab.layout import LabHost
from weft.lab.processes import reap, run_on, try_on, until

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "net/tun")
_UNWANTED = (
    # These would act on the kernel, which all hosts share.
    "systemd-sysctl.service",
    "systemd-modules-load.service",
    "systemd-timesyncd.service",
    "systemd-udevd.service",
    "systemd-random-seed.service",
    # And these look for what is not there.
    "systemd-logind.service",
    "systemd-firstboot.service",
    "getty.target",
)


def root_script(host: LabHost, private: Mapping[str, str]) -> str:
    """Shell that makes the machine's root in a new mount namespace, and moves into it (pivot_root(8)).

    `private` are the directories that are the host's own and can be looked at from outside.
    """
    place = host.directory
    layers, root = place / "machine", place / "machine" / "root"
    writes = f"lowerdir=/,upperdir={layers}/upper,workdir={layers}/work"
    binds = "\n".join(
        f"mkdir -p {root}{target}; mount --bind {place}/{name} {root}{target}"
        for name, target in private.items()
    )
    devices = "\n".join(
        f"touch {root}/dev/{name}; mount --bind /dev/{name} {root}/dev/{name}" for name in _DEVICES
    )
    masks = "\n".join(f"ln -sfn /dev/null {root}/etc/systemd/system/{unit}" for unit in _UNWANTED)
    return f"""
        mkdir -p {layers}
        mount -t tmpfs -o mode=755 tmpfs {layers}
        mkdir {layers}/upper {layers}/work {root}
        mount -t overlay -o {writes} overlay {root}
        mount -t proc proc {root}/proc
        mount -t sysfs sysfs {root}/sys
        mount -t tmpfs -o mode=755 tmpfs {root}/sys/fs/cgroup
        mount -t tmpfs -o mode=1777 tmpfs {root}/tmp
        mount -t tmpfs -o mode=755 tmpfs {root}/dev
        mkdir {root}/dev/pts {root}/dev/shm {root}/dev/net
        mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts {root}/dev/pts
        ln -s pts/ptmx {root}/dev/ptmx
        ln -s /proc/self/fd {root}/dev/fd
        mount -t tmpfs -o mode=1777 tmpfs {root}/dev/shm
        {devices}
        mount --bind {host.run} {root}/run
        {binds}
        rm -rf {root}/lib/systemd/system/*.wants/* {root}/etc/systemd/system/*.wants/*
        rm -rf {root}/lib/systemd/system-generators/*
        {masks}
        : > {root}/etc/fstab
        : > {root}/etc/machine-id
        echo {host.name} > {root}/etc/hostname
        cd {root}
        pivot_root . .
        umount -l .
    """


def boot(host: LabHost, *services: str) -> None:
    """Start systemd, with `services` enabled; returns when everything that was to start has started."""
    run_on(host, "systemctl", "--root=/", "enable", *services)
    kept = [f"--{kind}={path}" for kind, path in host.machine_namespaces.items()]
    for path in host.machine_namespaces.values():
        path.touch()
    argv = ["sh", "-ec", _ENTER_GROUPS, "sh", host.cgroup, "unshare", "--fork", *kept]
    in_root = ["nsenter", f"--net=/run/netns/{host.namespace}", f"--mount={host.mount_namespace}", "--wd=/"]
    with (host.logs / "console.log").open("ab") as console:
        process = subprocess.Popen(
            [*argv, *in_root, "sh", "-ec", _INIT, "sh", *_hierarchies()],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    reap(process)
    until(
        lambda: "running" in try_on(host, "systemctl", "is-system-running").stdout,
        f"{host.name} to have booted",
        timeout_s=90,
        log=host.logs / "console.log",
    )


_ENTER_GROUPS = """
for top in $(awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts); do
  group=$top/$1
  mkdir -p $group
  for needed in cpuset.cpus cpuset.mems; do
    if [ -e $top/cgroup.clone_children ] && [ -e $group/$needed ]; then cat $top/$needed >$group/$needed; fi
  done
  echo $$ >$group/cgroup.procs
done
shift
exec "$@"
"""
"""In its own group of each hierarchy, which a control group namespace then shows as the top (cgroups(7))."""

_INIT = """
mount -t proc proc /proc
while [ $# -gt 0 ]; do
  mkdir -p /sys/fs/cgroup/$2
  mount -t $1 -o "$3" $1 /sys/fs/cgroup/$2
  shift 3
done
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=weft-lab \
  /lib/systemd/systemd --system --unit=multi-user.target --log-target=console --show-status=0
"""


def _hierarchies() -> list[str]:
    """For each mount of control groups here: its type, directory, and the options that make it again."""
    found = []
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup":
            of = [o for o in options.split(",") if o.startswith("name=") or o in _controllers()]
            named = any(o.startswith("name=") for o in of)
            found += [kind, Path(place).name, ",".join(["none", *of] if named else of)]
        elif kind == "cgroup2":
            found += [kind, "." if place == "/sys/fs/cgroup" else Path(place).name, "rw"]
    return found


def _controllers() -> set[str]:
    rows = Path("/proc/cgroups").read_text().splitlines()[1:]
    return {row.split()[0] for row in rows}
