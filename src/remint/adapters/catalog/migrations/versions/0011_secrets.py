"""What was done with secrets."""

import sqlalchemy as sa
from alembic import op

from remint.adapters.catalog.migrations.triggers import insert_only

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table, insert-only like the others."""
    op.create_table(
        "secret_steps",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("whom", sa.Text()),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_secret_steps"),
        sa.CheckConstraint("verb IN ('set', 'grant', 'revoke', 'remove')", name="ck_secret_steps_verb"),
    )
    op.create_index("ix_secret_steps_secret", "secret_steps", ["secret", "number"])
    insert_only("secret_steps")
