"""A small client for OVSDB (RFC 7047): one connection, transactions, and a replica of what is monitored."""

from weft.ovsdb.connection import Connection
from weft.ovsdb.errors import OvsdbError, OvsdbUnavailable
from weft.ovsdb.values import NamedUuid, Uuid, Value, as_map, as_set, decode, encode

__all__ = [
    "Connection",
    "NamedUuid",
    "OvsdbError",
    "OvsdbUnavailable",
    "Uuid",
    "Value",
    "as_map",
    "as_set",
    "decode",
    "encode",
]
