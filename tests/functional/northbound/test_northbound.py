"""What a plan does to a real Northbound database."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.fakes.northbound import FakeNorthbound
from tests.functional.northbound.conftest import SCHEMA, Server
from tests.support.rows import row_sets

from weft.model.ids import Revision
from weft.ovn.northbound import Northbound, operations_for
from weft.ovn.plan import Plan, diff
from weft.ovn.rows import (
    Key,
    LogicalSwitch,
    LogicalSwitchPort,
    Meter,
    MeterBand,
    PortGroup,
    Row,
    Rows,
    by_key,
)
from weft.ovsdb import OvsdbUnavailable, Uuid


def a_switch(ports: int = 2) -> Rows:
    keys = [Key(f"port:{n}") for n in range(ports)]
    return by_key(
        [
            *(
                LogicalSwitchPort(key=key, name=key, addresses=frozenset({f"02:00:00:00:00:{n:02x}"}))
                for n, key in enumerate(keys[:250])
            ),
            *(LogicalSwitchPort(key=key, name=key) for key in keys[250:]),
            LogicalSwitch(key=Key("switch:s"), name="weft-s", ports=frozenset(keys)),
            PortGroup(key=Key("group:g"), name="weft_g", ports=frozenset(keys)),
        ]
    )


def put(northbound: Northbound, desired: Rows, revision: int = 1) -> int:
    return northbound.apply(diff(desired, northbound.read()), Revision(revision))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(desired=row_sets())
def test_a_plan_makes_the_database_as_desired_and_a_second_pass_finds_nothing_to_do(
    northbound: Northbound, desired: Rows
) -> None:
    put(northbound, desired)

    assert northbound.read() == desired
    assert diff(desired, northbound.read()).is_empty


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(desired=row_sets())
def test_a_look_tells_of_every_row_that_moved(northbound: Northbound, desired: Rows) -> None:
    mirror = dict(northbound.read())
    put(northbound, desired)

    seen = northbound.look({})

    for key in seen.moved:
        mirror.pop(key, None)
        if key in seen.rows:
            mirror[key] = seen.rows[key]
    assert mirror == desired


def test_what_is_as_desired_is_held_once(northbound: Northbound) -> None:
    desired = a_switch()
    changed = {**desired, Key("port:0"): LogicalSwitchPort(key=Key("port:0"), name="port:0")}
    put(northbound, changed)

    seen = northbound.look(desired).rows

    assert {key for key in desired if seen[key] is desired[key]} == desired.keys() - {"port:0"}
    assert seen == changed


def test_a_second_look_tells_of_nothing(northbound: Northbound) -> None:
    put(northbound, a_switch())
    northbound.look({})

    assert not northbound.look({}).moved


def test_the_revision_and_the_configuration_number_are_written_with_the_rows(northbound: Northbound) -> None:
    first = put(northbound, a_switch(), revision=7)

    assert northbound.position() == (7, first)
    assert put(northbound, {}, revision=8) == first + 1


def test_a_bump_by_somebody_else_does_not_pay_what_is_owed(northbound: Northbound, server: Server) -> None:
    covering = northbound.apply(diff(a_switch(), northbound.read()), Revision(1), bump=False)
    seen = northbound.changed
    server.nbctl("set", "NB_Global", ".", f"nb_cfg={covering}")
    assert northbound.wait(seen, 10)

    assert northbound.owes_bump
    assert northbound.bump() == covering + 1


def test_a_row_that_is_not_ours_survives(northbound: Northbound, server: Server) -> None:
    server.nbctl("ls-add", "foreign", "--", "lsp-add", "foreign", "stranger")
    put(northbound, a_switch())

    put(northbound, {})

    assert northbound.read() == {}
    assert "stranger" in server.nbctl("lsp-list", "foreign")


def test_drift_is_seen_and_repaired(northbound: Northbound, server: Server) -> None:
    put(northbound, a_switch())
    server.nbctl("lsp-del", "port:0", "--", "lsp-set-addresses", "port:1", "02:00:00:00:00:99")
    server.nbctl("lsp-add", "weft-s", "intruder", "--", "pg-set-ports", "weft_g", "intruder")
    northbound.wait(northbound.changed, 1)

    put(northbound, a_switch())

    assert northbound.read() == a_switch()
    assert "intruder" not in server.nbctl("list", "Port_Group")


def test_one_more_port_in_a_group_of_a_thousand_is_one_element_on_the_wire() -> None:
    thousand = a_switch(1000)
    group = thousand[Key("group:g")]
    assert isinstance(group, PortGroup)
    without = {
        **thousand,
        group.key: PortGroup(key=group.key, name=group.name, ports=group.ports - {Key("port:7")}),
    }
    uuids = {key: Uuid(f"uuid-of-{key}") for key in thousand}
    known = {"Port_Group": {"name", "ports", "acls"}}

    operations = operations_for(diff(thousand, without), uuids, known)

    assert [o["mutations"] for o in operations] == [
        [["ports", "insert", ["set", [["uuid", "uuid-of-port:7"]]]]]
    ]


def test_the_database_is_read_anew_after_its_server_was_killed(
    northbound: Northbound, server: Server
) -> None:
    put(northbound, a_switch())
    server.kill()
    assert northbound._connection.wait_for(lambda: not northbound._connection.complete, 10)
    with pytest.raises(OvsdbUnavailable):
        northbound.read()

    server.start()
    northbound.ready(10)

    assert northbound.read() == a_switch()
    put(northbound, {})
    assert northbound.read() == {}


def test_only_one_writer_at_a_time(northbound: Northbound, server: Server) -> None:
    second = Northbound(server.remote)
    second.ready(10)

    with pytest.raises(OvsdbUnavailable, match="another server"):
        put(second, a_switch())

    northbound.close()
    assert second.wait_for_lock(10)
    put(second, a_switch())
    second.close()


def marked(key: str) -> object:
    return ["map", [["weft:key", key]]]


def test_a_second_row_with_our_key_goes_and_the_first_takes_no_harm(
    northbound: Northbound, server: Server
) -> None:
    put(northbound, a_switch())
    row = {"name": "copy", "external_ids": marked("switch:s")}
    seen = northbound.changed
    server.transact(*2 * [{"op": "insert", "table": "Logical_Switch", "row": row}])
    assert northbound.wait(seen, 10)

    assert len(northbound.read()) == len(a_switch()) + 2
    put(northbound, a_switch())

    assert northbound.read() == a_switch()
    assert "copy" not in server.nbctl("ls-list")


def test_a_duplicate_takes_the_place_of_the_row_it_copied(northbound: Northbound, server: Server) -> None:
    put(northbound, a_switch())
    row = {"name": "copy", "external_ids": marked("group:g")}
    seen = northbound.changed
    server.transact({"op": "insert", "table": "Port_Group", "row": row})
    assert northbound.wait(seen, 10)
    northbound.read()
    seen = northbound.changed
    server.nbctl("pg-del", "weft_g")
    assert northbound.wait(seen, 10)

    put(northbound, a_switch())

    assert northbound.read() == a_switch()


def test_a_row_that_lost_its_mark_is_a_stranger_and_ours_is_made_again(
    northbound: Northbound, server: Server
) -> None:
    put(northbound, a_switch())
    seen = northbound.changed
    unmark = ["clear", "Port_Group", "weft_g", "external_ids"]
    server.nbctl(*unmark, "--", "set", "Port_Group", "weft_g", "name=stranger")
    assert northbound.wait(seen, 10)

    put(northbound, a_switch())

    assert northbound.read() == a_switch()
    assert "stranger" in server.nbctl("list", "Port_Group")


def test_ports_vanish_with_a_switch_that_was_deleted_behind_our_back_and_come_back(
    northbound: Northbound, server: Server
) -> None:
    put(northbound, a_switch())
    seen = northbound.changed
    server.nbctl("ls-del", "weft-s")
    assert northbound.wait(seen, 10)
    assert set(northbound.read()) == {"group:g"}

    put(northbound, a_switch())

    assert northbound.read() == a_switch()


@pytest.mark.parametrize("kind", ["real", "fake"])
def test_the_fake_keeps_the_contract_of_the_real_one(kind: str, northbound: Northbound) -> None:
    one: Northbound | FakeNorthbound = northbound if kind == "real" else FakeNorthbound()

    first = one.apply(diff(a_switch(3), one.read()), Revision(4))
    assert one.read() == a_switch(3)
    assert one.position() == (4, first)

    assert one.apply(diff(a_switch(2), one.read()), Revision(5)) == first + 1
    assert one.read() == a_switch(2)

    stray = LogicalSwitchPort(key=Key("port:stray"), name="stray")
    one.apply(Plan(insert=(stray,)), Revision(6))
    assert one.read() == a_switch(2)
    assert one.position() == (6, first + 2)

    assert one.apply(Plan(), Revision(7), bump=False) == first + 3
    assert (one.position(), one.owes_bump) == ((7, first + 3), True)
    assert one.bump() == first + 3
    assert (one.position(), one.owes_bump) == ((7, first + 3), False)


def metered() -> Rows:
    band = MeterBand(key=Key("band:m"), action="drop", rate=100)
    meter = Meter(key=Key("meter:m"), name="m", unit="pktps", bands=frozenset({band.key}), fair=True)
    return {**a_switch(3), **by_key([band, meter])}


def test_our_decoding_agrees_with_the_reference_client(northbound: Northbound, server: Server) -> None:
    reference = pytest.importorskip("ovs.db.idl")
    put(northbound, metered())
    tables = {row.table for row in metered().values()}
    helper = reference.SchemaHelper(SCHEMA)
    for table in tables:
        helper.register_table(table)
    idl = reference.Idl(server.remote, helper)
    while not idl.tables["Meter"].rows:
        idl.run()
    theirs = {
        row.external_ids["weft:key"]: row for table in tables for row in idl.tables[table].rows.values()
    }
    keys = {row.uuid: key for key, row in theirs.items()}

    ours = northbound.read()
    seen = {
        key: type(row)(key=key, **{name: plain(row, name, theirs[key], keys) for name in columns(row)})
        for key, row in ours.items()
    }
    idl.close()

    assert seen == ours
    assert theirs.keys() == ours.keys()


def columns(row: Row) -> list[str]:
    return [column.name for column in fields(row) if column.name != "key"]


def plain(ours: Row, name: str, theirs: object, keys: dict[object, str]) -> Any:  # noqa: ANN401 - any column
    """A value of the reference client in our terms; it gives every set as a list, and rows as objects."""
    value = getattr(theirs, name)
    if not isinstance(value, list):
        return value
    items = frozenset(keys.get(getattr(item, "uuid", None), item) for item in value)
    return items if isinstance(getattr(ours, name), frozenset) else next(iter(items), None)
