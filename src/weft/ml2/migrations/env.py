"""How Alembic runs these migrations: `neutron-db-manage` calls it, with Neutron's configuration."""

from typing import Any

from alembic import context
from neutron.db.migration.connection import DBConnection

VERSION_TABLE = "weft_alembic_version"


def _run() -> None:
    config: Any = context.config
    address = config.neutron_config.database.connection
    with DBConnection(address, config.attributes.get("connection")) as connection:
        context.configure(connection=connection, version_table=VERSION_TABLE)
        with context.begin_transaction():
            context.run_migrations()


_run()
