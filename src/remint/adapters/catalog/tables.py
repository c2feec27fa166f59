"""The tables of the catalog. Migrations make them; a test holds that both say the same.

Times are UTC microseconds, digests their text, records canonical or plain JSON text. Tables in INSERT_ONLY refuse update and
delete by trigger.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

facts = Table(
    "facts",
    metadata,
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("name", name="pk_facts"),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("digest", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("parts", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("digest", name="pk_artifacts"),
)

layouts = Table(
    "layouts",
    metadata,
    Column("artifact", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("parts", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("artifact", "number", name="pk_layouts"),
    ForeignKeyConstraint(["artifact"], ["artifacts.digest"], name="fk_layouts_artifact"),
)

recipes = Table(
    "recipes",
    metadata,
    Column("key", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("key", name="pk_recipes"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, nullable=False),
    Column("recipe", Text, nullable=False),
    Column("run_key", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("git", Text, nullable=False),
    Column("place", Text, nullable=False),
    PrimaryKeyConstraint("id", name="pk_runs"),
    ForeignKeyConstraint(["recipe"], ["recipes.key"], name="fk_runs_recipe"),
    Index("ix_runs_recipe", "recipe", "id"),
    Index("ix_runs_run_key", "run_key", "id"),
    Index("ix_runs_step", "step", "id"),
)

run_ends = Table(
    "run_ends",
    metadata,
    Column("id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("cpu_us", BigInteger, nullable=False),
    Column("wall_us", BigInteger, nullable=False),
    Column("peak_bytes", BigInteger, nullable=False),
    Column("guarded", Boolean(name="ck_run_ends_guarded"), nullable=False),
    Column("serves_cache", Boolean(name="ck_run_ends_serves_cache"), nullable=False),
    Column("log", Text),
    Column("metrics", Text, nullable=False),
    Column("observed", Text, nullable=False),
    Column("error", Text, nullable=False),
    PrimaryKeyConstraint("id", name="pk_run_ends"),
    ForeignKeyConstraint(["id"], ["runs.id"], name="fk_run_ends_id"),
)

run_inputs = Table(
    "run_inputs",
    metadata,
    Column("run", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("artifact", Text, nullable=False),
    PrimaryKeyConstraint("run", "name", name="pk_run_inputs"),
    ForeignKeyConstraint(["run"], ["runs.id"], name="fk_run_inputs_run"),
    Index("ix_run_inputs_artifact", "artifact", "run"),
)

run_outputs = Table(
    "run_outputs",
    metadata,
    Column("run", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("artifact", Text, nullable=False),
    Column("stored", Text, nullable=False),
    PrimaryKeyConstraint("run", "name", name="pk_run_outputs"),
    ForeignKeyConstraint(["run"], ["runs.id"], name="fk_run_outputs_run"),
    Index("ix_run_outputs_artifact", "artifact", "run"),
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("name", Text, nullable=False),
    Column("base", Text),
    Column("fork_order", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("name", name="pk_workspaces"),
)

refs = Table(
    "refs",
    metadata,
    Column("workspace", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("artifact", Text, nullable=False),
    Column("serial", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace", "kind", "name", name="pk_refs"),
    ForeignKeyConstraint(["artifact"], ["artifacts.digest"], name="fk_refs_artifact"),
)

ref_moves = Table(
    "ref_moves",
    metadata,
    Column("move_order", Integer, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("old", Text),
    Column("new", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("run", Text),
    Column("change", Text),
    PrimaryKeyConstraint("move_order", name="pk_ref_moves"),
    UniqueConstraint("workspace", "kind", "name", "serial", name="uq_ref_moves_serial"),
    ForeignKeyConstraint(["new"], ["artifacts.digest"], name="fk_ref_moves_new"),
    Index("ix_ref_moves_new", "new"),
)

entries = Table(
    "entries",
    metadata,
    Column("number", Integer, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    PrimaryKeyConstraint("number", name="pk_entries"),
)

entry_frontier = Table(
    "entry_frontier",
    metadata,
    Column("one", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("roots", LargeBinary, nullable=False),
    PrimaryKeyConstraint("one", name="pk_entry_frontier"),
    CheckConstraint("one = 1", name="ck_entry_frontier_one"),
)

principals = Table(
    "principals",
    metadata,
    Column("id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("roles", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("id", name="pk_principals"),
)

changes = Table(
    "changes",
    metadata,
    Column("number", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("authors", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("gates", Text, nullable=False),
    Column("run", Text),
    Column("rules", Text),
    PrimaryKeyConstraint("number", name="pk_changes"),
)

change_moves = Table(
    "change_moves",
    metadata,
    Column("change", Integer, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("old", Text),
    Column("new", Text, nullable=False),
    PrimaryKeyConstraint("change", "workspace", "kind", "name", name="pk_change_moves"),
    ForeignKeyConstraint(["change"], ["changes.number"], name="fk_change_moves_change"),
    Index("ix_change_moves_ref", "workspace", "kind", "name", "change"),
)

change_steps = Table(
    "change_steps",
    metadata,
    Column("change", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("role", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    PrimaryKeyConstraint("change", "position", name="pk_change_steps"),
    ForeignKeyConstraint(["change"], ["changes.number"], name="fk_change_steps_change"),
)

glasses = Table(
    "glasses",
    metadata,
    Column("number", Integer, nullable=False),
    Column("refs", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    PrimaryKeyConstraint("number", name="pk_glasses"),
)

glass_confirmations = Table(
    "glass_confirmations",
    metadata,
    Column("glass", Integer, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    PrimaryKeyConstraint("glass", name="pk_glass_confirmations"),
    ForeignKeyConstraint(["glass"], ["glasses.number"], name="fk_glass_confirmations_glass"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("digest", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("predicate", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    PrimaryKeyConstraint("digest", name="pk_evidence"),
    Index("ix_evidence_subject", "subject", "predicate", "at_us"),
)

log_segments = Table(
    "log_segments",
    metadata,
    Column("artifact", Text, nullable=False),
    Column("deployment", Text, nullable=False),
    Column("first_id", Text, nullable=False),
    Column("last_id", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    PrimaryKeyConstraint("artifact", name="pk_log_segments"),
    ForeignKeyConstraint(["artifact"], ["artifacts.digest"], name="fk_log_segments_artifact"),
    Index("ix_log_segments_ids", "first_id", "last_id"),
)

holds = Table(
    "holds",
    metadata,
    Column("number", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("named", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("number", name="pk_holds"),
    ForeignKeyConstraint(["subject"], ["artifacts.digest"], name="fk_holds_subject"),
)

hold_releases = Table(
    "hold_releases",
    metadata,
    Column("hold", Integer, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("hold", name="pk_hold_releases"),
    ForeignKeyConstraint(["hold"], ["holds.number"], name="fk_hold_releases_hold"),
)

given_up = Table(
    "given_up",
    metadata,
    Column("artifact", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("artifact", "at_us", name="pk_given_up"),
    ForeignKeyConstraint(["artifact"], ["artifacts.digest"], name="fk_given_up_artifact"),
)

erasures = Table(
    "erasures",
    metadata,
    Column("number", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("columns", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("certificate", Text, nullable=False),
    PrimaryKeyConstraint("number", name="pk_erasures"),
    ForeignKeyConstraint(["certificate"], ["artifacts.digest"], name="fk_erasures_certificate"),
)

erased = Table(
    "erased",
    metadata,
    Column("artifact", Text, nullable=False),
    Column("erasure", Integer, nullable=False),
    Column("successor", Text),
    PrimaryKeyConstraint("artifact", "erasure", name="pk_erased"),
    ForeignKeyConstraint(["artifact"], ["artifacts.digest"], name="fk_erased_artifact"),
    ForeignKeyConstraint(["erasure"], ["erasures.number"], name="fk_erased_erasure"),
    ForeignKeyConstraint(["successor"], ["artifacts.digest"], name="fk_erased_successor"),
)

erasure_removals = Table(
    "erasure_removals",
    metadata,
    Column("erasure", Integer, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("erasure", name="pk_erasure_removals"),
    ForeignKeyConstraint(["erasure"], ["erasures.number"], name="fk_erasure_removals_erasure"),
)

origins = Table(
    "origins",
    metadata,
    Column("number", Integer, nullable=False),
    Column("artifact", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("snapshot", Text, nullable=False),
    Column("table_id", Text, nullable=False),
    Column("pinned", Boolean(name="ck_origins_pinned"), nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("number", name="pk_origins"),
    ForeignKeyConstraint(["artifact"], ["artifacts.digest"], name="fk_origins_artifact"),
    Index("ix_origins_artifact", "artifact", "number"),
)

origin_checks = Table(
    "origin_checks",
    metadata,
    Column("number", Integer, nullable=False),
    Column("origin", Integer, nullable=False),
    Column("found", Boolean(name="ck_origin_checks_found"), nullable=False),
    Column("why", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("number", name="pk_origin_checks"),
    ForeignKeyConstraint(["origin"], ["origins.number"], name="fk_origin_checks_origin"),
    Index("ix_origin_checks_origin", "origin", "number"),
)

role_changes = Table(
    "role_changes",
    metadata,
    Column("number", Integer, nullable=False),
    Column("principal", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("number", name="pk_role_changes"),
    ForeignKeyConstraint(["principal"], ["principals.id"], name="fk_role_changes_principal"),
    CheckConstraint("verb IN ('grant', 'revoke', 'leave')", name="ck_role_changes_verb"),
    Index("ix_role_changes_principal", "principal", "number"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("number", Integer, nullable=False),
    Column("secret", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("sandbox", Text),
    Column("at_us", BigInteger, nullable=False),
    Column("ends_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("number", name="pk_tokens"),
    UniqueConstraint("secret", name="uq_tokens_secret"),
    ForeignKeyConstraint(["owner"], ["principals.id"], name="fk_tokens_owner"),
    ForeignKeyConstraint(["sandbox"], ["workspaces.name"], name="fk_tokens_sandbox"),
    Index("ix_tokens_owner", "owner", "number"),
)

token_ends = Table(
    "token_ends",
    metadata,
    Column("token", Integer, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("token", name="pk_token_ends"),
    ForeignKeyConstraint(["token"], ["tokens.number"], name="fk_token_ends_token"),
)

INSERT_ONLY = (
    "facts", "artifacts", "recipes", "runs", "run_ends", "run_inputs", "run_outputs", "workspaces", "ref_moves", "entries",
    "principals", "changes", "change_moves", "change_steps", "glasses", "glass_confirmations", "evidence", "log_segments",
    "holds", "hold_releases", "given_up", "layouts", "erasures", "erased", "erasure_removals",
    "origins", "origin_checks",
    "role_changes", "tokens", "token_ends", "teams", "team_changes", "identities", "exchanges",
    "budgets", "budget_limits", "budget_closings", "price_tables", "reservations", "settlements", "refunds", "savings",
    "secret_steps", "inventory", "validation_steps",
)  # fmt: skip
