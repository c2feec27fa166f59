"""Where tables came from, and what their sources answered later."""

import sqlalchemy as sa
from alembic import op

from remint.adapters.catalog.migrations.triggers import insert_only

revision = "0005"
down_revision = "0004"

INSERT_ONLY = ("origins", "origin_checks")


def upgrade() -> None:
    """Make the tables, insert-only like the others."""
    op.create_table(
        "origins",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("table_id", sa.Text(), nullable=False),
        sa.Column("pinned", sa.Boolean(name="ck_origins_pinned"), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["artifact"], ["artifacts.digest"], name="fk_origins_artifact"),
        sa.PrimaryKeyConstraint("number", name="pk_origins"),
    )
    op.create_index("ix_origins_artifact", "origins", ["artifact", "number"])
    op.create_table(
        "origin_checks",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Integer(), nullable=False),
        sa.Column("found", sa.Boolean(name="ck_origin_checks_found"), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["origin"], ["origins.number"], name="fk_origin_checks_origin"),
        sa.PrimaryKeyConstraint("number", name="pk_origin_checks"),
    )
    op.create_index("ix_origin_checks_origin", "origin_checks", ["origin", "number"])
    insert_only(*INSERT_ONLY)
