"""What a plan does to a real Northbound database."""

import pytest
from hypothesis import HealthCheck, given, settings
from tests.functional.northbound.conftest import Server
from tests.support.rows import row_sets

from weft.model.ids import Revision
from weft.ovn.northbound import Northbound, operations_for
from weft.ovn.plan import diff
from weft.ovn.rows import Key, LogicalSwitch, LogicalSwitchPort, PortGroup, Rows, by_key
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


def test_the_revision_and_the_configuration_number_are_written_with_the_rows(northbound: Northbound) -> None:
    first = put(northbound, a_switch(), revision=7)

    assert northbound.position() == (7, first)
    assert put(northbound, {}, revision=8) == first + 1


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
    northbound._connection.wait_beyond(northbound._connection.changed, 1)

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
    assert second._connection.wait_for(lambda: second._connection.holds_lock, 10)
    put(second, a_switch())
    second.close()
