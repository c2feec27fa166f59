"""Rows of any source, stored: the table that one would have written by hand, and only what changed since."""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from remint.adapters.tables.logical import digest_table
from remint.errors import Corrupt, Denied, Invalid, NotFound, RemintError, Unavailable
from tests.support.sources import BOTH, MORE, ROWS, make_app, read, write_delta, write_sqlite
from tests.support.tables import ANA, X, held


class Adbc:
    """A table in SQLite."""

    def __init__(self, tmp_path, _app_of):
        self.path = tmp_path / "rows.db"
        write_sqlite(self.path, "CREATE TABLE t (id INTEGER, value REAL)")
        self.app = make_app(tmp_path / "project")
        self.text, self.told = f"adbc:adbc_driver_sqlite?uri={self.path}", {"table": "t", "order_by": ("id",)}

    def append(self, table):
        rows = ", ".join(
            f"({row['id']}, {'NULL' if row['value'] is None else repr(row['value'])})" for row in table.to_pylist()
        )
        write_sqlite(self.path, f"INSERT INTO t VALUES {rows}")


class Postgres:
    """A table in Postgres."""

    def __init__(self, tmp_path, request):
        self.place = request.getfixturevalue("postgres")
        self.place.run("CREATE TABLE OWN.t (id bigint, value double precision)")
        self.app = make_app(tmp_path / "project")
        self.text, self.told = self.place.uri, {"table": f"{self.place.name}.t", "order_by": ("id",)}

    def append(self, table):
        rows = ", ".join(
            f"({row['id']}, {'NULL' if row['value'] is None else repr(row['value'])})" for row in table.to_pylist()
        )
        self.place.run(f"INSERT INTO OWN.t VALUES {rows}")


class Delta:
    """A Delta table."""

    def __init__(self, tmp_path, _request):
        self.path = tmp_path / "delta"
        self.app = make_app(tmp_path / "project")
        self.text, self.told = f"delta:{self.path}", {}

    def append(self, table):
        write_delta(self.path, table)


class Iceberg:
    """An Iceberg table."""

    def __init__(self, tmp_path, request):
        self.lake = request.getfixturevalue("lake")
        self.app = make_app(tmp_path / "project", self.lake.settings)
        self.text, self.told = "iceberg:ice.sales.t", {}

    def append(self, table):
        self.lake.append("t", table)


@pytest.fixture(params=[Adbc, Postgres, Delta, Iceberg], ids=lambda kind: kind.__name__)
def place(request, tmp_path):
    made = request.param(tmp_path, request)
    yield made
    made.app.close()


def test_a_snapshot_is_the_table_one_would_have_written_by_hand(place):
    place.append(ROWS)
    change = read(place.app, X, place.text, **place.told)
    assert change.artifact.digest == digest_table(ROWS).digest
    assert held(place.app).equals(ROWS)


def test_rows_that_came_later_come_last_and_are_all_that_is_stored(place):
    place.append(ROWS)
    first = read(place.app, X, place.text, **place.told)
    place.append(MORE)
    second = read(place.app, X, place.text, **place.told)
    assert second.artifact.digest == digest_table(BOTH).digest
    assert (second.added, second.changed, second.removed) == (2, 0, 0)
    assert second.stored_bytes < first.stored_bytes / 2


def test_rows_that_did_not_change_make_no_version(place):
    place.append(ROWS)
    read(place.app, X, place.text, **place.told)
    again = read(place.app, X, place.text, **place.told)
    assert not again.moved
    assert len(place.app.refs.log(ANA, X)) == 1
    assert len(place.app.sources.newest()) == 1


def test_where_a_snapshot_came_from_is_recorded_with_it(place):
    place.append(ROWS)
    change = read(place.app, X, place.text, **place.told)
    (found,) = place.app.sources.of(change.artifact.digest)
    assert found.origin.place.startswith(place.text)
    assert (found.origin.ref, found.origin.by, found.origin.pinned, found.held) == ("main:data/x", "ana", False, True)
    assert place.app.refs.log(ANA, X)[0].reason.startswith(f"added from {place.text}")
    assert [leaf for leaf in actions(place.app) if leaf in {"ref:move", "source:read"}] == ["ref:move", "source:read"]


def actions(app):
    with app.catalog.read() as tx:
        return [json.loads(leaf)["action"] for leaf in tx.entries.leaves()]


def test_a_protected_ref_is_refused_before_anything_is_read(place):
    with pytest.raises(Denied, match="protected-ref"):
        read(place.app, "model/x", place.text, **place.told)


def test_what_nobody_wrote_is_not_found(place):
    told = {"table": "no_such"} if place.told else {}
    with pytest.raises(RemintError) as refused:
        read(place.app, X, place.text + ("" if place.told else "_other"), **told)
    assert isinstance(refused.value, NotFound)
    assert place.app.refs.list(ANA) == []


def test_progress_tells_rows(place):
    place.append(ROWS)
    seen = []
    place.app.sources.add(ANA, X, place.app.sources.wanted(place.text, **place.told), on_rows=seen.append)
    assert seen[-1] == 1000
    assert seen == sorted(seen)


MISSING = {
    Adbc: "adbc_driver_manager.dbapi",
    Postgres: "adbc_driver_postgresql.dbapi",
    Delta: "deltalake",
    Iceberg: "pyiceberg",
}


def test_a_library_that_is_not_installed_is_named_with_its_extra(place, monkeypatch):
    monkeypatch.setitem(sys.modules, MISSING[type(place)], None)
    with pytest.raises(Invalid, match="is not installed") as refused:
        read(place.app, X, place.text, **place.told)
    assert "pip install 'remint[" in refused.value.next_step


# ---- each of its own


def test_many_rows_are_read_in_pieces_of_a_million(tmp_path, app):
    for start in (0, 700_000):
        write_delta(tmp_path / "delta", pa.table({"id": range(start, start + 700_000)}))
    source = app.opened_source(app.sources.wanted(f"delta:{tmp_path}/delta"))
    taken = source.take(tmp_path / "project", None)
    found = app.tables.identify(taken.files)
    assert found.segment_rows == [1 << 20, 1_400_000 - (1 << 20)]
    assert found.digest == digest_table(pa.table({"id": range(1_400_000)})).digest


def test_a_delta_table_with_partitions_and_odd_names_is_read_whole(tmp_path, app):
    path = tmp_path / "delta"
    rows = pa.table({"day": ["a b", "c=d/e", None], "n": [1, 2, 3]})
    write_delta(path, rows, partition_by=["day"])
    assert read(app, X, f"delta:{path}").artifact.facts["rows"] == 3
    found = {row["n"]: row["day"] for row in held(app).to_pylist()}
    assert found == {1: "a b", 2: "c=d/e", 3: None}


def test_an_older_version_of_a_delta_table_is_read(tmp_path, app):
    path = tmp_path / "delta"
    write_delta(path, ROWS)
    write_delta(path, MORE, mode="overwrite")
    assert read(app, X, f"delta:{path}@0").artifact.digest == digest_table(ROWS).digest


def test_a_delta_table_with_features_nobody_here_knows_is_refused(tmp_path, app):
    path = tmp_path / "delta"
    write_delta(path, ROWS, configuration={"delta.enableDeletionVectors": "true"})
    with pytest.raises(Invalid, match="deletionVectors"):
        read(app, X, f"delta:{path}")


def test_an_older_snapshot_of_an_iceberg_table_is_read(tmp_path, lake):
    first = lake.append("t", ROWS)
    lake.append("t", MORE)
    app = make_app(tmp_path / "project", lake.settings)
    assert read(app, X, f"iceberg:ice.sales.t@{first}").artifact.digest == digest_table(ROWS).digest
    app.close()


def test_rows_deleted_from_an_iceberg_table_are_not_read(tmp_path, lake):
    lake.append("t", BOTH)
    lake.catalog.load_table("sales.t").delete("id >= 1000")
    app = make_app(tmp_path / "project", lake.settings)
    assert read(app, X, "iceberg:ice.sales.t").artifact.digest == digest_table(ROWS).digest
    app.close()


def test_a_catalog_the_settings_do_not_name_is_refused(app):
    with pytest.raises(Invalid, match="the settings name these catalogs: none"):
        read(app, X, "iceberg:ice.sales.t")


def test_a_catalog_that_does_not_open_is_unavailable(tmp_path):
    settings = f'[data_sources.iceberg.ice]\ntype = "sql"\nuri = "sqlite:///{tmp_path}/no/catalog.db"\n'
    app = make_app(tmp_path / "project", settings)
    with pytest.raises(Unavailable):
        read(app, X, "iceberg:ice.sales.t")
    app.close()


@pytest.mark.parametrize("driver", ["adbc_driver_no_such", "no-such-driver.so", "os"])
def test_a_driver_that_is_not_there_is_refused(app, driver):
    with pytest.raises(Invalid):
        read(app, X, f"adbc:{driver}?uri=x", query="SELECT 1 AS a")


def test_a_driver_may_be_a_shared_library(tmp_path, app):
    import adbc_driver_sqlite

    write_sqlite(tmp_path / "rows.db", "CREATE TABLE t AS SELECT 1 AS a")
    library = Path(adbc_driver_sqlite.__file__).parent / "libadbc_driver_sqlite.so"
    assert read(app, X, f"adbc:{library}?uri={tmp_path}/rows.db", query="SELECT a FROM t").moved


@pytest.mark.parametrize("statement", ["DELETE FROM t", "DROP TABLE t", "CREATE TABLE u (a)", "INSERT INTO t VALUES (2)"])
def test_a_statement_without_rows_is_refused_and_undone(tmp_path, app, statement):
    path = tmp_path / "rows.db"
    write_sqlite(path, "CREATE TABLE t AS SELECT 1 AS a")
    with pytest.raises(Invalid, match="gives no columns"):
        read(app, X, f"adbc:adbc_driver_sqlite?uri={path}", query=statement)
    tables = read(
        app, X, f"adbc:adbc_driver_sqlite?uri={path}", query="SELECT name, (SELECT count(*) FROM t) AS rows FROM sqlite_master"
    )
    assert held(app).to_pylist() == [{"name": "t", "rows": 1}]
    assert tables.moved


def test_what_a_statement_with_rows_writes_is_undone(tmp_path, app):
    path = tmp_path / "rows.db"
    write_sqlite(path, "CREATE TABLE t AS SELECT 1 AS a")
    read(app, X, f"adbc:adbc_driver_sqlite?uri={path}", query="INSERT INTO t VALUES (2) RETURNING a")
    read(app, X, f"adbc:adbc_driver_sqlite?uri={path}", query="SELECT a FROM t")
    assert held(app).to_pylist() == [{"a": 1}]


def test_a_damaged_file_of_a_source_stores_nothing(tmp_path, app):
    path = tmp_path / "delta"
    write_delta(path, ROWS)
    (file,) = path.glob("*.parquet")
    file.write_bytes(b"PAR1 no parquet at all PAR1")
    with pytest.raises((Corrupt, Invalid, Unavailable)):
        read(app, X, f"delta:{path}")
    assert app.refs.list(ANA) == []


def test_a_name_of_the_settings_stands_for_a_source(tmp_path):
    write_sqlite(tmp_path / "rows.db", "CREATE TABLE t AS SELECT 1 AS a")
    uri = f"adbc:adbc_driver_sqlite?uri={tmp_path}/rows.db"
    app = make_app(tmp_path / "project", f'[data_sources.sales]\nuri = "{uri}"\ntable = "t"\n')
    assert read(app, X, "source:sales").artifact.digest == digest_table(pa.table({"a": pa.array([1], pa.int64())})).digest
    assert read(app, X, "source:sales", query="SELECT 2 AS a FROM t").moved
    with pytest.raises(Invalid, match="the settings name these: sales"):
        read(app, X, "source:other")
    app.close()
