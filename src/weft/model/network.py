"""Projects, networks and subnets."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from weft.model.errors import Invalid
from weft.model.ids import NetworkId, ProjectId, QosPolicyId, SubnetId
from weft.model.selector import Labels

Address = IPv4Address | IPv6Address
Prefix = IPv4Network | IPv6Network

HOST = "host"
"""The physical network that every host has: what it reaches itself, under its own address."""

_NOBODYS: dict[Prefix, str] = {
    IPv4Network("0.0.0.0/8"): "means who has no address yet (RFC 1122, 3.2.1.3)",
    IPv4Network("127.0.0.0/8"): "never leaves a station (RFC 1122, 3.2.1.3)",
    IPv4Network("224.0.0.0/4"): "means many at once (RFC 5771)",
    IPv4Network("255.255.255.255/32"): "means everybody on a link (RFC 919)",
    IPv6Network("::/127"): "means nobody, and a station itself (RFC 4291, 2.5)",
    IPv6Network("::ffff:0:0/96"): "stands for IPv4 addresses and is never sent (RFC 4291, 2.5.5)",
    IPv6Network("fe80::/10"): "is link-local: stations choose there themselves (RFC 4291, 2.5.6)",
    IPv6Network("ff00::/8"): "means many at once (RFC 4291, 2.7)",
}
"""Prefixes that no subnet can be of, and why. Not 169.254.0.0/16: it works where nothing is routed."""

_PRIVATE = {4: "10.0.0.0/8 (RFC 1918)", 6: "fd00::/8 (RFC 4193)"}

_ZONE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_PHYSICAL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


class Default(StrEnum):
    """What happens to a packet that no rule matches."""

    ALLOW = "allow"
    SAME_NETWORK = "same-network"
    DROP = "drop"


def check_zone(zone: str) -> None:
    """Refuse what cannot be the name of a zone: it becomes part of a name in the engine. Raises Invalid."""
    if not _ZONE.fullmatch(zone):
        raise Invalid(
            f"{zone!r} is no name of a zone: up to 63 letters, digits, dashes and underscores, "
            "and a letter or digit first",
            field="zone",
        )


def check_usable(prefix: Prefix) -> None:
    """Refuse a prefix with addresses that no station can be given. Raises Invalid."""
    for taken, meaning in _NOBODYS.items():
        if prefix.version == taken.version and prefix.overlaps(taken):
            raise Invalid(
                f"subnet {prefix} cannot be: {taken} {meaning}; choose a prefix outside it, "
                f"as in {_PRIVATE[prefix.version]}",
                field="cidr",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Who owns what; projects cannot see or touch each other."""

    id: ProjectId
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Physical:
    """Where a network goes on outside of the hosts: what they call `name`, untagged or on `vlan`."""

    name: str
    vlan: int | None = None

    def __post_init__(self) -> None:
        """Refuse what ovn-bridge-mappings cannot say (ovn-controller(8)), and what is no VLAN (802.1Q)."""
        if not _PHYSICAL_NAME.fullmatch(self.name):
            raise Invalid(
                f"{self.name!r} is no name of a physical network: letters, digits, dots, dashes "
                "and underscores",
                field="physical_network",
            )
        if self.vlan is not None and not 1 <= self.vlan <= 4094:
            raise Invalid(f"a VLAN is between 1 and 4094, not {self.vlan}", field="vlan")
        if self.vlan is not None and self.name == HOST:
            raise Invalid(
                f"the physical network {HOST} is what a host reaches itself, and has no VLANs", field="vlan"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A layer 2 network. `mtu` is in bytes; None means what the underlay leaves (settings).

    A network with a `physical` one is external: it goes on there, and routers find their way out by it.
    Networks of one `zone` on one router are a peer that rules can name together. With `log_drops` it is told
    what it drops where no rule matches, as far as the installation has drops logged at all. With `metadata`
    its virtual machines are told of themselves when they boot (`weft.model.guest`).
    """

    id: NetworkId
    project_id: ProjectId
    name: str
    description: str = ""
    labels: Labels = field(default_factory=dict)
    mtu: int | None = None
    default_ingress: Default = Default.SAME_NETWORK
    default_egress: Default = Default.ALLOW
    qos_policy_id: QosPolicyId | None = None
    physical: Physical | None = None
    zone: str | None = None
    log_drops: bool = True
    metadata: bool = False

    def __post_init__(self) -> None:
        """Refuse an MTU that no IP host could use (RFC 8200, section 5; IEEE 802.3 jumbo), and bad zones."""
        if self.zone is not None:
            check_zone(self.zone)
        if self.mtu is not None and not 1280 <= self.mtu <= 9216:
            raise Invalid(f"an MTU is between 1280 and 9216 bytes, not {self.mtu}", field="mtu")

    @property
    def by_host(self) -> bool:
        """Whether it goes on at each host by itself, under the host's own address."""
        return self.physical is not None and self.physical.name == HOST


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRange:
    """An inclusive range of addresses of one family."""

    first: Address
    last: Address

    def __post_init__(self) -> None:
        """Refuse ranges that mix families or run backwards."""
        if self.first.version != self.last.version or int(self.first) > int(self.last):
            raise Invalid(f"not an address range: {self.first}-{self.last}", field="pools")

    def __contains__(self, address: object) -> bool:
        """Whether `address` lies in the range."""
        return (
            isinstance(address, IPv4Address | IPv6Address)
            and address.version == self.first.version
            and int(self.first) <= int(address) <= int(self.last)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """An IP prefix on a network, with the addresses that Weft hands out from it.

    `gateway` is reserved even while no router is attached (the first address by default), so
    that a router can come later without moving a workload. No `pools` means the whole prefix.
    """

    id: SubnetId
    project_id: ProjectId
    network_id: NetworkId
    name: str
    cidr: Prefix
    gateway: Address
    pools: tuple[AddressRange, ...] = ()
    dns_servers: tuple[Address, ...] = ()
    dhcp: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be addressed: tiny prefixes, strangers as gateway, stray pools."""
        widest = 30 if self.cidr.version == 4 else 126
        if self.cidr.prefixlen > widest or self.cidr.prefixlen < 8:
            raise Invalid(f"subnet {self.cidr} has a prefix length outside /8 to /{widest}", field="cidr")
        if self.gateway not in self.cidr:
            raise Invalid(f"gateway {self.gateway} is not in subnet {self.cidr}", field="gateway")
        for pool in self.pools:
            if pool.first not in self.cidr or pool.last not in self.cidr:
                raise Invalid(
                    f"pool {pool.first}-{pool.last} is not inside subnet {self.cidr}", field="pools"
                )
