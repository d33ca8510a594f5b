"""What the lab consists of, and where each part lives. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

UNDERLAY = IPv4Network("10.77.0.0/24")
"""Lives on a bridge inside the lab's own namespace; the machine's own network never sees it."""

UNDERLAY_MTU = 9000
"""Jumbo frames, as data centres run them: tenants of any common MTU fit with a tunnel's header around."""

SERVER_PORT = 7443
SOUTHBOUND_PORT = 6642


class LabError(Exception):
    """Something of the lab did not come up; the message ends with what its log last said."""


@dataclass(frozen=True, slots=True)
class HostSpec:
    """What a host of the lab runs besides Open vSwitch and OVN."""

    name: str
    docker: bool = False
    libvirt: bool = False
    stock: bool = False
    """A Docker engine as it comes: default bridge, iptables on."""
    machine: bool = False
    """A server as its distribution installs it, with systemd; Weft has not been there yet."""


ARTICLE = (HostSpec("h1", docker=True), HostSpec("h2", libvirt=True))
"""The article's two hosts: a Docker host and a hypervisor."""


@dataclass(frozen=True, slots=True)
class Lab:
    """One lab: `root` holds everything that it writes, `prefix` begins everything that it names.

    `root` must not lie under a path that hosts have for themselves (/run, /var/log, /etc/openvswitch, …), or
    they could not see it. Two labs can be up at once if neither prefix begins the other.
    """

    root: Path
    cache: Path
    hosts: tuple[HostSpec, ...] = ARTICLE
    prefix: str = "weft-"

    @property
    def name(self) -> str:
        """As WEFT_LAB_NAME says it."""
        return self.prefix.removesuffix("-")

    @property
    def underlay(self) -> str:
        """The namespace that holds the underlay's bridge."""
        return f"{self.prefix}underlay"

    @property
    def central(self) -> "LabHost":
        """Where the management and control planes run."""
        return LabHost(self, HostSpec("central"), UNDERLAY[10])

    def host(self, name: str) -> "LabHost":
        """The host called `name`; LabError when the lab has none."""
        if name == "central":
            return self.central
        for number, spec in enumerate(self.hosts):
            if spec.name == name:
                return LabHost(self, spec, UNDERLAY[11 + number])
        known = ", ".join(["central", *(spec.name for spec in self.hosts)])
        raise LabError(f"the lab has no host {name!r}; it has {known}")

    @property
    def workers(self) -> tuple["LabHost", ...]:
        """The hosts that carry workloads."""
        return tuple(self.host(spec.name) for spec in self.hosts)

    @property
    def server_url(self) -> str:
        """Where the management plane answers, seen from the lab's hosts."""
        return f"https://{self.central.address}:{SERVER_PORT}"


@dataclass(frozen=True, slots=True)
class LabHost:
    """A namespace host of `lab`."""

    lab: Lab
    spec: HostSpec
    address: IPv4Address

    @property
    def name(self) -> str:
        """As `weft lab exec` and OVN's Chassis table know it."""
        return self.spec.name

    @property
    def namespace(self) -> str:
        """Its network namespace."""
        return f"{self.lab.prefix}{self.name}"

    @property
    def directory(self) -> Path:
        """What is `/run`, `/var/log` and so on, on this host, seen from outside."""
        return self.lab.root / self.name

    @property
    def run(self) -> Path:
        """The host's `/run`, seen from outside."""
        return self.directory / "run"

    @property
    def logs(self) -> Path:
        """The host's `/var/log`, seen from outside."""
        return self.directory / "log"

    @property
    def mount_namespace(self) -> Path:
        """The file that its mount namespace is bound to."""
        return self.directory / "mnt.ns"

    @property
    def machine_namespaces(self) -> Mapping[str, Path]:
        """What else a machine has for itself, and the files that these are bound to; none for other hosts."""
        kinds = ("pid", "ipc", "uts", "cgroup") if self.spec.machine else ()
        return {kind: self.directory / f"{kind}.ns" for kind in kinds}

    @property
    def cgroup(self) -> str:
        """The parent of its containers' control groups."""
        return f"{self.lab.prefix}{self.name}"
