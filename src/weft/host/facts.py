"""What there is on a machine before anybody decides anything about it. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

INTEGRATION = "br-int"


@dataclass(frozen=True, slots=True)
class SslFiles:
    """Open vSwitch's SSL configuration: three paths."""

    private_key: str
    certificate: str
    ca_cert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """A port of a bridge; one of a bond stands for its port."""

    name: str
    type: str = ""
    external_ids: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """A bridge of Open vSwitch."""

    name: str
    datapath_type: str = ""
    fail_mode: str = ""
    interfaces: tuple[Interface, ...] = ()
    external_ids: Mapping[str, str] = field(default_factory=dict)
    has_controller: bool = False

    @property
    def datapath(self) -> str:
        """`netdev` for the userspace datapath, `system` for the kernel's."""
        return self.datapath_type or "system"

    @property
    def others(self) -> tuple[Interface, ...]:
        """Its interfaces, the one that every bridge has by itself not among them."""
        return tuple(interface for interface in self.interfaces if interface.name != self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Open vSwitch as its database shows it."""

    version: str = ""
    external_ids: Mapping[str, str] = field(default_factory=dict)
    other_config: Mapping[str, str] = field(default_factory=dict)
    ssl: SslFiles | None = None
    bridges: tuple[Bridge, ...] = ()

    def bridge(self, name: str) -> Bridge | None:
        """The bridge of that name."""
        return next((bridge for bridge in self.bridges if bridge.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Of a machine that may become a host: what a join has to know."""

    is_root: bool
    switch: Switch | None
    """None while Open vSwitch does not answer."""
    kernel_datapath: bool
    """Whether the kernel has the openvswitch module."""
    controller: str | None
    """Where ovn-controller is installed."""
    addresses: Mapping[str, str]
    """The interface that bears each address."""
    configured: bool = False
    """Whether the agent has settings already."""
    libvirt: bool = False
