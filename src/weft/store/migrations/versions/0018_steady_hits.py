"""Since when each host tells of its hits without a gap."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; it is unknown until the next report."""
    op.add_column("hit_reports", sa.Column("steady_since", sa.Text(), nullable=True))
