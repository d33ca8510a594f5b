"""The user data of virtual machines."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of user data."""
    op.create_table(
        "user_data",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("port_id", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["port_id"], ["ports.id"], name=op.f("fk_user_data_port_id_ports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_data")),
        sa.UniqueConstraint("port_id", name=op.f("uq_user_data_port_id")),
    )
