"""The database as lines of JSON, alike from SQLite and PostgreSQL: what was declared, history, credentials.

What was only observed is left out: it is observed anew. Browsers' sessions are, too: they end.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby, islice
from typing import TextIO

import sqlalchemy as sa
from alembic.util import CommandError

from weft.model.errors import Conflict, Invalid
from weft.model.ids import Revision
from weft.store import tables
from weft.store.engine import newest_version, reading_consistently, upgrade, version_of, writing

GAP = 1_000_000
"""How far the revision leaps when rows are loaded.

Revisions that were made after the dump are gone, but OVN, agents and followers of the change log have seen
their numbers: these must not come again for something else.
"""

_OBSERVED = frozenset({"port_status", "host_status", "realised", "cuts", "failures", "hits", "hit_reports"})
_AT_ONCE = 1000


def dump(engine: sa.Engine, out: TextIO) -> Revision:
    """Write every row as of one moment, a line each, in an order in which they can be loaded.

    Returns the newest revision among them. Raises Invalid if the schema is not the one of this code.
    """
    with reading_consistently(engine) as connection:
        version = version_of(connection)
        if version != newest_version():
            raise Invalid(
                f"the database has schema version {version}, and this Weft has {newest_version()}; "
                "start this version's server once, which brings it up to date",
                field="database_url",
            )
        for table in tables.metadata.sorted_tables:
            if table.name not in _OBSERVED:
                rows = connection.execute(_wanted(table)).mappings()
                out.writelines(_line(table.name, row) for row in rows)
        return Revision(connection.scalar(sa.select(tables.head.c.revision)) or 0)


def _line(table: str, row: sa.RowMapping) -> str:
    return json.dumps({"table": table, "row": dict(row)}, separators=(",", ":")) + "\n"


def _wanted(table: sa.Table) -> sa.Select[tuple[object, ...]]:
    wanted = sa.select(table)
    return wanted.where(table.c.session_of.is_(None)) if table.name == "tokens" else wanted


def is_empty(engine: sa.Engine) -> bool:
    """Whether nothing was ever kept in the database."""
    return not sa.inspect(engine).get_table_names()


def load(engine: sa.Engine, lines: Iterable[str], *, version: str, at: datetime) -> Revision:
    """Fill an empty database with rows of schema `version`, and bring it up to date: all or nothing.

    Returns the newest revision, which is GAP beyond that of the dump. Raises Conflict if the database is not
    empty, Invalid if the rows are of a newer Weft or damaged.
    """
    if not is_empty(engine):
        raise Conflict(
            f"the database {engine.url.render_as_string(hide_password=True)} is not empty; a backup is "
            "restored into an empty one (if an earlier restore was cut off, remove what it left)"
        )
    try:
        with writing(engine) as connection:
            upgrade(connection, version)
            _insert(connection, lines)
            upgrade(connection, "head")
            revision = _leap(connection, at)
            connection.commit()
    except CommandError as error:
        raise Invalid(f"the backup is of a newer Weft (schema version {version})", field="file") from error
    except (KeyError, TypeError, AttributeError, ValueError, sa.exc.IntegrityError) as error:
        raise Invalid(f"the backup's rows are damaged ({error!s:.200})", field="file") from error
    return revision


def _insert(connection: sa.Connection, lines: Iterable[str]) -> None:
    """The tables as they were in that version, not as this code knows them."""
    then = sa.MetaData()
    then.reflect(connection)
    for table in then.tables.values():
        for column in table.columns:
            if isinstance(column.type, sa.JSON):
                column.type = sa.JSON(none_as_null=True)
    connection.execute(then.tables["head"].delete())
    parsed = (json.loads(line) for line in lines)
    for name, together in groupby(parsed, key=lambda entry: str(entry["table"])):
        table = then.tables[name]
        rows = (_checked(table, entry["row"]) for entry in together)
        while some := list(islice(rows, _AT_ONCE)):
            connection.execute(table.insert(), some)


def _checked(table: sa.Table, row: dict[str, object]) -> dict[str, object]:
    """Inserting many rows passes over names that are no columns: nothing is to be lost in silence."""
    if row.keys() != set(table.columns.keys()):
        raise ValueError(f"a row of {table.name} has the columns {', '.join(row)}")
    return row


def _leap(connection: sa.Connection, at: datetime) -> Revision:
    before = connection.scalar(sa.select(tables.head.c.revision))
    if before is None:
        raise ValueError("they have no revision")
    revision = Revision(before + GAP)
    connection.execute(
        tables.revisions.insert().values(revision=revision, at=at.isoformat(), author="weft restore")
    )
    connection.execute(tables.head.update().values(revision=revision))
    return revision
