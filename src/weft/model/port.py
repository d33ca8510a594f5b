"""Ports: what a container, a virtual machine or a bare-metal host is to the network."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address

from weft.model.errors import Invalid
from weft.model.guest import Guest
from weft.model.ids import HostName, NetworkId, PortId, ProjectId, QosPolicyId, SubnetId
from weft.model.network import Address, Physical
from weft.model.publication import Publication
from weft.model.selector import Labels

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


class PortKind(StrEnum):
    """What stands behind the port. A word for people; policy treats all kinds alike."""

    CONTAINER = "container"
    VM = "vm"
    BAREMETAL = "baremetal"


@dataclass(frozen=True, slots=True)
class FixedIP:
    """An address that the port owns, and the subnet it comes from."""

    subnet_id: SubnetId
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Which workload a port belongs to: what a lease is bound to, across restarts.

    `runtime` is `docker`, `cni`, `libvirt` or `manual`; `engine` tells two engines of one host apart (a
    Docker engine's id, the URI of a libvirt connection, the name of a CNI configuration); `id` is the
    container's or the domain's own id, followed by the interface where one workload has several on the same
    network.
    """

    runtime: str
    engine: str
    id: str
    name: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """The frames with tag `vlan` that another port, `port_id`, carries."""

    port_id: PortId
    vlan: int

    def __post_init__(self) -> None:
        """Refuse what is no VLAN (802.1Q)."""
        if not 1 <= self.vlan <= 4094:
            raise Invalid(f"a VLAN is between 1 and 4094, not {self.vlan}", field="trunk.vlan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A workload's place on a network. Its id is the name OVN and Open vSwitch know it by.

    `mac` is lower case with colons. `host` is where the port is bound, None while it is nowhere.
    `quarantined` ports drop everything until their workload is known (Docker's parallel starts).
    `declared` are the labels of a port that a user declared, before its workload added its own; None for
    a port that was made for a workload and goes with it. `published` is what its host answers for.
    `physical` is the VLAN on which `host` finds the bare-metal machine. A port with a `trunk` is where that
    port's machine sends and receives tagged frames, and is bound where that port is. `guest` is what a
    virtual machine is told when it boots.
    """

    id: PortId
    project_id: ProjectId
    network_id: NetworkId
    name: str
    kind: PortKind
    mac: str
    fixed_ips: tuple[FixedIP, ...] = ()
    labels: Labels = field(default_factory=dict)
    host: HostName | None = None
    workload: Workload | None = None
    port_security: bool = True
    quarantined: bool = False
    qos_policy_id: QosPolicyId | None = None
    declared: Labels | None = None
    published: tuple[Publication, ...] = ()
    physical: Physical | None = None
    guest: Guest | None = None
    trunk: Trunk | None = None

    def __post_init__(self) -> None:
        """Refuse MAC addresses that cannot belong to one station (IEEE 802: the group bit), and bad VLANs."""
        _check_physical(self.kind, self.physical)
        if not _MAC.fullmatch(self.mac) or int(self.mac[:2], 16) & 1 or self.mac == "00" + ":00" * 5:
            raise Invalid(
                f"{self.mac!r} is not the MAC address of one station; write it like 02:00:00:00:00:01",
                field="mac",
            )

    @property
    def first_ip4(self) -> IPv4Address | None:
        """The address that a floating IP leads to, if it has any of IPv4."""
        return next((ip.address for ip in self.fixed_ips if isinstance(ip.address, IPv4Address)), None)


def _check_physical(kind: PortKind, physical: Physical | None) -> None:
    if physical is None:
        return
    if physical.vlan is None:
        raise Invalid(
            f"a bare-metal machine has a VLAN of its own on physical network {physical.name}; say which",
            field="vlan",
        )
    if kind is not PortKind.BAREMETAL:
        raise Invalid(
            f"a {kind} is on no VLAN of a host's; only a port of kind {PortKind.BAREMETAL} is", field="kind"
        )


def mac_for(port: PortId) -> str:
    """The locally administered unicast MAC of a port that has no address to take it from.

    46 bits of the port's random id; the store's unique constraint has the last word.
    """
    return _local_mac(port.bytes[:3] + port.bytes[13:])


def mac_at(network: NetworkId, address: Address) -> str:
    """The MAC that Weft gives to whoever has `address` on `network`, when nobody asks for one.

    The next holder of an address has the same MAC as the last: a neighbour that still remembers it, and that
    OVN's answers to ARP leave in the dark, is right. Two IPv4 addresses never give the same one.
    """
    number = int(address)
    while number >> 32:
        number = (number >> 32) ^ (number & 0xFFFF_FFFF)
    return _local_mac(network.bytes[:2] + number.to_bytes(4, "big"))


def _local_mac(six: bytes) -> str:
    """Locally administered and unicast (IEEE 802: the two lowest bits of the first octet)."""
    return ":".join(f"{octet:02x}" for octet in ((six[0] & 0xFC) | 0x02, *six[1:]))
