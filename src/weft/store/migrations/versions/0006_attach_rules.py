"""Attach rules."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of attach rules."""
    op.create_table(
        "attach_rules",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_attach_rules_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attach_rules")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_attach_rules_project_id_name")),
    )
