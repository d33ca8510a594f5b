"""The Southbound database, as observations: which hosts are there, and what they have claimed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weft.ovsdb import Connection, Uuid
from weft.ovsdb.replica import Replica


@dataclass(frozen=True, slots=True)
class ChassisSeen:
    """A host that OVN knows. `nb_cfg` is the last one that its switch has acknowledged, None if unknown."""

    name: str
    nb_cfg: int | None


@dataclass(frozen=True, slots=True)
class BindingSeen:
    """A port that OVN knows; `chassis` names the host that claimed it."""

    port: str
    chassis: str | None
    up: bool


class Southbound:
    """A session with the Southbound database; it only looks."""

    def __init__(self, remote: str) -> None:
        """Connects in the background; see `weft.ovsdb.Connection` for `remote`."""
        self._connection = Connection(
            remote,
            "OVN_Southbound",
            {
                "Chassis": ["name"],
                "Chassis_Private": ["name", "nb_cfg"],
                "Port_Binding": ["logical_port", "chassis", "up"],
            },
        )
        self._looked = 0

    def close(self) -> None:
        """End the session."""
        self._connection.close()

    def chassis(self) -> Mapping[str, ChassisSeen]:
        """The hosts by name. One without a Chassis row is not among them, whatever it once acknowledged."""
        with self._connection.reading() as replica:
            private = {
                str(row["name"]): _integer(row["nb_cfg"])
                for row in replica.tables["Chassis_Private"].values()
            }
            names = [str(row["name"]) for row in replica.tables["Chassis"].values()]
            return {name: ChassisSeen(name, private.get(name)) for name in names}

    def bindings(self) -> Mapping[str, BindingSeen]:
        """The ports by name."""
        with self._connection.reading() as replica:
            self._looked = self._connection.changed
            return {
                str(row["logical_port"]): _binding(replica, row)
                for row in replica.tables["Port_Binding"].values()
            }

    def wait(self, timeout_s: float) -> bool:
        """Block until something changed since the last look; False when time is up."""
        return self._connection.wait_beyond(self._looked, timeout_s)


def _binding(replica: Replica, row: Mapping[str, Any]) -> BindingSeen:
    claimed, up = row["chassis"], row["up"]
    chassis = replica.tables["Chassis"].get(claimed) if isinstance(claimed, Uuid) else None
    return BindingSeen(
        str(row["logical_port"]),
        str(chassis["name"]) if chassis is not None else None,
        up is True or up == frozenset((True,)),
    )


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) else None
