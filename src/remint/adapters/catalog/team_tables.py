"""The tables of teams, of identities that others vouch for, and of proofs that were exchanged for tokens."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from remint.adapters.catalog.tables import metadata

teams = Table(
    "teams",
    metadata,
    Column("name", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("name", name="pk_teams"),
)

team_changes = Table(
    "team_changes",
    metadata,
    Column("number", Integer, nullable=False),
    Column("team", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("principal", Text),
    Column("role", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("number", name="pk_team_changes"),
    ForeignKeyConstraint(["team"], ["teams.name"], name="fk_team_changes_team"),
    ForeignKeyConstraint(["principal"], ["principals.id"], name="fk_team_changes_principal"),
    CheckConstraint("verb IN ('join', 'part', 'grant', 'revoke')", name="ck_team_changes_verb"),
    CheckConstraint("(principal IS NULL) = (verb IN ('grant', 'revoke'))", name="ck_team_changes_principal"),
    Index("ix_team_changes_team", "team", "number"),
    Index("ix_team_changes_principal", "principal", "number"),
)

identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
    ForeignKeyConstraint(["principal"], ["principals.id"], name="fk_identities_principal"),
    Index("ix_identities_principal", "principal"),
)

exchanges = Table(
    "exchanges",
    metadata,
    Column("proof", Text, nullable=False),
    Column("token", Integer, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("proof", name="pk_exchanges"),
    ForeignKeyConstraint(["token"], ["tokens.number"], name="fk_exchanges_token"),
)
