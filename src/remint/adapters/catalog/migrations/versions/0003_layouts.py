"""Other parts that the same artifact is stored in."""

import sqlalchemy as sa
from alembic import op

from remint.adapters.catalog.migrations.triggers import insert_only

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table, insert-only like the others."""
    op.create_table(
        "layouts",
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["artifact"], ["artifacts.digest"], name="fk_layouts_artifact"),
        sa.PrimaryKeyConstraint("artifact", "number", name="pk_layouts"),
    )
    insert_only("layouts")
