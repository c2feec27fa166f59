"""What a change is judged by, kept with it; and emergencies."""

import sqlalchemy as sa
from alembic import op

from remint.adapters.catalog.migrations.triggers import insert_only

revision = "0006"
down_revision = "0005"

INSERT_ONLY = ("glasses", "glass_confirmations")


def upgrade() -> None:
    """Make the column, which changes of before leave empty, and the tables, insert-only like the others."""
    op.add_column("changes", sa.Column("rules", sa.Text()))
    op.create_table(
        "glasses",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("refs", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_glasses"),
    )
    op.create_table(
        "glass_confirmations",
        sa.Column("glass", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["glass"], ["glasses.number"], name="fk_glass_confirmations_glass"),
        sa.PrimaryKeyConstraint("glass", name="pk_glass_confirmations"),
    )
    insert_only(*INSERT_ONLY)
