"""br-int, the switch that OVN programs: which interfaces are on it, and for which ports."""

from typing import Any

from weft.ovsdb import Connection, OvsdbUnavailable, Uuid, encode
from weft.ovsdb.values import NamedUuid, as_map

BRIDGE = "br-int"
OWNER = "weft:port"


class VSwitch:
    """A session with the host's own Open vSwitch database."""

    def __init__(self, remote: str) -> None:
        """Connects in the background; see `weft.ovsdb.Connection` for `remote`."""
        self._connection = Connection(
            remote,
            "Open_vSwitch",
            {
                "Bridge": ["name", "ports", "datapath_type"],
                "Port": ["name", "interfaces", "external_ids"],
                "Interface": ["name", "external_ids"],
            },
        )

    def close(self) -> None:
        """End the session."""
        self._connection.close()

    def ready(self, timeout_s: float) -> None:
        """Block until the database has been read; OvsdbUnavailable when it cannot be."""
        self._connection.ready(timeout_s)

    def datapath(self) -> str:
        """`netdev` (userspace) or `system` (kernel), as br-int has it."""
        with self._connection.reading() as replica:
            for row in replica.tables["Bridge"].values():
                if row["name"] == BRIDGE:
                    return str(row["datapath_type"]) or "system"
        raise OvsdbUnavailable(f"Open vSwitch has no bridge {BRIDGE}; is ovn-controller running?")

    def ours(self) -> dict[str, str]:
        """The interfaces that we plugged: port id by interface name."""
        with self._connection.reading() as replica:
            return {
                str(row["name"]): owner
                for row in replica.tables["Interface"].values()
                if (owner := as_map(row["external_ids"]).get(OWNER)) is not None
            }

    def others(self) -> set[str]:
        """The port ids of interfaces that somebody else plugged: libvirt, or QEMU by hand."""
        with self._connection.reading() as replica:
            ids = [as_map(row["external_ids"]) for row in replica.tables["Interface"].values()]
            return {one["iface-id"] for one in ids if "iface-id" in one and OWNER not in one}

    def wait_for_change(self, seen: int, timeout_s: float) -> int:
        """Block until the switch's configuration changed since `seen`, at most `timeout_s`; where it is."""
        self._connection.wait_beyond(seen, timeout_s)
        return self._connection.changed

    def plug(self, name: str, port_id: str, mac: str) -> None:
        """Put interface `name` on br-int for `port_id`, in one transaction. Idempotent."""
        if self.ours().get(name) == port_id:
            return
        ids = encode({"iface-id": port_id, "attached-mac": mac, OWNER: port_id})
        self._connection.transact(
            [
                {
                    "op": "insert",
                    "table": "Interface",
                    "uuid-name": "interface",
                    "row": {"name": name, "external_ids": ids},
                },
                {
                    "op": "insert",
                    "table": "Port",
                    "uuid-name": "port",
                    "row": {
                        "name": name,
                        "interfaces": encode(NamedUuid("interface")),
                        "external_ids": encode({OWNER: port_id}),
                    },
                },
                {
                    "op": "mutate",
                    "table": "Bridge",
                    "where": [["name", "==", BRIDGE]],
                    "mutations": [["ports", "insert", encode(frozenset({NamedUuid("port")}))]],
                },
                _NEXT_CONFIGURATION,
            ]
        )

    def unplug(self, name: str) -> None:
        """Take interface `name` off br-int. Idempotent; an interface that is not ours is left alone."""
        if name not in self.ours():
            return
        with self._connection.reading() as replica:
            ports = [uuid for uuid, row in replica.tables["Port"].items() if row["name"] == name]
        self._connection.transact(
            [
                {
                    "op": "mutate",
                    "table": "Bridge",
                    "where": [["name", "==", BRIDGE]],
                    "mutations": [["ports", "delete", encode(frozenset(Uuid(port) for port in ports))]],
                },
                _NEXT_CONFIGURATION,
            ]
        )

    def wait_installed(self, port_id: str, timeout_s: float) -> bool:
        """Block until ovn-controller has installed the flows of `port_id` on this host."""
        return self._connection.wait_for(lambda: self._installed(port_id), timeout_s)

    def _installed(self, port_id: str) -> bool:
        rows: Any = self._connection.replica.tables.get("Interface", {}).values()
        return any(
            ids.get("iface-id") == port_id and ids.get("ovn-installed") == "true"
            for ids in (as_map(row["external_ids"]) for row in rows)
        )


_NEXT_CONFIGURATION: dict[str, object] = {
    "op": "mutate",
    "table": "Open_vSwitch",
    "where": [],
    "mutations": [["next_cfg", "+=", 1]],
}
"""Wakes ovs-vswitchd, as ovs-vsctl does (ovs-vswitchd.conf.db(5), next_cfg)."""
