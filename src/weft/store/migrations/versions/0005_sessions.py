"""When a token was made, and which token a session was opened with."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; sessions of before end, because nobody knows whose they are."""
    # In a batch, because SQLite takes a new reference only with a new table.
    with op.batch_alter_table("tokens") as table:
        table.add_column(sa.Column("created_at", sa.Text(), nullable=True))
        table.add_column(sa.Column("session_of", sa.Text(), nullable=True))
        table.create_foreign_key(
            op.f("fk_tokens_session_of"), "tokens", ["session_of"], ["hash"], ondelete="CASCADE"
        )
    op.create_index(op.f("ix_tokens_session_of"), "tokens", ["session_of"], unique=False)
    op.execute("DELETE FROM tokens WHERE host IS NULL AND expires_at IS NOT NULL")
