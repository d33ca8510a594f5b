"""Open vSwitch's rows, asked once for the checks and for the pulse: counters are not worth a monitor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weft.ovsdb import Connection, as_map, as_set, decode

BRIDGE = "br-int"
_CHASSIS = "ovn-chassis-id"
"""ovn-controller's mark on a tunnel's port: `CHASSIS@ADDRESS` (ovn-controller(8))."""

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "Open_vSwitch": ("external_ids", "other_config", "ovs_version"),
    "Bridge": ("name", "datapath_type", "ports"),
    "Port": ("_uuid", "interfaces", "external_ids"),
    "Interface": ("_uuid", "name", "type", "options", "error", "ofport", "statistics"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelPort:
    """A tunnel as the switch has it. `received` counts packets that came out of it."""

    name: str
    peer: str
    address: str
    encapsulation: str
    error: str
    ofport: int
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The switch at one moment. `bridges` has the names of each bridge's interfaces."""

    version: str | None
    external_ids: Mapping[str, str]
    other_config: Mapping[str, str]
    datapath: str | None
    bridges: Mapping[str, frozenset[str]]
    tunnels: tuple[TunnelPort, ...]


def look(connection: Connection) -> Seen:
    """Ask. Raises OvsdbError, OvsdbUnavailable."""
    answers = connection.transact(
        [
            {"op": "select", "table": table, "where": [], "columns": list(columns)}
            for table, columns in _COLUMNS.items()
        ]
    )
    roots, bridges, ports, interfaces = (
        [{column: decode(value) for column, value in row.items()} for row in answer["rows"]]
        for answer in answers
    )
    by_id = {row["_uuid"]: row for row in interfaces}
    members = {port["_uuid"]: [by_id[i] for i in as_set(port["interfaces"]) if i in by_id] for port in ports}
    integration = next((row for row in bridges if row["name"] == BRIDGE), None)
    return Seen(
        version=next((str(one) for one in as_set(roots[0]["ovs_version"])), None),
        external_ids=as_map(roots[0]["external_ids"]),
        other_config=as_map(roots[0]["other_config"]),
        datapath=None if integration is None else str(integration["datapath_type"]) or "system",
        bridges={
            str(bridge["name"]): frozenset(
                str(row["name"]) for port in as_set(bridge["ports"]) for row in members.get(port, ())
            )
            for bridge in bridges
        },
        tunnels=tuple(
            _tunnel(as_map(port["external_ids"])[_CHASSIS], row)
            for port in ports
            if _CHASSIS in as_map(port["external_ids"])
            for row in members[port["_uuid"]]
        ),
    )


def _tunnel(chassis: str, row: Mapping[str, Any]) -> TunnelPort:
    counters: Mapping[str, Any] = as_map(row["statistics"])
    return TunnelPort(
        name=str(row["name"]),
        peer=chassis.partition("@")[0],
        address=as_map(row["options"]).get("remote_ip", ""),
        encapsulation=str(row["type"]),
        error="".join(map(str, as_set(row["error"]))),
        ofport=next((int(str(one)) for one in as_set(row["ofport"])), -1),
        received=int(counters.get("rx_packets", 0)),
    )
