"""Copying all records from one database to another."""

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from remint.adapters.catalog.engine import SqlCatalog
from remint.adapters.catalog.moving import SqlCatalogCopy
from remint.adapters.catalog.tables import metadata
from remint.core.entry import Entry
from remint.errors import Conflict, Corrupt, Unavailable
from tests.conformance.catalog.nouns import ANA, FLIGHTS, A, B, artifact, move
from tests.conformance.catalog.test_transactions import fill
from tests.support.postgres import connected, run, schema

ROOT = Path(__file__).resolve().parents[3]
COPY = """
import os, signal, sys
from pathlib import Path
from remint.adapters.catalog.engine import SqlCatalog
from remint.adapters.catalog.moving import SqlCatalogCopy
from remint.core.database_url import parse_database_url

def die(done, total):
    if done > total // 2:
        os.kill(os.getpid(), signal.SIGKILL)

place = Path(sys.argv[1])
SqlCatalogCopy(SqlCatalog(place), parse_database_url(sys.argv[2]), place.parent).make(on_progress=die)
"""


@pytest.fixture
def url():
    with schema() as made:
        yield made


@pytest.fixture
def filled(tmp_path):
    """A catalog in a file with a row in every table, and more entries than one batch holds."""
    opened = SqlCatalog(tmp_path / "catalog.db")
    with opened.begin() as tx:
        for name in "abcd":
            tx.artifacts.add(artifact(name), at_us=0)
        fill(tx)
        for number in range(1200):
            tx.entries.append(Entry("ref:move", f"entry {number}", ANA, number))
    yield opened
    opened.close()


def all_rows(catalog):
    with catalog.connected(writing=False) as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in metadata.sorted_tables
        }


def test_every_record_is_the_same_there_and_back_again(filled, url, tmp_path):
    there = SqlCatalogCopy(filled, url, tmp_path)
    told = []
    made = there.make(on_progress=lambda done, total: told.append((done, total)))
    back = tmp_path / "back.db"
    with there.opened() as copy:
        assert all_rows(copy) == all_rows(filled)
        SqlCatalogCopy(copy, back, tmp_path).make()
    with closing(SqlCatalog(back)) as again:
        assert all_rows(again) == all_rows(filled)
    total = sum(made.records.values())
    assert made.records == filled.counts()
    assert told[-1] == (total, total)


def test_the_copy_goes_on_where_the_records_end(filled, url, tmp_path):
    copied = SqlCatalogCopy(filled, url, tmp_path)
    copied.make()
    with copied.opened() as copy, filled.begin() as here, copy.begin() as there:
        orders = []
        for tx in (here, there):
            assert tx.refs.move(move(FLIGHTS, A, B))
            orders.append((tx.refs.order(), tx.entries.append(Entry("ref:move", "next", ANA, 9))))
        assert orders[0] == orders[1]


@pytest.mark.parametrize("held", ["postgres", "sqlite"])
def test_a_place_with_records_is_refused_and_left_as_it_is(filled, url, tmp_path, held):
    place = url if held == "postgres" else tmp_path / "other.db"
    with closing(SqlCatalog(place)) as other:
        with other.begin() as tx:
            tx.facts.set_once({"installation": "another"})
        before = all_rows(other)
        copy = SqlCatalogCopy(filled, place, tmp_path)
        for refused in (copy.require_empty, copy.make):
            with pytest.raises(Conflict, match="holds records already"):
                refused()
        assert all_rows(other) == before


def test_a_place_with_a_newer_schema_is_refused_before_anything_is_copied(filled, url, tmp_path):
    SqlCatalog(url).close()
    run(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Conflict, match="its schema is 9999"):
        SqlCatalogCopy(filled, url, tmp_path).require_empty()


def test_looking_at_a_place_makes_nothing_there(filled, url, tmp_path):
    SqlCatalogCopy(filled, url, tmp_path).require_empty()
    SqlCatalogCopy(filled, tmp_path / "other.db", tmp_path).require_empty()
    assert not (tmp_path / "other.db").exists()
    with connected(url) as own:
        assert own.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [url.schema]).fetchone() is None


def test_a_copy_that_is_killed_half_way_leaves_no_record_and_can_be_made_again(filled, url, tmp_path):
    filled.close()
    path = tmp_path / "catalog.db"
    command = [sys.executable, "-c", COPY, str(path), url.public]
    child = subprocess.run(command, env={"PYTHONPATH": str(ROOT / "src")}, check=False, capture_output=True)
    assert child.returncode == -signal.SIGKILL, child.stderr
    with closing(SqlCatalog(url)) as there:
        assert set(there.counts().values()) == {0}
    with closing(SqlCatalog(path)) as here:
        SqlCatalogCopy(here, url, tmp_path).make()
        with closing(SqlCatalog(url)) as there:
            assert all_rows(there) == all_rows(here)


def test_records_that_do_not_arrive_are_noticed_and_nothing_is_kept(filled, url, tmp_path):
    SqlCatalog(url).close()
    swallow = "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    run(url, f"{swallow}; CREATE TRIGGER swallow BEFORE INSERT ON facts FOR EACH ROW EXECUTE FUNCTION swallow()")
    with pytest.raises(Corrupt, match="facts has 1 records here and 0 there"):
        SqlCatalogCopy(filled, url, tmp_path).make()
    with closing(SqlCatalog(url)) as there:
        assert set(there.counts().values()) == {0}


def test_nobody_writes_while_records_are_copied(filled, url, tmp_path):
    hasty = SqlCatalog(tmp_path / "catalog.db", busy_timeout_ms=50)

    def write(done, total):
        if done == total:
            with pytest.raises(Unavailable, match="another process held it"), hasty.begin() as tx:
                tx.facts.set_once({"late": "yes"})

    SqlCatalogCopy(filled, url, tmp_path).make(on_progress=write)
    hasty.close()
