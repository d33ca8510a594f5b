"""The Southbound database, as observations: which hosts are there, and what they have claimed."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from weft.ovsdb import Connection, Uuid, as_set
from weft.ovsdb.replica import RawRow, Replica


@dataclass(frozen=True, slots=True)
class ChassisSeen:
    """A host that OVN knows. `nb_cfg` is the last one that its switch has acknowledged, None if unknown.

    `acknowledged_at` is when, by the host's own clock.
    """

    name: str
    nb_cfg: int | None
    acknowledged_at: datetime | None = None
    hostname: str = ""
    encap_ips: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BindingSeen:
    """A port that OVN knows; `chassis` names the host that claimed it, `up` says that its flows are in."""

    port: str
    chassis: str | None
    up: bool


class Southbound:
    """A session with the Southbound database; it only looks. One thread at a time."""

    def __init__(self, remote: str, *, ssl_context: ssl.SSLContext | None = None) -> None:
        """Connects in the background; see `weft.ovsdb.Connection` for `remote`."""
        self._connection = Connection(
            remote,
            "OVN_Southbound",
            {
                "Chassis": ["name", "hostname", "encaps"],
                "Chassis_Private": ["name", "nb_cfg", "nb_cfg_timestamp"],
                "Encap": ["ip"],
                "Port_Binding": ["logical_port", "chassis", "up"],
                "SB_Global": ["nb_cfg"],
            },
            ssl_context=ssl_context,
        )
        self._looked = 0
        self._seen: Replica | None = None
        self._rows: dict[Uuid, BindingSeen] = {}
        self._bindings: dict[str, BindingSeen] = {}
        self._changed: set[str] = set()

    def close(self) -> None:
        """End the session."""
        self._connection.close()

    def ready(self, timeout_s: float) -> None:
        """Block until the first complete snapshot; OvsdbUnavailable when it does not come."""
        self._connection.ready(timeout_s)

    @property
    def changed(self) -> int:
        """Counts what the database has told."""
        return self._connection.changed

    def wait(self, timeout_s: float) -> bool:
        """Block until something changed since the last look; False when time is up."""
        return self._connection.wait_beyond(self._looked, timeout_s)

    def nb_cfg(self) -> int:
        """The newest configuration number that ovn-northd has brought to the Southbound database."""
        with self._connection.reading() as replica:
            rows = replica.tables["SB_Global"].values()
            return max((_integer(row["nb_cfg"]) or 0 for row in rows), default=0)

    def chassis(self) -> Mapping[str, ChassisSeen]:
        """The hosts by name. One without a Chassis row is not among them, whatever it once acknowledged."""
        with self._connection.reading() as replica:
            self._looked = self._connection.changed
            acknowledged = {str(row["name"]): row for row in replica.tables["Chassis_Private"].values()}
            hosts = [_chassis(replica, row, acknowledged) for row in replica.tables["Chassis"].values()]
            return {host.name: host for host in hosts}

    def bindings(self) -> Mapping[str, BindingSeen]:
        """The ports by name; only rows that changed since the last call are converted again."""
        with self._connection.reading() as replica:
            self._looked = self._connection.changed
            self._refresh(replica)
            return dict(self._bindings)

    def changed_bindings(self) -> Mapping[str, BindingSeen | None]:
        """The ports that changed since this was last asked, the first time all; None for those that went."""
        with self._connection.reading() as replica:
            self._looked = self._connection.changed
            self._refresh(replica)
            changed, self._changed = self._changed, set()
            return {name: self._bindings.get(name) for name in changed}

    def _refresh(self, replica: Replica) -> None:
        rows = replica.tables["Port_Binding"]
        touched = {identity for table, identity in replica.touched if table == "Port_Binding"}
        if replica is not self._seen or any(table == "Chassis" for table, _ in replica.touched):
            self._seen, touched = replica, {*rows, *self._rows}
        replica.touched.clear()
        for gone in [self._rows.pop(identity) for identity in touched if identity in self._rows]:
            self._bindings.pop(gone.port, None)
            self._changed.add(gone.port)
        for identity in touched & rows.keys():
            found = self._rows[identity] = _binding(replica, rows[identity])
            self._bindings[found.port] = found
            self._changed.add(found.port)


def _chassis(replica: Replica, row: RawRow, acknowledged: Mapping[str, RawRow]) -> ChassisSeen:
    name, encaps = str(row["name"]), replica.tables["Encap"]
    held = (item for item in as_set(row["encaps"]) if isinstance(item, Uuid) and item in encaps)
    private: RawRow = acknowledged.get(name, {})
    return ChassisSeen(
        name,
        _integer(private.get("nb_cfg")),
        _time(private.get("nb_cfg_timestamp")),
        str(row["hostname"]),
        frozenset(str(encaps[item]["ip"]) for item in held),
    )


def _binding(replica: Replica, row: RawRow) -> BindingSeen:
    """An optional column is a lone atom when it has a value. OVN before 20.12 has no `up`."""
    claimed = row["chassis"]
    chassis = replica.tables["Chassis"].get(claimed) if isinstance(claimed, Uuid) else None
    name = str(chassis["name"]) if chassis is not None else None
    return BindingSeen(str(row["logical_port"]), name, True in as_set(row.get("up", frozenset())))


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _time(value: object) -> datetime | None:
    """Milliseconds since 1970; 0 while nothing was acknowledged (ovn-sb(5), Chassis_Private)."""
    return datetime.fromtimestamp(value / 1000, UTC) if isinstance(value, int) and value > 0 else None
