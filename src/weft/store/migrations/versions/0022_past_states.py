"""The states that a port had before."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was before is not known."""
    op.add_column("port_status", sa.Column("past", sa.JSON(), nullable=False, server_default="[]"))
