"""Which version of an object a change ended, and from which revision on all versions are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two columns; of the changes that are there, find out."""
    op.add_column("head", sa.Column("kept_from", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("changes", sa.Column("prior", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE changes SET prior = (SELECT max(earlier.revision) FROM changes AS earlier"
        " WHERE earlier.object_id = changes.object_id AND earlier.kind = changes.kind"
        " AND earlier.revision < changes.revision) WHERE action <> 'create'"
    )
    op.create_index("ix_changes_revision_prior", "changes", ["revision", "prior"], unique=False)
    op.create_index("ix_changes_kind_revision", "changes", ["kind", "revision"], unique=False)
