"""When each revision became enforced, what hosts have confirmed, and which connections they must cut."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns to what was observed, and the table of cuts."""
    op.add_column("realised", sa.Column("enforced_at", sa.Text(), nullable=True))
    op.add_column("realised", sa.Column("hosts", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_realised_enforced_at"), "realised", ["enforced_at"], unique=False)
    for name in ("acknowledged_at", "acknowledgement_seen_at", "flushed_at"):
        op.add_column("host_status", sa.Column(name, sa.Text(), nullable=True))
    for name in ("checked", "flushed"):
        op.add_column("host_status", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("host_status", sa.Column("unparsed", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "cuts",
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("hosts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_cuts")),
    )
