"""The table of requests that were carried out once."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, PrimaryKeyConstraint, Table, Text

from remint.adapters.catalog.tables import metadata

requests = Table(
    "requests",
    metadata,
    Column("owner", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("answer", LargeBinary),
    PrimaryKeyConstraint("owner", "key", name="pk_requests"),
    Index("ix_requests_at_us", "at_us"),
)
