"""What a plan holds, and the operations it becomes."""

from weft.ovn.northbound import operations_for
from weft.ovn.plan import MapChange, SetChange, diff
from weft.ovn.rows import AddressSet, Dns, Key, LogicalSwitch, LogicalSwitchPort, by_key
from weft.ovsdb import Uuid

KNOWN = {"Logical_Switch": {"name", "ports"}, "Logical_Switch_Port": {"name", "options"}}
PORT = LogicalSwitchPort(key=Key("port:p"), name="p")
SWITCH = LogicalSwitch(key=Key("switch:s"), name="s", ports=frozenset({PORT.key}))


def test_a_set_changes_by_the_elements_that_come_and_go() -> None:
    old = AddressSet(key=Key("set:a"), name="a", addresses=frozenset({"10.0.0.1", "10.0.0.2"}))
    new = AddressSet(key=Key("set:a"), name="a", addresses=frozenset({"10.0.0.2", "10.0.0.3"}))

    (change,) = diff(by_key([new]), by_key([old])).update

    assert change.columns == {}
    assert change.sets == {
        "addresses": SetChange(add=frozenset({"10.0.0.3"}), remove=frozenset({"10.0.0.1"}))
    }


def test_names_change_by_the_entries_that_come_and_go() -> None:
    old = Dns(key=Key("dns:n"), records={"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3"})
    new = Dns(key=Key("dns:n"), records={"b": "10.0.0.9", "c": "10.0.0.3", "d": "10.0.0.4"})

    plan = diff(by_key([new]), by_key([old]))
    (operation,) = operations_for(plan, {old.key: Uuid("u")}, {"DNS": {"records"}})

    assert plan.update[0].columns == {}
    assert plan.update[0].maps == {
        "records": MapChange(add={"b": "10.0.0.9", "d": "10.0.0.4"}, remove=frozenset({"a", "b"}))
    }
    assert operation["op"] == "mutate"


def test_our_key_on_a_row_of_another_table_is_deleted_and_made_where_it_belongs() -> None:
    wrong = AddressSet(key=SWITCH.key, name="a")

    plan = diff(by_key([SWITCH]), by_key([wrong]))

    assert (plan.insert, plan.update, plan.delete) == ((SWITCH,), (), (wrong,))
    assert plan.counts == {"inserted": 1, "updated": 0, "deleted": 1}


def test_rows_that_are_made_together_refer_to_each_other_by_name() -> None:
    operations = operations_for(diff(by_key([SWITCH, PORT]), {}), {}, KNOWN)

    port, switch = operations
    assert isinstance(switch["row"], dict)
    assert switch["row"]["ports"] == ["set", [["named-uuid", port["uuid-name"]]]]


def test_a_port_goes_with_its_place_in_the_switch() -> None:
    bare = LogicalSwitch(key=SWITCH.key, name="s")
    uuids = {PORT.key: Uuid("1"), SWITCH.key: Uuid("2")}

    (operation,) = operations_for(diff(by_key([bare]), by_key([SWITCH, PORT])), uuids, KNOWN)

    assert operation["mutations"] == [["ports", "delete", ["set", [["uuid", "1"]]]]]


def test_columns_that_the_connected_schema_lacks_are_left_out() -> None:
    known = {"Logical_Switch_Port": {"name"}}

    (operation,) = operations_for(diff(by_key([PORT]), {}), {}, known)

    assert isinstance(operation["row"], dict)
    assert operation["row"].keys() == {"name", "external_ids"}
