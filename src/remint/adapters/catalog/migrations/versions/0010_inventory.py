"""What the inventory says of refs, and validations."""

import sqlalchemy as sa
from alembic import op

from remint.adapters.catalog.migrations.triggers import insert_only

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables, insert-only like the others."""
    op.create_table(
        "inventory",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("exposure", sa.Text(), nullable=False),
        sa.Column("materiality", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_inventory"),
        sa.CheckConstraint("exposure IN ('', 'internal', 'customers', 'public')", name="ck_inventory_exposure"),
        sa.CheckConstraint("materiality IN ('', 'low', 'medium', 'high')", name="ck_inventory_materiality"),
    )
    op.create_index("ix_inventory_ref", "inventory", ["ref", "number"])
    op.create_table(
        "validation_steps",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("validation", sa.Integer(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_validation_steps"),
        sa.CheckConstraint(
            "verb IN ('open', 'test', 'find', 'fix', 'close', 'waive', 'conclude')", name="ck_validation_steps_verb"
        ),
    )
    op.create_index("ix_validation_steps_validation", "validation_steps", ["validation", "number"])
    op.create_index("ix_validation_steps_artifact", "validation_steps", ["artifact", "number"])
    insert_only("inventory", "validation_steps")
