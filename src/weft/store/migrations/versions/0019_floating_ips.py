"""Floating IPs."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of floating IPs."""
    op.create_table(
        "floating_ips",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("network_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_floating_ips_project_id")),
        sa.ForeignKeyConstraint(["network_id"], ["networks.id"], name=op.f("fk_floating_ips_network_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_floating_ips")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_floating_ips_project_id_name")),
        sa.UniqueConstraint("network_id", "address", name=op.f("uq_floating_ips_network_id_address")),
    )
