"""Descriptions of the model: read from YAML, declared in a transaction, and written from a snapshot."""

from weft.api.described.declare import declare
from weft.api.described.describe import describe
from weft.api.described.text import Described, read

__all__ = ["Described", "declare", "describe", "read"]
