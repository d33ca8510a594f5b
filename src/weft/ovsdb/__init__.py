"""A small client for OVSDB (RFC 7047): one connection, transactions, and a replica of what is monitored."""

from weft.ovsdb.connection import Connection, OvsdbError, OvsdbUnavailable
from weft.ovsdb.values import Uuid, decode, encode

__all__ = ["Connection", "OvsdbError", "OvsdbUnavailable", "Uuid", "decode", "encode"]
