"""Erasures, what went with them, and when it was gone."""

import sqlalchemy as sa
from alembic import op

from remint.adapters.catalog.migrations.triggers import insert_only

revision = "0004"
down_revision = "0003"

INSERT_ONLY = ("erasures", "erased", "erasure_removals")


def upgrade() -> None:
    """Make the tables, insert-only like the others."""
    op.create_table(
        "erasures",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["certificate"], ["artifacts.digest"], name="fk_erasures_certificate"),
        sa.PrimaryKeyConstraint("number", name="pk_erasures"),
    )
    op.create_table(
        "erased",
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("erasure", sa.Integer(), nullable=False),
        sa.Column("successor", sa.Text()),
        sa.ForeignKeyConstraint(["artifact"], ["artifacts.digest"], name="fk_erased_artifact"),
        sa.ForeignKeyConstraint(["erasure"], ["erasures.number"], name="fk_erased_erasure"),
        sa.ForeignKeyConstraint(["successor"], ["artifacts.digest"], name="fk_erased_successor"),
        sa.PrimaryKeyConstraint("artifact", "erasure", name="pk_erased"),
    )
    op.create_table(
        "erasure_removals",
        sa.Column("erasure", sa.Integer(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["erasure"], ["erasures.number"], name="fk_erasure_removals_erasure"),
        sa.PrimaryKeyConstraint("erasure", name="pk_erasure_removals"),
    )
    insert_only(*INSERT_ONLY)
