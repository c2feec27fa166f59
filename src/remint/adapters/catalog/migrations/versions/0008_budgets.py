"""Budgets: their limits and balances, and what runs reserved, were charged, were given back, and saved."""

import sqlalchemy as sa
from alembic import op

from remint.adapters.catalog.migrations.triggers import insert_only

revision = "0008"
down_revision = "0007"

INSERT_ONLY = (
    "budgets", "budget_limits", "budget_closings", "price_tables", "reservations", "settlements", "refunds", "savings",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables, insert-only like the others but for the balances."""
    op.create_table(
        "budgets",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text()),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_budgets"),
        sa.UniqueConstraint("name", name="uq_budgets_name"),
        sa.ForeignKeyConstraint(["parent"], ["budgets.name"], name="fk_budgets_parent"),
    )
    op.create_table(
        "budget_limits",
        sa.Column("budget", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("budget", "number", name="pk_budget_limits"),
        sa.ForeignKeyConstraint(["budget"], ["budgets.name"], name="fk_budget_limits_budget"),
    )
    op.create_table(
        "budget_closings",
        sa.Column("budget", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("budget", name="pk_budget_closings"),
        sa.ForeignKeyConstraint(["budget"], ["budgets.name"], name="fk_budget_closings_budget"),
    )
    op.create_table(
        "budget_balances",
        sa.Column("budget", sa.Text(), nullable=False),
        sa.Column("ceiling", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("budget", name="pk_budget_balances"),
        sa.ForeignKeyConstraint(["budget"], ["budgets.name"], name="fk_budget_balances_budget"),
        sa.CheckConstraint("reserved >= 0 AND spent >= 0", name="ck_budget_balances_sign"),
    )
    op.create_table(
        "price_tables",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_price_tables"),
    )
    op.create_table(
        "reservations",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("budget", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("prices", sa.Text(), nullable=False),
        sa.Column("memory_bytes", sa.BigInteger(), nullable=False),
        sa.Column("lease_us", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run", name="pk_reservations"),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_reservations_run"),
        sa.ForeignKeyConstraint(["budget"], ["budgets.name"], name="fk_reservations_budget"),
        sa.ForeignKeyConstraint(["prices"], ["price_tables.digest"], name="fk_reservations_prices"),
    )
    op.create_index("ix_reservations_budget", "reservations", ["budget", "run"])
    op.create_index("ix_reservations_lease", "reservations", ["lease_us"])
    op.create_table(
        "settlements",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("cpu_us", sa.BigInteger(), nullable=False),
        sa.Column("wall_us", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run", name="pk_settlements"),
        sa.ForeignKeyConstraint(["run"], ["reservations.run"], name="fk_settlements_run"),
    )
    op.create_index("ix_settlements_at", "settlements", ["at_us", "run"])
    op.create_table(
        "refunds",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run", name="pk_refunds"),
        sa.ForeignKeyConstraint(["run"], ["settlements.run"], name="fk_refunds_run"),
    )
    op.create_table(
        "savings",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("budget", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_savings"),
        sa.ForeignKeyConstraint(["run"], ["settlements.run"], name="fk_savings_run"),
    )
    op.create_index("ix_savings_at", "savings", ["at_us", "number"])
    insert_only(*INSERT_ONLY)
