"""Which of our ACLs a flow of a switch was made of, by its cookie.

The cookie is the first 32 bits of the logical flow's id, and the logical flow's `stage-hint` the first 32
bits of the ACL's id (ovn-sb(5), Logical_Flow). Two that share their beginning cannot be told apart; of
20,000 there is such a pair once in twenty times. Both are left out then: a wrong count is worse than none.
"""

import ssl
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence

from weft.ovn.northbound import MARK
from weft.ovn.rows import Key
from weft.ovsdb import Connection, Uuid, decode
from weft.ovsdb.values import as_map

_STAGES = tuple(
    f"ls_{stage}" for stage in ("in_acl", "in_acl_after_lb", "out_acl", "in_acl_eval", "out_acl_eval")
)
"""Where ACLs are judged, up to OVN 23.03 and since 23.06 (ovn-northd(8)); `after_lb` is for some of them."""
_MOST_KNOWN = 200_000
_READ_S = 60.0

Named = tuple[int, Mapping[str, str]]
"""The first 32 bits of a row's id, and its `external_ids`."""


class AclCookies:
    """Knows the ACLs by the cookies of their flows. From any thread.

    The databases are read, in one go each, when a cookie is asked for that was never asked for. What is known
    of a cookie stays true: ids are not given again.
    """

    def __init__(
        self, northbound: str, southbound: str, *, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        """Connects in the background; see `weft.ovsdb.Connection` for the remotes."""
        self._northbound = Connection(northbound, "OVN_Northbound", ssl_context=ssl_context)
        self._southbound = Connection(southbound, "OVN_Southbound", ssl_context=ssl_context)
        self._reading = threading.Lock()
        self._keys: dict[int, Key] = {}
        self._others: set[int] = set()

    def close(self) -> None:
        """End both sessions."""
        self._northbound.close()
        self._southbound.close()

    def __call__(self, cookies: Collection[int]) -> Mapping[int, Key]:
        """The keys of the ACLs; cookies of other flows are left out. Raises OvsdbUnavailable."""
        with self._reading:
            new = {cookie for cookie in cookies if cookie not in self._keys and cookie not in self._others}
            if new:
                self._learn(new)
            return {cookie: self._keys[cookie] for cookie in cookies if cookie in self._keys}

    def _learn(self, new: set[int]) -> None:
        made = [
            {
                "op": "select",
                "table": "Logical_Flow",
                "where": [["external_ids", "includes", ["map", [["stage-name", stage]]]]],
                "columns": ["_uuid", "external_ids"],
            }
            for stage in _STAGES
        ]
        acls = [{"op": "select", "table": "ACL", "where": [], "columns": ["_uuid", "external_ids"]}]
        found = keys_of(_named(self._southbound, made), _named(self._northbound, acls))
        for known in (self._keys, self._others):
            if len(known) > _MOST_KNOWN:
                known.clear()
        self._keys.update(found)  # a report about a flow that went a moment ago is still understood
        self._others |= new - self._keys.keys()


def keys_of(flows: Iterable[Named], acls: Iterable[Named]) -> dict[int, Key]:
    """By cookie the key of our ACL that the logical flow was made of; none where it is not certain."""
    marked: dict[int, Key | None] = {}
    for hint, ids in acls:
        marked[hint] = None if hint in marked or MARK not in ids else Key(ids[MARK])
    found: dict[int, Key | None] = {}
    for cookie, ids in flows:
        key = marked.get(int(ids["stage-hint"], 16)) if "stage-hint" in ids else None
        found[cookie] = key if cookie not in found or found[cookie] == key else None
    return {cookie: key for cookie, key in found.items() if key is not None}


def _named(connection: Connection, selecting: Sequence[Mapping[str, object]]) -> list[Named]:
    rows = [row for result in connection.transact(selecting, _READ_S) for row in result["rows"]]
    return [(_beginning(decode(row["_uuid"])), as_map(decode(row["external_ids"]))) for row in rows]


def _beginning(identity: object) -> int:
    if not isinstance(identity, Uuid):
        raise TypeError(f"a row's id is no UUID but {identity!r}")
    return int(identity[:8], 16)
