"""Values on the wire and in Python, and what a monitor's updates make of them."""

import pytest

from weft.ovsdb.errors import OvsdbError, checked
from weft.ovsdb.framing import Splitter
from weft.ovsdb.replica import Replica, shapes_of
from weft.ovsdb.values import Uuid, Value, decode, encode

VALUES: list[Value] = [
    1, True, "x", Uuid("u"), frozenset(), frozenset({"a", "b"}), frozenset({Uuid("u")}), {"k": "v"}, {},
]  # fmt: skip

SCHEMA = {
    "tables": {
        "T": {
            "columns": {
                "name": {"type": "string"},
                "many": {"type": {"key": "string", "min": 0, "max": "unlimited"}},
                "maybe": {"type": {"key": "string", "min": 0, "max": 1}},
                "pairs": {"type": {"key": "string", "value": "string", "min": 0, "max": "unlimited"}},
            }
        }
    }
}


@pytest.mark.parametrize("value", VALUES)
def test_a_value_comes_back_from_the_wire_as_it_went(value: Value) -> None:
    assert decode(encode(value)) == value


def test_an_optional_column_without_a_value_is_the_empty_set() -> None:
    assert encode(None) == ["set", []]


def test_a_modification_of_a_set_that_held_one_element_toggles_elements() -> None:
    replica = Replica(shapes_of(SCHEMA, {"T": ["name", "many", "maybe", "pairs"]}))
    replica.apply(
        {"T": {"u": {"initial": {"name": "n", "many": "a", "maybe": ["set", []], "pairs": ["map", []]}}}}
    )

    replica.apply({"T": {"u": {"modify": {"many": ["set", ["a", "b"]], "maybe": "x"}}}})

    row = replica.tables["T"][Uuid("u")]
    assert (row["many"], row["maybe"], row["name"]) == (frozenset({"b"}), "x", "n")


def test_a_commit_error_behind_the_results_is_raised() -> None:
    with pytest.raises(OvsdbError, match="constraint violation"):
        checked([{"op": "comment"}], [{}, {"error": "constraint violation"}])


def test_a_message_beyond_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than 8"):
        Splitter(8).feed(b'{"a": "endless')
