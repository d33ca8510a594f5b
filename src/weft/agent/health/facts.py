"""What the checks look at. Values only; None stands for what could not be looked at, or is not there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What a join has written: whose host this is."""

    host: str
    server: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """As each program says its own; None for what is not installed, or does not run."""

    kernel: str
    openvswitch: str | None = None
    ovn: str | None = None
    docker: str | None = None
    libvirt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """A tunnel of Open vSwitch's to another host."""

    peer: str
    address: str
    encapsulation: str
    error: str = ""
    answers: bool | None = None
    """Whether the address answers an ordinary ping."""
    carries: bool | None = None
    """Whether a full packet of the largest network, with the tunnel's header, gets there in one piece."""
    silent_s: float | None = None
    """Seconds since something came out of the tunnel; None while nobody has counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Open vSwitch, as far as OVN and tunnels need it."""

    external_ids: Mapping[str, str] = field(default_factory=dict)
    other_config: Mapping[str, str] = field(default_factory=dict)
    datapath: str | None = None
    """`system` or `netdev` of br-int; None while there is no br-int."""
    tunnels: tuple[Tunnel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device that packets between hosts leave by."""

    name: str
    mtu: int
    checksum_offload: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Underlay:
    """The way to the other hosts."""

    end: Device | None
    """The device that has the tunnels' address; None if no device has it."""
    cables: tuple[Device, ...] = ()
    """The devices on the bridge that the end belongs to."""
    vxlan_devices: Mapping[str, int] = field(default_factory=dict)
    """UDP ports of the kernel's own VXLAN devices that are not Open vSwitch's, by name."""
    listeners: tuple[tuple[int, str], ...] = ()
    """UDP ports that programs hold, and which program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """ovn-controller."""

    connected: bool | None
    """Whether it reaches the Southbound database; None while it does not run."""
    stop_command: str | None = None
    """What systemd runs to stop it; None without systemd."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The management plane, asked as the agent would."""

    trouble: str = ""
    """Why it was not reached, or does not know this host; empty when it answered."""
    ahead_s: float | None = None
    """How far its clock is ahead of this one; precise to a second."""
    largest_mtu: int | None = None
    """The largest MTU of a network that this host serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Docker:
    """The engine at the socket that the agent follows, and others of this machine."""

    trouble: str = ""
    rootless: bool = False
    swarm: str = "inactive"
    rootless_sockets: tuple[str, ...] = ()
    """Sockets of engines that people run for themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit of systemd's."""

    active: bool
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A file system, by a directory on it."""

    path: str
    free_bytes: int
    free_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that was found out about one machine at one moment."""

    now: datetime
    versions: Versions
    kernel_datapath: bool
    membership: Membership | None = None
    boot_id: str | None = None
    """The system-id that Open vSwitch is given at its next start; None if that is left to chance."""
    switch: Switch | None = None
    underlay: Underlay | None = None
    controller: Controller | None = None
    server: Server | None = None
    docker: Docker | None = None
    agent_runs: bool = False
    units: Mapping[str, Unit] | None = None
    """None without systemd."""
    certificates: Mapping[str, datetime | None] = field(default_factory=dict)
    """When each ends, by file; None for one that cannot be read."""
    socket_modes: Mapping[str, int] = field(default_factory=dict)
    """Permission bits of the plugin's sockets that there are."""
    disks: tuple[Disk, ...] = ()
    door_trouble: str = ""
    """Why nothing leaves by this host, where something should."""
