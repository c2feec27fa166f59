"""Teams, identities that others vouch for, and proofs that were exchanged for tokens."""

import sqlalchemy as sa
from alembic import op

from remint.adapters.catalog.migrations.triggers import insert_only

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the tables, insert-only like the others."""
    op.create_table(
        "teams",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_teams"),
    )
    op.create_table(
        "team_changes",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text()),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_team_changes"),
        sa.ForeignKeyConstraint(["team"], ["teams.name"], name="fk_team_changes_team"),
        sa.ForeignKeyConstraint(["principal"], ["principals.id"], name="fk_team_changes_principal"),
        sa.CheckConstraint("verb IN ('join', 'part', 'grant', 'revoke')", name="ck_team_changes_verb"),
        sa.CheckConstraint("(principal IS NULL) = (verb IN ('grant', 'revoke'))", name="ck_team_changes_principal"),
    )
    op.create_index("ix_team_changes_team", "team_changes", ["team", "number"])
    op.create_index("ix_team_changes_principal", "team_changes", ["principal", "number"])
    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
        sa.ForeignKeyConstraint(["principal"], ["principals.id"], name="fk_identities_principal"),
    )
    op.create_index("ix_identities_principal", "identities", ["principal"])
    op.create_table(
        "exchanges",
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("proof", name="pk_exchanges"),
        sa.ForeignKeyConstraint(["token"], ["tokens.number"], name="fk_exchanges_token"),
    )
    insert_only("teams", "team_changes", "identities", "exchanges")
