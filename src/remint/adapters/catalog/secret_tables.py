"""The table of what was done with secrets."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, PrimaryKeyConstraint, Table, Text

from remint.adapters.catalog.tables import metadata

secret_steps = Table(
    "secret_steps",
    metadata,
    Column("number", Integer, nullable=False),
    Column("secret", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("whom", Text),
    Column("workspace", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("about", Text, nullable=False),
    PrimaryKeyConstraint("number", name="pk_secret_steps"),
    CheckConstraint("verb IN ('set', 'grant', 'revoke', 'remove')", name="ck_secret_steps_verb"),
    Index("ix_secret_steps_secret", "secret", "number"),
)
