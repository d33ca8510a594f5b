"""The history of one object, found without reading the history of all."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the change log by object."""
    op.create_index("ix_changes_object_id", "changes", ["object_id", "revision"], unique=False)
