"""Pairs of patch ports in Open vSwitch: a VLAN of a physical network's bridge as a port of br-int.

The end on the physical bridge is an access port of the VLAN: untagged inside, tagged on the wire. The other
end has the `iface-id` of the machine's port, so that OVN treats it as it does every interface of a workload.
The rows live in the switch's own database: they outlast the agent, and a boot.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weft.ovsdb import Connection, NamedUuid, Uuid, as_map, as_set, encode

MACHINE = "weft:machine"
"""The mark of both ends; its value is the port's id."""
_SEEN_S = 2.0
"""For how long the replica may lag behind a transaction that is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A VLAN of `bridge` as the port `port_id` of the integration bridge."""

    port_id: str
    bridge: str
    vlan: int

    @property
    def inside(self) -> str:
        """The name of the end on the integration bridge."""
        return f"weft-{self.port_id}-in"

    @property
    def outside(self) -> str:
        """The name of the end on the physical bridge."""
        return f"weft-{self.port_id}-out"


def standing(connection: Connection, integration: str) -> Mapping[str, Patch | None]:
    """What stands, by port id; None for what is not whole. Raises OvsdbUnavailable."""
    with connection.reading() as replica:
        ends = {end.name: end for end in _ends(replica.tables)}
    return {end.port_id: _whole(ends, end.port_id, integration) for end in ends.values()}


def make(connection: Connection, patch: Patch, integration: str) -> None:
    """Make the pair in one transaction, in place of what there is of it.

    Both bridges are there. Raises OvsdbError, OvsdbUnavailable.
    """
    with connection.reading() as replica:
        bridges = {str(row["name"]): key for key, row in replica.tables["Bridge"].items()}
        gone = _without(replica.tables, patch.port_id)
    ids = {MACHINE: patch.port_id}
    inside = _insert(
        bridges[integration], "inside", patch.inside, patch.outside, {**ids, "iface-id": patch.port_id}
    )
    outside = _insert(bridges[patch.bridge], "outside", patch.outside, patch.inside, ids, tag=patch.vlan)
    connection.transact([*gone, *inside, *outside])
    connection.wait_for(lambda: standing(connection, integration).get(patch.port_id) == patch, _SEEN_S)


def remove(connection: Connection, port_id: str) -> None:
    """Remove what there is of the pair. Idempotent. Raises OvsdbError, OvsdbUnavailable."""
    with connection.reading() as replica:
        gone = _without(replica.tables, port_id)
    if gone:
        connection.transact(gone)
        connection.wait_for(lambda: port_id not in standing(connection, ""), _SEEN_S)


_Tables = Mapping[str, Mapping[Uuid, dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """One end as it is found; what is missing is empty."""

    name: str
    port_id: str
    peer: str
    iface_id: str
    bridge: str
    vlan: int | None


def _mark(row: Mapping[str, Any]) -> str:
    return as_map(row["external_ids"]).get(MACHINE, "")


def _whole(ends: Mapping[str, _End], port_id: str, integration: str) -> Patch | None:
    """The pair as it stands, if both ends are as `make` makes them."""
    names = Patch(port_id=port_id, bridge="", vlan=0)
    inside, outside = ends.get(names.inside), ends.get(names.outside)
    if inside is None or outside is None:
        return None
    joined = (inside.peer, outside.peer) == (names.outside, names.inside)
    if not joined or inside.bridge != integration or inside.iface_id != port_id or outside.vlan is None:
        return None
    return Patch(port_id=port_id, bridge=outside.bridge, vlan=outside.vlan)


def _ends(tables: _Tables) -> Iterator[_End]:
    """What is marked as ours, and where it is."""
    rows = [(row, mark) for row in tables["Interface"].values() if (mark := _mark(row))]
    if not rows:
        return
    ports = {str(row["name"]): (key, row) for key, row in tables["Port"].items()}
    bridges = {
        str(port): str(row["name"]) for row in tables["Bridge"].values() for port in as_set(row["ports"])
    }
    for row, mark in rows:
        name = str(row["name"])
        key, port = ports.get(name, (None, {"tag": frozenset()}))
        yield _End(
            name=name,
            port_id=mark,
            peer=as_map(row["options"]).get("peer", "") if row["type"] == "patch" else "",
            iface_id=as_map(row["external_ids"]).get("iface-id", ""),
            bridge=bridges.get(str(key), ""),
            vlan=next((int(str(tag)) for tag in as_set(port["tag"])), None),
        )


def _without(tables: _Tables, port_id: str) -> Sequence[dict[str, object]]:
    """Ports go from their bridges, and from the database with that (vswitchd.conf.db(5): not root rows)."""
    patch = Patch(port_id=port_id, bridge="", vlan=0)
    ends = {key for key, row in tables["Port"].items() if row["name"] in (patch.inside, patch.outside)}
    return [
        _mutate(bridge, "delete", [encode(key)])
        for bridge, row in tables["Bridge"].items()
        for key in ends
        if str(key) in {str(one) for one in as_set(row["ports"])}
    ]


def _insert(
    bridge: Uuid, word: str, name: str, peer: str, ids: Mapping[str, str], tag: int | None = None
) -> Sequence[dict[str, object]]:
    interface = {
        "name": name,
        "type": "patch",
        "options": encode({"peer": peer}),
        "external_ids": encode(dict(ids)),
    }
    port: dict[str, object] = {"name": name, "interfaces": encode(NamedUuid(f"{word}_interface"))}
    if tag is not None:
        port.update(tag=tag, vlan_mode="access")
    return [
        {"op": "insert", "table": "Interface", "uuid-name": f"{word}_interface", "row": interface},
        {"op": "insert", "table": "Port", "uuid-name": f"{word}_port", "row": port},
        _mutate(bridge, "insert", [encode(NamedUuid(f"{word}_port"))]),
    ]


def _mutate(bridge: Uuid, how: str, ports: Sequence[object]) -> dict[str, object]:
    where = [["_uuid", "==", encode(bridge)]]
    return {
        "op": "mutate",
        "table": "Bridge",
        "where": where,
        "mutations": [["ports", how, ["set", [*ports]]]],
    }
