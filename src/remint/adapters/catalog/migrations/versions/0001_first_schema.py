"""The first schema of the catalog."""

import sqlalchemy as sa
from alembic import op

from remint.adapters.catalog.migrations.triggers import insert_only

revision = "0001"
down_revision = None

INSERT_ONLY = (
    "facts",
    "artifacts",
    "recipes",
    "runs",
    "run_ends",
    "run_inputs",
    "run_outputs",
    "workspaces",
    "ref_moves",
    "entries",
    "principals",
    "changes",
    "change_moves",
    "change_steps",
    "evidence",
    "log_segments",
)


def upgrade() -> None:
    """Make every table, its indexes, and the triggers that keep records insert-only."""
    op.create_table(
        "artifacts",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_artifacts"),
    )
    op.create_table(
        "changes",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("authors", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("gates", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_changes"),
    )
    op.create_table(
        "entries",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_entries"),
    )
    op.create_table(
        "entry_frontier",
        sa.Column("one", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("roots", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("one = 1", name="ck_entry_frontier_one"),
        sa.PrimaryKeyConstraint("one", name="pk_entry_frontier"),
    )
    op.create_table(
        "evidence",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("predicate", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_evidence"),
    )
    op.create_index("ix_evidence_subject", "evidence", ["subject", "predicate", "at_us"], unique=False)
    op.create_table(
        "facts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_facts"),
    )
    op.create_table(
        "principals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_principals"),
    )
    op.create_table(
        "recipes",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_recipes"),
    )
    op.create_table(
        "workspaces",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("fork_order", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_workspaces"),
    )
    op.create_table(
        "change_moves",
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["change"], ["changes.number"], name="fk_change_moves_change"),
        sa.PrimaryKeyConstraint("change", "workspace", "kind", "name", name="pk_change_moves"),
    )
    op.create_index("ix_change_moves_ref", "change_moves", ["workspace", "kind", "name", "change"], unique=False)
    op.create_table(
        "change_steps",
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["change"], ["changes.number"], name="fk_change_steps_change"),
        sa.PrimaryKeyConstraint("change", "position", name="pk_change_steps"),
    )
    op.create_table(
        "log_segments",
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("first_id", sa.Text(), nullable=False),
        sa.Column("last_id", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["artifact"], ["artifacts.digest"], name="fk_log_segments_artifact"),
        sa.PrimaryKeyConstraint("artifact", name="pk_log_segments"),
    )
    op.create_index("ix_log_segments_ids", "log_segments", ["first_id", "last_id"], unique=False)
    op.create_table(
        "ref_moves",
        sa.Column("move_order", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("change", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["new"], ["artifacts.digest"], name="fk_ref_moves_new"),
        sa.PrimaryKeyConstraint("move_order", name="pk_ref_moves"),
        sa.UniqueConstraint("workspace", "kind", "name", "serial", name="uq_ref_moves_serial"),
    )
    op.create_index("ix_ref_moves_new", "ref_moves", ["new"], unique=False)
    op.create_table(
        "refs",
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["artifact"], ["artifacts.digest"], name="fk_refs_artifact"),
        sa.PrimaryKeyConstraint("workspace", "kind", "name", name="pk_refs"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("run_key", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("git", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["recipe"], ["recipes.key"], name="fk_runs_recipe"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_recipe", "runs", ["recipe", "id"], unique=False)
    op.create_index("ix_runs_run_key", "runs", ["run_key", "id"], unique=False)
    op.create_index("ix_runs_step", "runs", ["step", "id"], unique=False)
    op.create_table(
        "run_ends",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("cpu_us", sa.BigInteger(), nullable=False),
        sa.Column("wall_us", sa.BigInteger(), nullable=False),
        sa.Column("peak_bytes", sa.BigInteger(), nullable=False),
        sa.Column("guarded", sa.Boolean(name="ck_run_ends_guarded"), nullable=False),
        sa.Column("serves_cache", sa.Boolean(name="ck_run_ends_serves_cache"), nullable=False),
        sa.Column("log", sa.Text(), nullable=True),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("observed", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["runs.id"], name="fk_run_ends_id"),
        sa.PrimaryKeyConstraint("id", name="pk_run_ends"),
    )
    op.create_table(
        "run_inputs",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_run_inputs_run"),
        sa.PrimaryKeyConstraint("run", "name", name="pk_run_inputs"),
    )
    op.create_index("ix_run_inputs_artifact", "run_inputs", ["artifact", "run"], unique=False)
    op.create_table(
        "run_outputs",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("stored", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_run_outputs_run"),
        sa.PrimaryKeyConstraint("run", "name", name="pk_run_outputs"),
    )
    op.create_index("ix_run_outputs_artifact", "run_outputs", ["artifact", "run"], unique=False)

    insert_only(*INSERT_ONLY)
