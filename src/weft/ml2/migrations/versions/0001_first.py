"""The journal, the hosts, and which worker works."""

import sqlalchemy as sa
from alembic import op

revision = "weft_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "weft_journal",
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("object_id", sa.String(36), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("why", sa.Text()),
    )
    op.create_table("weft_hosts", sa.Column("name", sa.String(255), primary_key=True))
    op.create_table(
        "weft_lead",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("holder", sa.String(255), nullable=False),
        sa.Column("beat", sa.BigInteger(), nullable=False),
    )
