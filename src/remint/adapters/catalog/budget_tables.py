"""The tables of budgets (see tables.py for what all tables keep to). Amounts are whole micro-units."""

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
    UniqueConstraint,
)

from remint.adapters.catalog.tables import metadata

budgets = Table(
    "budgets",
    metadata,
    Column("number", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("parent", Text),
    Column("owner", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("number", name="pk_budgets"),
    UniqueConstraint("name", name="uq_budgets_name"),
    ForeignKeyConstraint(["parent"], ["budgets.name"], name="fk_budgets_parent"),
)

budget_limits = Table(
    "budget_limits",
    metadata,
    Column("budget", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("budget", "number", name="pk_budget_limits"),
    ForeignKeyConstraint(["budget"], ["budgets.name"], name="fk_budget_limits_budget"),
)

budget_closings = Table(
    "budget_closings",
    metadata,
    Column("budget", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("budget", name="pk_budget_closings"),
    ForeignKeyConstraint(["budget"], ["budgets.name"], name="fk_budget_closings_budget"),
)

budget_balances = Table(
    "budget_balances",
    metadata,
    Column("budget", Text, nullable=False),
    Column("ceiling", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False),
    PrimaryKeyConstraint("budget", name="pk_budget_balances"),
    ForeignKeyConstraint(["budget"], ["budgets.name"], name="fk_budget_balances_budget"),
    CheckConstraint("reserved >= 0 AND spent >= 0", name="ck_budget_balances_sign"),
)

price_tables = Table(
    "price_tables",
    metadata,
    Column("digest", Text, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("digest", name="pk_price_tables"),
)

reservations = Table(
    "reservations",
    metadata,
    Column("run", Text, nullable=False),
    Column("budget", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("prices", Text, nullable=False),
    Column("memory_bytes", BigInteger, nullable=False),
    Column("lease_us", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("run", name="pk_reservations"),
    ForeignKeyConstraint(["run"], ["runs.id"], name="fk_reservations_run"),
    ForeignKeyConstraint(["budget"], ["budgets.name"], name="fk_reservations_budget"),
    ForeignKeyConstraint(["prices"], ["price_tables.digest"], name="fk_reservations_prices"),
    Index("ix_reservations_budget", "budget", "run"),
    Index("ix_reservations_lease", "lease_us"),
)

settlements = Table(
    "settlements",
    metadata,
    Column("run", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("cpu_us", BigInteger, nullable=False),
    Column("wall_us", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("run", name="pk_settlements"),
    ForeignKeyConstraint(["run"], ["reservations.run"], name="fk_settlements_run"),
    Index("ix_settlements_at", "at_us", "run"),
)

refunds = Table(
    "refunds",
    metadata,
    Column("run", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("run", name="pk_refunds"),
    ForeignKeyConstraint(["run"], ["settlements.run"], name="fk_refunds_run"),
)

savings = Table(
    "savings",
    metadata,
    Column("number", Integer, nullable=False),
    Column("run", Text, nullable=False),
    Column("budget", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("number", name="pk_savings"),
    ForeignKeyConstraint(["run"], ["settlements.run"], name="fk_savings_run"),
    Index("ix_savings_at", "at_us", "number"),
)
