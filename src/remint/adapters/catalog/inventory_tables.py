"""The tables of the inventory and of validations."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from remint.adapters.catalog.tables import metadata

inventory = Table(
    "inventory",
    metadata,
    Column("number", Integer, nullable=False),
    Column("ref", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("exposure", Text, nullable=False),
    Column("materiality", Text, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("number", name="pk_inventory"),
    CheckConstraint("exposure IN ('', 'internal', 'customers', 'public')", name="ck_inventory_exposure"),
    CheckConstraint("materiality IN ('', 'low', 'medium', 'high')", name="ck_inventory_materiality"),
    Index("ix_inventory_ref", "ref", "number"),
)

validation_steps = Table(
    "validation_steps",
    metadata,
    Column("number", Integer, nullable=False),
    Column("validation", Integer, nullable=False),
    Column("artifact", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    PrimaryKeyConstraint("number", name="pk_validation_steps"),
    CheckConstraint("verb IN ('open', 'test', 'find', 'fix', 'close', 'waive', 'conclude')", name="ck_validation_steps_verb"),
    Index("ix_validation_steps_validation", "validation", "number"),
    Index("ix_validation_steps_artifact", "artifact", "number"),
)
