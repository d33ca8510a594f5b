"""Connections to SQLite and PostgreSQL, and the schema's version.

Python's sqlite3 begins transactions late and only before writes; here they begin when we say,
and a writer takes the write lock at once, so that it never has to give up half-way. What must outlive a power
cut is on the disk when its commit returns; what is observed again anyway need not be, and is told sooner.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from weft.model.errors import Invalid

_MIGRATION_LOCK = 0x77656674


def connect(url: str) -> sa.Engine:
    """An engine for `url`. Raises Invalid for other databases than SQLite and PostgreSQL."""
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise Invalid(f"{url!r} is not a database URL", field="database_url") from error
    if parsed.get_backend_name() == "postgresql":
        return sa.create_engine(parsed, pool_pre_ping=True)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise Invalid(
            "the database is a SQLite file (sqlite:////path/server.db) or PostgreSQL "
            "(postgresql://user@host/name)",
            field="database_url",
        )
    # Whoever reads the file reads everything; SQLite gives its other files the same mode.
    Path(parsed.database).touch(mode=0o600)
    engine = sa.create_engine(parsed)
    sa.event.listen(engine, "connect", _configure)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: sa.engine.interfaces.DBAPIConnection, record: object) -> None:
    del record
    connection.isolation_level = None
    cursor = connection.cursor()
    for setting in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=10000",
    ):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("weft_writes", False):
        connection.exec_driver_sql("BEGIN")
        return
    durable = options.get("weft_durable", True)
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def writing(engine: sa.Engine, *, durable: bool = True) -> Iterator[sa.Connection]:
    """A connection that will write; rolled back unless the caller commits.

    A commit that is not `durable` can be undone by a power cut, whole, until a later one is durable
    (SQLite, "PRAGMA synchronous"; PostgreSQL, "synchronous_commit"). A process that is killed undoes nothing.
    """
    options = {"weft_writes": True, "weft_durable": durable}
    with engine.connect().execution_options(**options) as connection:
        transaction = connection.begin()
        if not durable and engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        try:
            yield connection
        finally:
            if transaction.is_active:
                transaction.rollback()


@contextmanager
def reading_consistently(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that sees every table as of one moment. SQLite always reads like that."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


def migrate(engine: sa.Engine) -> None:
    """Bring the schema to the newest version. Idempotent; servers that start together queue."""
    with engine.connect().execution_options(weft_writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        upgrade(connection, "head")


def upgrade(connection: sa.Connection, version: str) -> None:
    """Bring the schema to `version`, inside the transaction of `connection`. Idempotent."""
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, version)


def version_of(connection: sa.Connection) -> str | None:
    """The schema's version; None for a database without one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_version() -> str | None:
    """The version that this code works with."""
    return ScriptDirectory.from_config(_alembic()).get_current_head()


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
