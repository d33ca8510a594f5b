"""What rules and defaults matched, as hosts told it: status, without revisions. Sums over all hosts.

A sum outlives the host that contributed to it, and goes with what it is of.
"""

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from weft.model.ids import HostName, NetworkId, RuleId
from weft.store import tables
from weft.store.database import Store

FRESH = timedelta(seconds=150)
"""A host that was silent for longer may have matched what nobody knows of; it speaks once a minute."""
LARGEST = 2**62
"""No sum grows beyond this: what a host claims must fit the database."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Subject:
    """What is counted: a rule, or what holds on a network where no rule matches."""

    of: RuleId | NetworkId
    what: str = ""
    """Of a network: `default-ingress-drop`, `floor-egress` and so on."""

    @property
    def word(self) -> str:
        """By which the store knows it."""
        return f"{self.of}/{self.what}" if self.what else str(self.of)

    @classmethod
    def parsed(cls, word: str) -> "Subject":
        """The subject that the store knows by `word`."""
        of, _, what = word.partition("/")
        return cls(NetworkId(UUID(of)) if what else RuleId(UUID(of)), what)


@dataclass(frozen=True, slots=True)
class Hits:
    """How much was matched, and when a host last told of more."""

    packets: int
    bytes: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Knowledge:
    """How well hits are known: by all hosts without a gap since `since`, but for the `silent` ones.

    `since` is None as long as any host is silent, or there is none.
    """

    since: datetime | None
    silent: tuple[HostName, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One message of a host's agent; `number` grows within a `run`."""

    host: HostName
    run: str
    number: int


def record(store: Store, report: Report, counted: Mapping[Subject, tuple[int, int]], at: datetime) -> None:
    """Add packets and bytes to the sums. Idempotent: a report that was taken already changes nothing.

    Where there is a new sum, those of rules and networks that are no more are forgotten.
    """
    known = tables.hit_reports
    with store.aside() as connection:
        last = connection.execute(sa.select(known).where(known.c.host == report.host)).first()
        if last is not None and last.run == report.run and last.number >= report.number:
            return
        values = {
            "run": report.run,
            "number": report.number,
            "at": at.isoformat(),
            "steady_since": _steady_since(last, report, at).isoformat(),
        }
        if last is None:
            connection.execute(known.insert().values({**values, "host": report.host}))
        else:
            connection.execute(known.update().where(known.c.host == report.host).values(values))
        words = {subject.word: count for subject, count in counted.items()}
        if _add(connection, words, at.isoformat()):
            snapshot = store.snapshot()
            _forget_gone(connection, {*snapshot.rule_ids, *snapshot.networks})


def read(store: Store, subjects: Collection[Subject]) -> Mapping[Subject, Hits]:
    """The sums of `subjects`, as far as any host ever told of them."""
    table, words = tables.hits, sorted(subject.word for subject in subjects)
    with store.engine.begin() as connection:
        rows = [
            row
            for start in range(0, len(words), _AT_ONCE)
            for row in connection.execute(
                sa.select(table).where(table.c.subject.in_(words[start : start + _AT_ONCE]))
            )
        ]
    return {
        Subject.parsed(row.subject): Hits(row.packets, row.bytes, datetime.fromisoformat(row.last_at))
        for row in rows
    }


def of_network(store: Store, network: NetworkId) -> Mapping[str, Hits]:
    """What holds on `network` where no rule matches, and how much it matched, as far as any host told."""
    table = tables.hits
    with store.engine.begin() as connection:
        rows = connection.execute(sa.select(table).where(table.c.subject.startswith(f"{network}/"))).all()
    return {
        Subject.parsed(row.subject).what: Hits(row.packets, row.bytes, datetime.fromisoformat(row.last_at))
        for row in rows
    }


def silent(store: Store, now: datetime) -> list[HostName]:
    """The hosts with ports that have not told lately: what they matched since is unknown."""
    known = tables.hit_reports
    with store.engine.begin() as connection:
        told = {row.host: datetime.fromisoformat(row.at) for row in connection.execute(sa.select(known))}
    plugged = store.snapshot().plugged_hosts
    return sorted(host for host in plugged if host not in told or now - told[host] > FRESH)


def knowledge(store: Store, now: datetime) -> Knowledge:
    """Since when no host with ports has left anything out: before that, no hits may mean unknown."""
    known = tables.hit_reports
    quiet = tuple(silent(store, now))
    plugged = store.snapshot().plugged_hosts
    with store.engine.begin() as connection:
        told = [row.steady_since for row in connection.execute(sa.select(known)) if row.host in plugged]
    if quiet or not told or None in told:
        return Knowledge(None, quiet)
    return Knowledge(max(map(datetime.fromisoformat, told)), quiet)


def _steady_since(last: sa.Row[Any] | None, report: Report, at: datetime) -> datetime:
    """An agent that began again, a report that is missing or late: what was matched meanwhile may be lost."""
    if (
        last is None
        or last.steady_since is None
        or (last.run, last.number + 1) != (report.run, report.number)
        or at - datetime.fromisoformat(last.at) > FRESH
    ):
        return at
    return datetime.fromisoformat(last.steady_since)


def _forget_gone(connection: sa.Connection, living: Set[UUID]) -> None:
    table = tables.hits
    words = [row.subject for row in connection.execute(sa.select(table.c.subject))]
    gone = [word for word in words if Subject.parsed(word).of not in living]
    for start in range(0, len(gone), _AT_ONCE):
        connection.execute(table.delete().where(table.c.subject.in_(gone[start : start + _AT_ONCE])))


def _add(connection: sa.Connection, counted: Mapping[str, tuple[int, int]], at: str) -> bool:
    """Add to the sums; whether any of them is new."""
    table = tables.hits
    words = sorted(counted)
    known = {
        row.subject: (row.packets, row.bytes)
        for start in range(0, len(words), _AT_ONCE)
        for row in connection.execute(
            sa.select(table).where(table.c.subject.in_(words[start : start + _AT_ONCE])).with_for_update()
        )
    }
    new, grown = [], []
    for word in words:
        was, more = known.get(word, (0, 0)), counted[word]
        values = {
            "packets": min(LARGEST, was[0] + more[0]),
            "bytes": min(LARGEST, was[1] + more[1]),
            "last_at": at,
        }
        if word in known:
            grown.append({**values, "word": word})
        else:
            new.append({**values, "subject": word})
    if new:
        connection.execute(table.insert(), new)
    if grown:
        query = table.update().where(table.c.subject == sa.bindparam("word"))
        connection.execute(query, grown)
    return bool(new)
