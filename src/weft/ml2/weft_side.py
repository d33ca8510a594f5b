"""Weft as the worker speaks to it: whole states, removals, and what is held."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from weft.client import Client
from weft.ml2.translate import Wanted

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What Weft holds of ours; `settled` is false when it was changed or removed there since we told it."""

    kind: str
    id: str
    version: int
    digest: str
    settled: bool
    state: str | None


class Weft:
    """The mirror of one cloud. Everything raises ServerUnreachable, or ProblemError with Weft's reason."""

    def __init__(self, client: Client, source: str) -> None:
        """`source` is what our objects are marked with."""
        self._client = client
        self._source = source

    def put(self, wanted: Wanted) -> None:
        """Make an object what it is with us. Idempotent."""
        body = {"version": wanted.version, "digest": wanted.digest, "object": wanted.body}
        self._client.request("PUT", "mirrors", self._source, wanted.kind, wanted.id, body=body)

    def remove(self, kind: str, object_id: str) -> None:
        """Remove an object for good. Idempotent."""
        self._client.request("DELETE", "mirrors", self._source, kind, object_id)

    def held(self, kind: str | None = None) -> Iterator[Held]:
        """All that Weft holds of ours: completely, or an exception."""
        cursor: object = None
        while True:
            query = {"limit": _PAGE, "kind": kind, "cursor": cursor}
            page: Any = self._client.request("GET", "mirrors", self._source, query=query).body
            for mark in page["items"]:
                yield Held(
                    kind=mark["kind"],
                    id=mark["id"],
                    version=mark["version"],
                    digest=mark["digest"],
                    settled=mark["present"] and not mark["changed"],
                    state=mark["state"],
                )
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def hosts(self) -> frozenset[str]:
        """The names of the hosts that have joined."""
        return frozenset(host["name"] for host in self._client.list("hosts"))
