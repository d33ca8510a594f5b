"""Invariants."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of invariants."""
    op.create_table(
        "invariants",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_invariants_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invariants")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_invariants_project_id_name")),
    )
