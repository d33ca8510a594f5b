"""What rules and defaults matched, and the hosts that told of it."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of hits and of their reports."""
    op.create_table(
        "hits",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("packets", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_hits")),
    )
    op.create_table(
        "hit_reports",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["host"], ["hosts.id"], name=op.f("fk_hit_reports_host"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_hit_reports")),
    )
