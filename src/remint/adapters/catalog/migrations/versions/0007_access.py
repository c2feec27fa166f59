"""Roles given and taken, and tokens."""

import sqlalchemy as sa
from alembic import op

from remint.adapters.catalog.migrations.triggers import insert_only

revision = "0007"
down_revision = "0006"

INSERT_ONLY = ("role_changes", "tokens", "token_ends")


def upgrade() -> None:
    """Make the tables, insert-only like the others."""
    op.create_table(
        "role_changes",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_role_changes"),
        sa.ForeignKeyConstraint(["principal"], ["principals.id"], name="fk_role_changes_principal"),
        sa.CheckConstraint("verb IN ('grant', 'revoke', 'leave')", name="ck_role_changes_verb"),
    )
    op.create_index("ix_role_changes_principal", "role_changes", ["principal", "number"])
    op.create_table(
        "tokens",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("sandbox", sa.Text()),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("ends_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_tokens"),
        sa.UniqueConstraint("secret", name="uq_tokens_secret"),
        sa.ForeignKeyConstraint(["owner"], ["principals.id"], name="fk_tokens_owner"),
        sa.ForeignKeyConstraint(["sandbox"], ["workspaces.name"], name="fk_tokens_sandbox"),
    )
    op.create_index("ix_tokens_owner", "tokens", ["owner", "number"])
    op.create_table(
        "token_ends",
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_token_ends"),
        sa.ForeignKeyConstraint(["token"], ["tokens.number"], name="fk_token_ends_token"),
    )
    insert_only(*INSERT_ONLY)
