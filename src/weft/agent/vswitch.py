"""Open vSwitch on this host: ports of the integration bridge, through OVSDB.

OVN finds a port by its Interface's `iface-id`, and answers with `ovn-installed` on the same row once the
flows are in (ovn-controller(8)).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from weft.agent.attachment import Lease, is_host_end, is_made_tap, is_resolver_end
from weft.agent.baremetal import patches
from weft.agent.baremetal.patches import MACHINE, Patch
from weft.agent.health.openvswitch import Seen, look
from weft.agent.plug import Plugged
from weft.ovsdb import Connection, NamedUuid, OvsdbUnavailable, Uuid, Value, as_map, as_set, encode

BRIDGE = "br-int"
OURS = "weft:port"
INTERNAL = "weft:internal"
"""The mark of interfaces that are the host's own."""
_ZONE = "ct-zone-"

TABLES = {
    "Open_vSwitch": ["external_ids"],
    "Bridge": ["name", "ports", "datapath_type", "external_ids"],
    "Port": ["name", "interfaces", "tag"],
    "Interface": ["name", "external_ids", "error", "type", "options", "ofport", "mtu", "mtu_request"],
}

TUNNEL_ADDRESS = "ovn-encap-ip"  # ovn-controller(8)
BRIDGE_MAPPINGS = "ovn-bridge-mappings"  # the same
TUNNELS = frozenset({"vxlan", "geneve"})
_MADE_S = 5.0
KERNEL_DEVICES = frozenset({"", "system", "afxdp", "afxdp-nonpmd"})
"""The types of interfaces that are devices of the kernel's (vswitchd.conf.db(5))."""


class Vswitch:
    """The integration bridge. May be used from several threads."""

    def __init__(self, remote: str) -> None:
        """Connects in the background."""
        self._connection = Connection(remote, "Open_vSwitch", TABLES)

    def close(self) -> None:
        """End the session; ports stay."""
        self._connection.close()

    def ready(self, timeout_s: float) -> None:
        """Block until the switch is known. Raises OvsdbUnavailable."""
        self._connection.ready(timeout_s)

    def datapath(self) -> str:
        """`netdev` or `system`; `system` while the bridge does not exist."""
        with self._connection.reading() as replica:
            for row in replica.tables["Bridge"].values():
                if row["name"] == BRIDGE:
                    return str(row["datapath_type"]) or "system"
        return "system"

    def enslaved(self, addresses: Mapping[str, str]) -> frozenset[str] | None:
        """The kernel's devices, other than Weft's own, on the bridges of the userspace datapath that we use.

        These are br-int and the one that has the tunnel's address on an internal port, by the host's
        `addresses` and their devices. None when there is no such bridge.
        """
        with self._connection.reading() as replica:
            bridges = [
                (row["name"], _interfaces(replica.tables, row))
                for row in replica.tables["Bridge"].values()
                if row["datapath_type"] == "netdev"
            ]
            root = next(iter(replica.tables["Open_vSwitch"].values()), None)
            ends = as_map(root["external_ids"]).get(TUNNEL_ADDRESS, "").split(",") if root else []
        tunnel = {addresses[end] for end in ends if end in addresses}
        used = [
            interfaces
            for name, interfaces in bridges
            if name == BRIDGE or tunnel & {row["name"] for row in interfaces}
        ]
        if not used:
            return None
        return frozenset(
            str(row["name"])
            for interfaces in used
            for row in interfaces
            if row["type"] in KERNEL_DEVICES and not _is_made(row)
        )

    def physical_networks(self) -> frozenset[str]:
        """The physical networks that a bridge of this host leads to, by `ovn-bridge-mappings`."""
        return frozenset(self.bridge_mappings())

    def bridge_mappings(self) -> dict[str, str]:
        """The bridge that leads to each physical network, by `ovn-bridge-mappings`."""
        with self._connection.reading() as replica:
            roots = [as_map(row["external_ids"]) for row in replica.tables["Open_vSwitch"].values()]
        listed = [one.strip() for root in roots for one in root.get(BRIDGE_MAPPINGS, "").split(",")]
        return {name: bridge for name, colon, bridge in (one.partition(":") for one in listed) if colon}

    def bridges(self) -> dict[str, str]:
        """Every bridge, and its datapath: `netdev` or `system`."""
        with self._connection.reading() as replica:
            rows = replica.tables["Bridge"].values()
            return {str(row["name"]): str(row["datapath_type"]) or "system" for row in rows}

    def patches(self) -> Mapping[str, Patch | None]:
        """The VLANs that are plugged for bare-metal machines, by port id; None where something is amiss."""
        return patches.standing(self._connection, BRIDGE)

    def patch(self, patch: Patch) -> None:
        """Plug a VLAN of a bridge that is there, in place of what the port has. Raises OvsdbError."""
        if BRIDGE not in self.bridges():
            raise OvsdbUnavailable(
                f"Open vSwitch has no bridge {BRIDGE}; ovn-controller makes it when it runs"
            )
        patches.make(self._connection, patch, BRIDGE)

    def unpatch(self, port_id: str) -> None:
        """Unplug the VLAN of a port. Idempotent. Raises OvsdbError."""
        patches.remove(self._connection, port_id)

    def nb_cfg(self) -> int:
        """The configuration number whose flows are in, as ovn-controller notes it on the bridge; or 0."""
        number = self._bridge_ids().get("ovn-nb-cfg", "")
        return int(number) if number.isdecimal() else 0

    def conntrack_zones(self) -> dict[str, int]:
        """The zone in which the connections of each port are tracked, by port id (ovn-controller(8))."""
        return {
            name.removeprefix(_ZONE): int(zone)
            for name, zone in self._bridge_ids().items()
            if name.startswith(_ZONE) and zone.isdecimal()
        }

    def _bridge_ids(self) -> dict[str, str]:
        with self._connection.reading() as replica:
            for row in replica.tables["Bridge"].values():
                if row["name"] == BRIDGE:
                    return as_map(row["external_ids"])
        return {}

    def ours(self) -> tuple[Plugged, ...]:
        """Every port that Weft plugged."""
        with self._connection.reading() as replica:
            rows = [(row, as_map(row["external_ids"])) for row in replica.tables["Interface"].values()]
            return tuple(Plugged(str(row["name"]), ids[OURS]) for row, ids in rows if OURS in ids)

    def interfaces(self) -> dict[str, str]:
        """Every interface on any bridge, and the id of the port that it is plugged as, if it is."""
        with self._connection.reading() as replica:
            rows = replica.tables["Interface"].values()
            return {str(row["name"]): as_map(row["external_ids"]).get("iface-id", "") for row in rows}

    def foreign(self) -> frozenset[str]:
        """The port ids of interfaces that somebody else plugged: libvirt, or a person for QEMU."""
        with self._connection.reading() as replica:
            ids = [as_map(row["external_ids"]) for row in replica.tables["Interface"].values()]
            others = [one for one in ids if not {OURS, INTERNAL, MACHINE} & one.keys()]
            return frozenset(one["iface-id"] for one in others if "iface-id" in one)

    def tunnel_peers(self) -> frozenset[str]:
        """The addresses of other hosts to which a tunnel stands: ovn-controller made it, vswitchd has it."""
        with self._connection.reading() as replica:
            tunnels = [row for row in replica.tables["Interface"].values() if row["type"] in TUNNELS]
            standing = [row for row in tunnels if any(int(str(n)) > 0 for n in as_set(row["ofport"]))]
            options = [as_map(row["options"]) for row in standing]
            return frozenset(one["remote_ip"] for one in options if one.get("remote_ip", "flow") != "flow")

    def seen(self) -> Seen:
        """The switch with its tunnels and their counters, asked now. Raises OvsdbUnavailable."""
        return look(self._connection)

    def wait_for_change(self, seen: int, timeout_s: float) -> int:
        """Block until something changed since `seen` (0 at first), at most `timeout_s`; where it is now."""
        self._connection.wait_beyond(seen, timeout_s)
        return self._connection.changed

    def add(self, name: str, lease: Lease) -> None:
        """Make link `name` the port of `lease`. Idempotent, one transaction."""
        ids = {
            "iface-id": lease.port_id,
            "attached-mac": lease.mac,
            "iface-status": "active",
            OURS: lease.port_id,
        }
        bridge, port, interfaces = self._find(name)
        if bridge is None:
            raise OvsdbUnavailable(
                f"Open vSwitch has no bridge {BRIDGE}; ovn-controller makes it when it runs"
            )
        if port is not None:
            operations: list[dict[str, object]] = [
                _update(
                    interface,
                    mutations=[
                        ["external_ids", "delete", ["set", sorted(ids)]],
                        ["external_ids", "insert", encode(ids)],
                    ],
                )
                for interface in interfaces
            ]
        else:
            operations = _insert(bridge, name, ids)
        self._connection.transact(operations)

    def carry(self, name: str, port_id: str, mtu: int) -> bool:
        """Make interface `name`, which somebody else plugged, the port's. Idempotent; False without one."""
        with self._connection.reading() as replica:
            identity = _named(replica.tables["Interface"], name)
            row = {} if identity is None else dict(replica.tables["Interface"][identity])
        if identity is None:
            return False
        operations: list[dict[str, object]] = []
        if as_map(row["external_ids"]).get("iface-id") != port_id:
            new = ["external_ids", "insert", encode({"iface-id": port_id})]
            old = ["external_ids", "delete", ["set", ["iface-id"]]]
            operations.append(_update(identity, mutations=[old, new]))
        if 0 < _number(row["mtu"]) < mtu:
            operations.append(_update(identity, row={"mtu_request": mtu}))
        if operations:
            self._connection.transact(operations)
        return True

    def raise_mtu(self, mtu: int) -> None:
        """Let the bridge itself carry frames of `mtu`, and so the taps that libvirt adds. Never lowers."""
        with self._connection.reading() as replica:
            identity = _named(replica.tables["Interface"], BRIDGE)
            known = 0 if identity is None else _number(replica.tables["Interface"][identity]["mtu_request"])
        if identity is not None and known < mtu:
            self._connection.transact([_update(identity, row={"mtu_request": mtu})])

    def remove(self, name: str) -> None:
        """Take `name` off the bridge. Idempotent; ports that are not ours stay."""
        bridge, port, _ = self._find(name)
        if bridge is None or port is None or name not in {plugged.name for plugged in self.ours()}:
            return
        self._connection.transact([_without(bridge, port)])
        self._connection.wait_for(lambda: self._find(name)[1] is None, 2)

    def keep_internal(self, name: str, port_id: str, *, mac: str, mtu: int) -> None:
        """An interface of the host's own on the bridge, as this port. Idempotent; returns when it is there.

        Raises OvsdbUnavailable when vswitchd does not make the device in time.
        """
        ids = {"iface-id": port_id, INTERNAL: "true"}
        row: dict[str, object] = {"type": "internal", "mac": mac, "mtu_request": mtu}
        bridge, port, interfaces = self._find(name)
        if bridge is None:
            raise OvsdbUnavailable(f"Open vSwitch has no bridge {BRIDGE}; ovn-controller makes it")
        if port is None:
            self._connection.transact(_insert(bridge, name, ids, row))
        elif not self._is_internal(interfaces, ids, mtu):
            for one in interfaces:
                self._connection.transact([_update(one, row={**row, "external_ids": encode(ids)})])
        if not self._connection.wait_for(lambda: self._has_device(name), _MADE_S):
            raise OvsdbUnavailable(f"Open vSwitch did not make {name}; does ovs-vswitchd run?")

    def join_internal(self, name: str, port_id: str) -> None:
        """Make link `name`, which is the host's own, this port, anew if it was there.

        Raises OvsdbUnavailable when vswitchd does not take it in time.
        """
        self.drop_internal(name)
        bridge, _, _ = self._find(name)
        if bridge is None:
            raise OvsdbUnavailable(f"Open vSwitch has no bridge {BRIDGE}; ovn-controller makes it")
        self._connection.transact(_insert(bridge, name, {"iface-id": port_id, INTERNAL: "true"}))
        if not self._connection.wait_for(lambda: self._has_device(name), _MADE_S):
            raise OvsdbUnavailable(f"Open vSwitch did not take {name}; does ovs-vswitchd run?")

    def drop_internal(self, name: str) -> None:
        """Take off the bridge what `keep_internal` or `join_internal` put there. Idempotent."""
        bridge, port, _ = self._find(name)
        if bridge is not None and port is not None:
            self._connection.transact([_without(bridge, port)])
            self._connection.wait_for(lambda: self._find(name)[1] is None, _MADE_S)

    def _is_internal(self, interfaces: tuple[Uuid, ...], ids: dict[str, str], mtu: int) -> bool:
        with self._connection.reading() as replica:
            rows = [replica.tables["Interface"][one] for one in interfaces]
            now = [(as_map(row["external_ids"]), _number(row["mtu_request"])) for row in rows]
        return all(ids.items() <= known.items() and asked == mtu for known, asked in now)

    def _has_device(self, name: str) -> bool:
        with self._connection.reading() as replica:
            identity = _named(replica.tables["Interface"], name)
            return identity is not None and _number(replica.tables["Interface"][identity]["ofport"]) > 0

    def wait_installed(self, port_id: str, timeout_s: float) -> bool:
        """Block until OVN says that the port's flows are in; False when it does not in time."""
        return self._connection.wait_for(lambda: port_id in self.installed(), timeout_s)

    def wait_reached(self, nb_cfg: int, timeout_s: float) -> bool:
        """Block until the flows of this host are those of `nb_cfg` or later; False when not in time."""
        return self._connection.wait_for(lambda: self._reached() >= nb_cfg, timeout_s)

    def _reached(self) -> int:
        try:
            return self.nb_cfg()
        except OvsdbUnavailable:
            return 0

    def installed(self) -> frozenset[str]:
        """The ids of ports whose flows are in; empty while the switch cannot be asked."""
        try:
            with self._connection.reading() as replica:
                ids = [as_map(row["external_ids"]) for row in replica.tables["Interface"].values()]
                return frozenset(
                    i["iface-id"] for i in ids if "iface-id" in i and i.get("ovn-installed") == "true"
                )
        except OvsdbUnavailable:
            return frozenset()

    def _find(self, name: str) -> tuple[Uuid | None, Uuid | None, tuple[Uuid, ...]]:
        """The bridge, the port called `name` and its interfaces, as far as they are there."""
        with self._connection.reading() as replica:
            bridge = _named(replica.tables["Bridge"], BRIDGE)
            port = _named(replica.tables["Port"], name)
            if port is None:
                return bridge, None, ()
            return bridge, port, _uuids(replica.tables["Port"][port]["interfaces"])


def _interfaces(
    tables: Mapping[str, Mapping[Uuid, dict[str, Any]]], bridge: dict[str, Any]
) -> list[dict[str, Any]]:
    """The rows of a bridge's interfaces, as far as they are known already."""
    ports = [tables["Port"].get(port) for port in _uuids(bridge["ports"])]
    known = [one for port in ports if port is not None for one in _uuids(port["interfaces"])]
    return [tables["Interface"][one] for one in known if one in tables["Interface"]]


def _is_made(row: dict[str, Any]) -> bool:
    """Whether Weft made the device itself, so that it has Weft's device group."""
    name, ids = str(row["name"]), as_map(row["external_ids"])
    plugged = OURS in ids and (is_host_end(name) or is_made_tap(name))
    return plugged or (INTERNAL in ids and is_resolver_end(name))


def _uuids(column: Value) -> tuple[Uuid, ...]:
    return tuple(Uuid(str(one)) for one in as_set(column))


def _named(rows: dict[Uuid, dict[str, Any]], name: str) -> Uuid | None:
    return next((identity for identity, row in rows.items() if row["name"] == name), None)


def _number(value: Value) -> int:
    """An optional number; 0 when it is not set."""
    return next((int(one) for one in as_set(value)), 0)


def _update(interface: Uuid, **change: object) -> dict[str, object]:
    kind = "mutate" if "mutations" in change else "update"
    return {"op": kind, "table": "Interface", "where": [["_uuid", "==", encode(interface)]], **change}


def _without(bridge: Uuid, port: Uuid) -> dict[str, object]:
    """Interface rows go with the last Port that refers to them."""
    taken: list[object] = ["ports", "delete", ["set", [encode(port)]]]
    where = [["_uuid", "==", encode(bridge)]]
    return {"op": "mutate", "table": "Bridge", "where": where, "mutations": [taken]}


def _insert(
    bridge: Uuid, name: str, ids: dict[str, str], columns: Mapping[str, object] = MappingProxyType({})
) -> list[dict[str, object]]:
    return [
        {
            "op": "insert",
            "table": "Interface",
            "uuid-name": "interface",
            "row": {"name": name, "external_ids": encode(ids), **columns},
        },
        {
            "op": "insert",
            "table": "Port",
            "uuid-name": "port",
            "row": {"name": name, "interfaces": encode(NamedUuid("interface")), "external_ids": encode(ids)},
        },
        {
            "op": "mutate",
            "table": "Bridge",
            "where": [["_uuid", "==", encode(bridge)]],
            "mutations": [["ports", "insert", ["set", [encode(NamedUuid("port"))]]]],
        },
    ]
