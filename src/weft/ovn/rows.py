"""Northbound rows that Weft writes, column for column as in ovn-nb(5).

A row is known by its `key`, which is stable, deterministic and kept in the row's `external_ids`: it is how a
freshly started process recognises what is ours. Rows refer to each other by key, never by UUID. Optional
columns are None when empty. The columns `external_ids` of OVN is the mark and is added by `northbound.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NewType

Key = NewType("Key", str)
"""Deterministic name of a row, unique over all tables, such as `port:UUID` or `acl:RULE-UUID:ip4`."""

Strings = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DhcpOptions:
    """`options` as in ovn-nb(5), DHCP_Options; DHCPv6 where `cidr` is IPv6."""

    table: ClassVar[str] = "DHCP_Options"
    key: Key
    cidr: str
    options: Strings


@dataclass(frozen=True, slots=True, kw_only=True)
class Dns:
    """`records` are addresses by name, with spaces between, and names by reverse name; in lower case."""

    table: ClassVar[str] = "DNS"
    key: Key
    records: Strings


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalSwitchPort:
    """`addresses` and `port_security` as in ovn-nb(5); `name` is the interface's iface-id."""

    table: ClassVar[str] = "Logical_Switch_Port"
    key: Key
    name: str
    type: str = ""
    addresses: frozenset[str] = frozenset()
    port_security: frozenset[str] = frozenset()
    options: Strings = field(default_factory=dict)
    enabled: bool | None = None
    tag: int | None = None
    parent_name: str | None = None
    dhcpv4_options: Key | None = None
    dhcpv6_options: Key | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acl:
    """`direction` is `from-lport` or `to-lport`; `priority` 0 to 32767; `meter` names a Meter."""

    table: ClassVar[str] = "ACL"
    key: Key
    direction: str
    priority: int
    match: str
    action: str
    log: bool = False
    severity: str | None = None
    meter: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Qos:
    """`bandwidth` has `rate` (kbit/s) and `burst` (kbit); `action` has `dscp`."""

    table: ClassVar[str] = "QoS"
    key: Key
    direction: str
    priority: int
    match: str
    bandwidth: Mapping[str, int] = field(default_factory=dict)
    action: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalSwitch:
    """Owns its ports, ACLs and QoS rows (strong references); refers weakly to DNS rows."""

    table: ClassVar[str] = "Logical_Switch"
    key: Key
    name: str
    ports: frozenset[Key] = frozenset()
    acls: frozenset[Key] = frozenset()
    qos_rules: frozenset[Key] = frozenset()
    dns_records: frozenset[Key] = frozenset()
    other_config: Strings = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayChassis:
    """A host that can be the gateway of a router's port; the highest `priority` that lives is."""

    table: ClassVar[str] = "Gateway_Chassis"
    key: Key
    name: str
    chassis_name: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nat:
    """What comes from `logical_ip` goes out as from `external_ip`; with `type` `dnat_and_snat`, not `snat`,
    what asks for that goes to `logical_ip`, too. The last two say that the port's own host does it.
    """

    table: ClassVar[str] = "NAT"
    key: Key
    type: str
    external_ip: str
    logical_ip: str
    external_mac: str | None = None
    logical_port: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalRouterPort:
    """`networks` are the router's own addresses with their prefix lengths."""

    table: ClassVar[str] = "Logical_Router_Port"
    key: Key
    name: str
    mac: str
    networks: frozenset[str] = frozenset()
    gateway_chassis: frozenset[Key] = frozenset()
    ipv6_ra_configs: Strings = field(default_factory=dict)
    options: Strings = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticRoute:
    """Packets for `ip_prefix` go to `nexthop`."""

    table: ClassVar[str] = "Logical_Router_Static_Route"
    key: Key
    ip_prefix: str
    nexthop: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterPolicy:
    """What becomes of packets that are routed, whatever the routes say; `action` is `drop`."""

    table: ClassVar[str] = "Logical_Router_Policy"
    key: Key
    priority: int
    match: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalRouter:
    """Owns its ports, routes, policies and translations (strong references)."""

    table: ClassVar[str] = "Logical_Router"
    key: Key
    name: str
    ports: frozenset[Key] = frozenset()
    static_routes: frozenset[Key] = frozenset()
    policies: frozenset[Key] = frozenset()
    nat: frozenset[Key] = frozenset()
    options: Strings = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortGroup:
    """Owns its ACLs, refers weakly to its ports. `name` must fit `[a-zA-Z_.][a-zA-Z_.0-9]*`."""

    table: ClassVar[str] = "Port_Group"
    key: Key
    name: str
    ports: frozenset[Key] = frozenset()
    acls: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressSet:
    """Addresses or prefixes of one family."""

    table: ClassVar[str] = "Address_Set"
    key: Key
    name: str
    addresses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterBand:
    """`rate` in the meter's unit a second; `action` is `drop`."""

    table: ClassVar[str] = "Meter_Band"
    key: Key
    action: str
    rate: int
    burst_size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """`unit` is `kbps` or `pktps`; owns its bands."""

    table: ClassVar[str] = "Meter"
    key: Key
    name: str
    unit: str
    bands: frozenset[Key] = frozenset()
    fair: bool | None = None


Row = (
    DhcpOptions
    | Dns
    | LogicalSwitchPort
    | Acl
    | Qos
    | LogicalSwitch
    | GatewayChassis
    | Nat
    | LogicalRouterPort
    | StaticRoute
    | RouterPolicy
    | LogicalRouter
    | PortGroup
    | AddressSet
    | MeterBand
    | Meter
)

ROW_TYPES: tuple[type[Row], ...] = (
    DhcpOptions,
    Dns,
    LogicalSwitchPort,
    Acl,
    Qos,
    LogicalSwitch,
    GatewayChassis,
    Nat,
    LogicalRouterPort,
    StaticRoute,
    RouterPolicy,
    LogicalRouter,
    PortGroup,
    AddressSet,
    MeterBand,
    Meter,
)

REFERENCES: Mapping[tuple[str, str], str] = {
    ("Logical_Switch_Port", "dhcpv4_options"): "DHCP_Options",
    ("Logical_Switch_Port", "dhcpv6_options"): "DHCP_Options",
    ("Logical_Switch", "ports"): "Logical_Switch_Port",
    ("Logical_Switch", "acls"): "ACL",
    ("Logical_Switch", "qos_rules"): "QoS",
    ("Logical_Switch", "dns_records"): "DNS",
    ("Logical_Router_Port", "gateway_chassis"): "Gateway_Chassis",
    ("Logical_Router", "nat"): "NAT",
    ("Logical_Router", "ports"): "Logical_Router_Port",
    ("Logical_Router", "static_routes"): "Logical_Router_Static_Route",
    ("Logical_Router", "policies"): "Logical_Router_Policy",
    ("Port_Group", "ports"): "Logical_Switch_Port",
    ("Port_Group", "acls"): "ACL",
    ("Meter", "bands"): "Meter_Band",
}
"""Which columns hold keys of other rows, and of which table."""

BY_ENTRY = frozenset({("DNS", "records")})
"""Maps so large that they change by entry, as all sets do by element."""

Rows = Mapping[Key, Row]
"""A set of rows by key: what is desired, or what is actual."""


def by_key(rows: Iterable[Row]) -> dict[Key, Row]:
    """`rows` by key; ValueError when two rows claim one key, for that is a bug of the compiler."""
    found: dict[Key, Row] = {}
    for row in rows:
        if row.key in found:
            raise ValueError(f"two rows have the key {row.key}")
        found[row.key] = row
    return found
