"""Model objects to JSON and back, derived from their fields' types; each type is studied once."""

import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import NewType, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from weft.model.selector import Selector

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
T = TypeVar("T")
_Decode = Callable[[object], object]

_AS_TEXT = (UUID, IPv4Address, IPv6Address, IPv4Network, IPv6Network)


def to_json(value: object) -> Json:
    """`value` in JSON's types. Sets are sorted, so that equal objects have equal text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, _AS_TEXT):
        return str(value)
    if isinstance(value, Selector | datetime):
        return value.text if isinstance(value, Selector) else value.isoformat()
    if is_dataclass(value):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    return _collection(value)


def _collection(value: object) -> Json:
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return cast("Json", sorted(cast("list[str]", [to_json(item) for item in value])))
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    raise TypeError(f"the model has no {type(value).__name__}")


def from_json(kind: type[T], value: object) -> T:
    """The object of type `kind` that `to_json` turned into `value`."""
    return cast("T", _decoder(cast("Hashable", kind))(value))


@cache
def _decoder(kind: object) -> _Decode:
    while isinstance(kind, NewType):
        kind = kind.__supertype__
    if isinstance(kind, type) and is_dataclass(kind) and kind is not Selector:
        return _dataclass_decoder(kind)
    if get_origin(kind) is None:
        return _scalar(kind)
    return _generic(kind)


def _scalar(kind: object) -> _Decode:
    if isinstance(kind, type) and (issubclass(kind, StrEnum) or kind in (UUID, Selector, IPv4Address)):
        return cast("_Decode", kind)
    if kind in (str, int, bool):
        return lambda value: value
    if kind is datetime:
        return lambda value: datetime.fromisoformat(cast("str", value))
    raise TypeError(f"the model has no {kind}")


def _dataclass_decoder(kind: type) -> _Decode:
    hints = get_type_hints(kind)
    parts = [(f.name, _decoder(hints[f.name])) for f in fields(kind)]

    def decode(value: object) -> object:
        body = cast("Mapping[str, object]", value)
        return kind(**{name: part(body[name]) for name, part in parts if name in body})

    return decode


def _generic(kind: object) -> _Decode:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin is tuple or origin is frozenset:
        make, inner = cast("Callable[[list[object]], object]", origin), _decoder(arguments[0])
        return lambda value: make([inner(item) for item in cast("list[object]", value)])
    return lambda value: dict(cast("Mapping[str, str]", value))


def _union(arguments: tuple[object, ...]) -> _Decode:
    present = [a for a in arguments if a is not type(None)]
    if IPv4Address in present:
        inner: _Decode = cast("_Decode", ip_address)
    elif IPv4Network in present:
        inner = cast("_Decode", ip_network)
    else:
        inner = _decoder(present[0])
    return lambda value: None if value is None else inner(value)
