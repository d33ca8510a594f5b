"""Open vSwitch's database on this host: what it says, and the few settings of it that are Weft's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from weft.host.facts import Bridge, Interface, SslFiles, Switch
from weft.model.errors import WeftError
from weft.ovsdb import (
    Connection,
    NamedUuid,
    OvsdbError,
    OvsdbUnavailable,
    Uuid,
    as_map,
    as_set,
    encode,
)

DATABASE = "unix:/run/openvswitch/db.sock"
_TABLES = {
    "Open_vSwitch": ["bridges", "external_ids", "other_config", "ovs_version", "ssl"],
    "SSL": ["private_key", "certificate", "ca_cert"],
    "Bridge": ["name", "datapath_type", "fail_mode", "ports", "external_ids", "controller"],
    "Port": ["name", "interfaces"],
    "Interface": ["name", "type", "external_ids", "options", "error"],
}

_Rows = Mapping[str, Mapping[Uuid, Mapping[str, Any]]]


class SwitchFailed(WeftError):
    """Open vSwitch's database did not answer, or did not do as asked."""

    code = "switch_failed"


class SwitchDatabase:
    """A session with Open vSwitch's database. Every change is one transaction, and idempotent.

    Everything raises SwitchFailed.
    """

    def __init__(self, connection: Connection) -> None:
        """`connection` is to a database `Open_vSwitch`."""
        self._connection = connection

    @classmethod
    def open(cls, remote: str = DATABASE, *, timeout_s: float = 5.0) -> "SwitchDatabase":
        """Connect."""
        connection = Connection(remote, "Open_vSwitch", _TABLES)
        try:
            connection.ready(timeout_s)
        except OvsdbUnavailable as error:
            connection.close()
            raise SwitchFailed(
                f"Open vSwitch does not answer ({error}); start it, and repeat this"
            ) from error
        return cls(connection)

    def __enter__(self) -> "SwitchDatabase":
        """The session, ended with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the session."""
        self._connection.close()

    def read(self) -> Switch:
        """What there is."""
        with self._reading() as tables:
            return _switch(tables)

    def set_ids(self, values: Mapping[str, str | None]) -> None:
        """Set external_ids of Open vSwitch as a whole; None removes a key."""
        kept = {key: value for key, value in values.items() if value is not None}
        self._mutate(
            ["external_ids", "delete", ["set", sorted(values)]],
            ["external_ids", "insert", encode(kept)],
        )

    def set_other_config(self, values: Mapping[str, str | None]) -> None:
        """The same for other_config."""
        kept = {key: value for key, value in values.items() if value is not None}
        self._mutate(
            ["other_config", "delete", ["set", sorted(values)]],
            ["other_config", "insert", encode(kept)],
        )

    def set_ssl(self, files: SslFiles | None) -> None:
        """Which key and certificates Open vSwitch and ovn-controller use."""
        operations: list[dict[str, object]] = []
        if files is not None:
            row = {
                "private_key": files.private_key,
                "certificate": files.certificate,
                "ca_cert": files.ca_cert,
            }
            operations.append({"op": "insert", "table": "SSL", "uuid-name": "files", "row": row})
        used = encode(set() if files is None else {NamedUuid("files")})
        operations.append({"op": "update", "table": "Open_vSwitch", "where": [], "row": {"ssl": used}})
        self._transact(operations)

    def add_bridge(self, name: str, columns: Mapping[str, str]) -> None:
        """Make an empty bridge, if there is none of that name, with those columns that say something."""
        if self.read().bridge(name) is not None:
            return
        port = {"name": name, "interfaces": encode(NamedUuid("interface"))}
        said = {column: value for column, value in columns.items() if value}
        bridge = {"name": name, "ports": encode(NamedUuid("port")), **said}
        interface = {"name": name, "type": "internal"}
        added: list[object] = ["bridges", "insert", encode({NamedUuid("bridge")})]
        self._transact(
            [
                {"op": "insert", "table": "Interface", "uuid-name": "interface", "row": interface},
                {"op": "insert", "table": "Port", "uuid-name": "port", "row": port},
                {"op": "insert", "table": "Bridge", "uuid-name": "bridge", "row": bridge},
                {"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [added]},
            ]
        )

    def delete_bridge(self, name: str) -> None:
        """Delete a bridge with its ports, if it is there."""
        with self._reading() as tables:
            found = [identity for identity, row in tables["Bridge"].items() if row["name"] == name]
        if found:
            self._mutate(["bridges", "delete", encode(set(found))])
            self._connection.wait_for(lambda: self.read().bridge(name) is None, 5)

    def _mutate(self, *mutations: list[object]) -> None:
        self._transact([{"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": list(mutations)}])

    def _transact(self, operations: list[dict[str, object]]) -> None:
        try:
            self._connection.transact(operations)
        except (OvsdbError, OvsdbUnavailable) as error:
            raise SwitchFailed(f"Open vSwitch did not take a change ({error}); repeat this") from error

    @contextmanager
    def _reading(self) -> Iterator[_Rows]:
        try:
            with self._connection.reading() as replica:
                yield replica.tables
        except OvsdbUnavailable as error:
            raise SwitchFailed(f"Open vSwitch went away ({error}); repeat this") from error


def _switch(tables: _Rows) -> Switch:
    row = next(iter(tables["Open_vSwitch"].values()))
    bridges = [_bridge(tables, tables["Bridge"][Uuid(str(each))]) for each in as_set(row["bridges"])]
    files = [tables["SSL"][Uuid(str(each))] for each in as_set(row["ssl"])]
    return Switch(
        version="".join(map(str, as_set(row["ovs_version"]))),
        external_ids=as_map(row["external_ids"]),
        other_config=as_map(row["other_config"]),
        ssl=SslFiles(*(str(files[0][column]) for column in _TABLES["SSL"])) if files else None,
        bridges=tuple(sorted(bridges, key=lambda bridge: bridge.name)),
    )


def _bridge(tables: _Rows, row: Mapping[str, Any]) -> Bridge:
    found = [
        tables["Interface"][Uuid(str(each))]
        for port in as_set(row["ports"])
        for each in as_set(tables["Port"][Uuid(str(port))]["interfaces"])
    ]
    interfaces = [
        Interface(
            name=str(each["name"]),
            type=str(each["type"]),
            external_ids=as_map(each["external_ids"]),
            options=as_map(each["options"]),
            error="".join(map(str, as_set(each["error"]))),
        )
        for each in found
    ]
    return Bridge(
        name=str(row["name"]),
        datapath_type=str(row["datapath_type"]),
        fail_mode="".join(map(str, as_set(row["fail_mode"]))),
        interfaces=tuple(sorted(interfaces, key=lambda interface: interface.name)),
        external_ids=as_map(row["external_ids"]),
        has_controller=bool(as_set(row["controller"])),
    )
