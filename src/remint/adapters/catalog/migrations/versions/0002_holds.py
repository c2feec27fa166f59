"""Holds, their releases, and what was given up."""

import sqlalchemy as sa
from alembic import op

from remint.adapters.catalog.migrations.triggers import insert_only

revision = "0002"
down_revision = "0001"

INSERT_ONLY = ("holds", "hold_releases", "given_up")


def upgrade() -> None:
    """Make the tables, insert-only like the others."""
    op.create_table(
        "holds",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("named", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["subject"], ["artifacts.digest"], name="fk_holds_subject"),
        sa.PrimaryKeyConstraint("number", name="pk_holds"),
    )
    op.create_table(
        "hold_releases",
        sa.Column("hold", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["hold"], ["holds.number"], name="fk_hold_releases_hold"),
        sa.PrimaryKeyConstraint("hold", name="pk_hold_releases"),
    )
    op.create_table(
        "given_up",
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["artifact"], ["artifacts.digest"], name="fk_given_up_artifact"),
        sa.PrimaryKeyConstraint("artifact", "at_us", name="pk_given_up"),
    )
    insert_only(*INSERT_ONLY)
