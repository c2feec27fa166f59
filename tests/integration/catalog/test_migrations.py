"""The migrations make exactly what tables.py says, refuse what they do not know, and may run in two processes at once."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from remint.adapters.catalog import engine as catalog_engine
from remint.adapters.catalog.engine import HEAD, SqlCatalog
from remint.adapters.catalog.tables import INSERT_ONLY, metadata
from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.core.log import first_bad
from remint.errors import Conflict, Corrupt, Unavailable

ANA = PrincipalId("ana")
MIGRATIONS = Path(catalog_engine.__file__).parent / "migrations" / "versions"
OPEN = """
import sys
from pathlib import Path
import alembic.config, alembic.migration, alembic.operations, alembic.script
from remint.adapters.catalog.engine import SqlCatalog

print("ready", flush=True)
sys.stdin.readline()
SqlCatalog(Path(sys.argv[1])).close()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalog.db"


@pytest.fixture
def migrated(path):
    SqlCatalog(path).close()
    return path


def described(engine):
    """Return all there is to know of every table but alembic's own."""
    seen = inspect(engine)
    names = [name for name in seen.get_table_names() if name != "alembic_version"]
    return {
        name: {
            "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in seen.get_columns(name)],
            "primary key": seen.get_pk_constraint(name),
            "foreign keys": sorted(map(str, seen.get_foreign_keys(name))),
            "unique": sorted(map(str, seen.get_unique_constraints(name))),
            "checks": sorted(map(str, seen.get_check_constraints(name))),
            "indexes": sorted(map(str, seen.get_indexes(name))),
        }
        for name in sorted(names)
    }


def test_the_migrations_make_what_the_tables_say(migrated):
    by_tables = create_engine("sqlite://")
    metadata.create_all(by_tables)
    by_migrations = create_engine(f"sqlite:///{migrated}")
    assert described(by_migrations) == described(by_tables)
    by_migrations.dispose()
    by_tables.dispose()


def test_alembic_finds_no_difference_either(migrated):
    opened = create_engine(f"sqlite:///{migrated}")
    with opened.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
    opened.dispose()


def test_every_constraint_has_a_name():
    unnamed = [(table.name, kind) for table in metadata.tables.values() for kind in table.constraints if kind.name is None]
    assert unnamed == []


def test_every_insert_only_table_has_both_triggers(migrated):
    opened = sqlite3.connect(migrated)
    triggers = opened.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    opened.close()
    assert sorted(triggers) == sorted((f"{name}_no_{verb}", name) for name in INSERT_ONLY for verb in ("update", "delete"))


def test_the_head_is_the_last_migration():
    assert max(path.name for path in MIGRATIONS.glob("[0-9]*.py")).startswith(HEAD)


def test_migrations_import_nothing_of_remint_but_the_triggers():
    own = "from remint.adapters.catalog.migrations.triggers import insert_only\n"
    texts = {path.name: path.read_text().replace(own, "", 1) for path in MIGRATIONS.glob("*.py")}
    assert [name for name, text in texts.items() if "remint" in text] == []
    assert "remint" not in (MIGRATIONS.parent / "triggers.py").read_text()


def test_opening_again_changes_nothing(migrated):
    before = migrated.read_bytes()
    SqlCatalog(migrated).close()
    assert migrated.read_bytes() == before


def test_the_database_survives_a_loss_of_power_and_keeps_foreign_keys(path):
    opened = SqlCatalog(path)
    with opened.read() as tx:
        asked = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        found = {name: tx._connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked}
    opened.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}


def test_a_newer_schema_is_refused(migrated):
    opened = sqlite3.connect(migrated)
    opened.execute("UPDATE alembic_version SET version_num = '9999'")
    opened.commit()
    opened.close()
    with pytest.raises(Conflict, match="its schema is 9999, and this Remint knows schemas up to"):
        SqlCatalog(migrated)


def test_a_newer_schema_is_left_as_it_is(migrated):
    opened = sqlite3.connect(migrated)
    opened.execute("UPDATE alembic_version SET version_num = '9999'")
    opened.commit()
    opened.close()
    before = migrated.read_bytes()
    with pytest.raises(Conflict):
        SqlCatalog(migrated)
    assert migrated.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(path):
    path.write_bytes(b"not a database, and long enough to be seen as none" * 100)
    with pytest.raises(Corrupt, match="file is not a database"):
        SqlCatalog(path)


def test_a_damaged_database_says_so(migrated):
    opened = SqlCatalog(migrated)
    with opened.begin() as tx:
        for n in range(400):
            tx.entries.append(Entry("ref:move", "x" * 100, ANA, n))
    opened.close()
    content = bytearray(migrated.read_bytes())
    content[-5 * 4096 :] = bytes([0xA5]) * 5 * 4096
    migrated.write_bytes(content)
    damaged = SqlCatalog(migrated)
    with pytest.raises(Corrupt, match="the catalog is damaged"), damaged.read() as tx:
        tx.entries.leaves()
    damaged.close()


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(Unavailable, match="unable to open database file"):
        SqlCatalog(tmp_path / "nothing" / "catalog.db")


def test_a_migration_that_fails_half_way_leaves_nothing(path, monkeypatch):
    real = catalog_engine._upgrade

    def fail_after(connection):
        real(connection)
        raise ZeroDivisionError

    monkeypatch.setattr(catalog_engine, "_upgrade", fail_after)
    with pytest.raises(ZeroDivisionError):
        SqlCatalog(path)
    monkeypatch.undo()
    opened = SqlCatalog(path)
    with opened.begin() as tx:
        assert tx.entries.append(Entry("ref:move", "x", ANA, 0)) == 1
    opened.close()


@pytest.mark.parametrize("attempt", range(2))
def test_two_processes_may_open_a_new_catalog_at_once(path, attempt):
    # Switching a new file to the write-ahead log in two processes once failed at once as "database is locked".
    command = [sys.executable, "-c", OPEN, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    children = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    results = [child.communicate(timeout=60) for child in children]
    assert [(child.returncode, errors) for child, (_, errors) in zip(children, results, strict=True)] == [(0, "")] * 2
    opened = SqlCatalog(path)
    with opened.begin() as tx:
        tx.entries.append(Entry("ref:move", "x", ANA, 0))
        assert first_bad(tx.entries.leaves()) is None
    opened.close()
