"""Column values: OVSDB's JSON notation (RFC 7047, section 5.1) and plain Python.

A set is a frozenset (a lone atom stands for a set of one), a map a dict, a row's identity a `Uuid`.
"""

from collections.abc import Mapping
from typing import cast


class Uuid(str):
    """The identity of a row; a string of its own kind, so that it is never mistaken for text."""

    __slots__ = ()


class NamedUuid(str):
    """A row that the same transaction inserts, by the `uuid-name` it gives it."""

    __slots__ = ()


Atom = str | int | float | bool
Value = Atom | frozenset[Atom] | dict[Atom, Atom]


def decode(json: object) -> Value:
    """The Python value of a column's JSON. A set of one and a lone atom look alike on the wire."""
    if isinstance(json, list):
        tag, content = json
        if tag == "uuid":
            return Uuid(content)
        if tag == "set":
            return frozenset(_atom(item) for item in content)
        if tag == "map":
            return {_atom(key): _atom(value) for key, value in content}
        raise ValueError(f"not an OVSDB value: {json!r}")
    return cast(Atom, json)


def _atom(json: object) -> Atom:
    return Uuid(json[1]) if isinstance(json, list) else cast(Atom, json)


def encode(value: object) -> object:
    """The JSON of a Python value; None is the empty set of an optional column."""
    if value is None:
        return ["set", []]
    if isinstance(value, Uuid):
        return ["uuid", str(value)]
    if isinstance(value, NamedUuid):
        return ["named-uuid", str(value)]
    if isinstance(value, Mapping):
        return ["map", [[encode(k), encode(v)] for k, v in sorted(value.items())]]
    if isinstance(value, frozenset | set | list | tuple):
        return ["set", [encode(item) for item in sorted(value)]]
    return value


def as_set(value: Value) -> frozenset[Atom]:
    """`value` of a set column, whether the wire carried a set or a lone atom."""
    if isinstance(value, frozenset):
        return value
    if isinstance(value, dict):
        raise TypeError("a map is not a set")
    return frozenset((value,))


def as_map(value: Value) -> dict[str, str]:
    """`value` of a map of strings; an empty set stands for an empty map."""
    return cast(dict[str, str], value) if isinstance(value, dict) else {}
