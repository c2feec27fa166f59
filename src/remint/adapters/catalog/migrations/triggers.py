"""The triggers that keep tables insert-only, in the words of the database that a migration runs on."""

from alembic import op

REFUSED = "RM001"
"""The SQLSTATE under which Postgres refuses a change of an insert-only table."""


def insert_only(*names: str) -> None:
    """Make the database refuse every update and delete of these tables (on Postgres, truncate too).

    Args:
        names: tables that the same or an earlier migration made.
    """
    make = _postgres if op.get_bind().dialect.name == "postgresql" else _sqlite
    make(names)


def _sqlite(names: tuple[str, ...]) -> None:
    for name in names:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {name}_no_{verb.lower()} BEFORE {verb} ON {name} "
                f"BEGIN SELECT RAISE(ABORT, '{name} is insert-only'); END"
            )


def _postgres(names: tuple[str, ...]) -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME USING ERRCODE = '{REFUSED}'; END $$"
    )
    for name in names:
        for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {name}_no_{verb.lower()} BEFORE {verb} ON {name} "
                f"FOR EACH {each} EXECUTE FUNCTION refuse_change()"
            )
