"""Tables from databases and lakes, as a person types it."""

import pyarrow as pa
import pytest

from tests.support.remint_cli import make_project
from tests.support.sources import MORE, ROWS, Lake, postgres_schema, write_delta, write_sqlite

SECRET = "geheim-4711"
PIPELINE = """
from remint import Metrics, Table, pipeline, ref, step

@step
def count(rows: Table) -> Metrics:
    return Metrics({"rows": len(rows.arrow())})

@pipeline("value/rows")
def rows(rows=ref("data/orders")):
    return count(rows)
"""


@pytest.fixture
def project(tmp_path):
    write_delta(tmp_path / "lake", ROWS)
    lake = Lake(tmp_path / "ice")
    lake.append("orders", ROWS)
    settings = f'[data_sources.lake]\nuri = "delta:{tmp_path}/lake"\n{lake.settings}'
    made = make_project(tmp_path / "project", PIPELINE, settings=settings)
    made.lake, made.place = lake, tmp_path / "lake"
    return made


def texts_of(root):
    return [path for path in (root / ".remint").rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


def test_a_snapshot_tells_where_it_came_from_everywhere(project):
    project.cli("add", f"delta:{project.place}", "--as", "data/orders")
    place = f"delta:{project.place}@0"
    assert place in project.cli("show", "data/orders").out
    assert f"added from {place}" in project.cli("log", "data/orders").out
    assert f"added from {place} by ana" in project.cli("why", "data/orders").out
    assert place in project.cli("sources", "list").out
    assert project.cli("show", "data/orders", "--json").json["origins"][0]["origin"]["snapshot"] == "0"


def test_a_pinned_table_is_queried_run_on_and_given_up(project):
    project.cli("add", "source:lake", "--as", "data/orders", "--pin")
    assert "pinned" in project.cli("sources", "list").out
    assert project.cli("query", "select count(*) as n from data/orders", "--json").json["rows"] == [{"n": 1000}]
    project.cli("gc", "--unused-days", "0")
    project.cli("run")
    assert project.cli("show", "value/rows", "--json").json["value"]["rows"] == 1000
    made = project.cli("regenerate", "value/rows", "--check", "--json").json
    assert made["regenerable"]
    assert "regenerable while the source keeps it" in made["while_kept"][0]
    assert "level   bytes" in project.cli("regenerate", "value/rows").out


def test_a_source_that_is_gone_is_told_with_the_exit_code_of_what_is_not_found(project):
    from deltalake import DeltaTable

    project.cli("add", "source:lake", "--as", "data/orders", "--pin")
    project.cli("run")
    project.cli("gc", "--unused-days", "0")
    assert project.cli("sources", "check").code == 0
    write_delta(project.place, MORE, mode="overwrite")
    DeltaTable(str(project.place)).vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    told = project.cli("sources", "check", "lake", expect=4)
    assert "files are gone" in told.out
    project.cli("query", "select 1 from data/orders", expect=4)
    assert "the source no longer keeps" in project.cli("regenerate", "value/rows", "--check", expect=7).out
    assert "pinned, gone" in project.cli("sources", "list").out


def test_an_iceberg_table_is_pinned_by_its_name_in_the_settings(project):
    project.cli("add", "iceberg:ice.sales.orders", "--as", "data/orders", "--pin")
    assert project.cli("query", "select count(*) as n from data/orders", "--json").json["rows"] == [{"n": 1000}]
    assert project.cli("sources", "check", "data/orders", "--json").json["sources"][0]["kept"]


def test_a_table_of_a_database_is_added_with_its_order(project):
    write_sqlite(project.root / "rows.db", "CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (2), (1)")
    told = ("--from-table", "t", "--order-by", "id desc", "--as", "data/orders")
    project.cli("add", "adbc:adbc_driver_sqlite?uri=rows.db", *told)
    rows = project.cli("show", "data/orders", "--json").json["rows"]
    assert rows == [{"id": 2}, {"id": 1}]


def test_no_password_is_ever_written_down(project):
    with postgres_schema() as postgres:
        postgres.run("CREATE TABLE OWN.t AS SELECT 1 AS a", f"CREATE ROLE {postgres.name}_r LOGIN PASSWORD '{SECRET}'")
        try:
            uri = postgres.uri.replace("//postgres@", f"//{postgres.name}_r:{SECRET}@")
            answer = project.cli("add", uri, "--query", "SELECT 1 AS a", "--as", "data/orders")
            project.cli("add", f"{uri}?password={SECRET}", "--query", "SELECT 2 AS a", "--as", "data/orders")
            failed = project.cli("add", f"{uri}_no_such?password={SECRET}", "--query", "x", "--as", "data/y", expect=4)
            wrong = project.cli("add", uri, "--query", "SELECT nothing FROM nowhere", "--as", "data/y", expect=4)
        finally:
            postgres.run(f"DROP ROLE {postgres.name}_r")
    adbc = f"adbc:adbc_driver_sqlite?uri=rows.db&password={SECRET}"
    refused = project.cli("add", adbc, "--query", "SELECT 1 AS a", "--as", "data/y", expect=2)
    assert [SECRET in one.out + one.err for one in (answer, failed, wrong, refused)] == [False] * 4
    assert texts_of(project.root) == []


@pytest.mark.parametrize(
    "words",
    [
        ("delta:lake", "--table"),
        ("delta:lake", "--append"),
        ("delta:lake", "--query", "select 1"),
        ("adbc:adbc_driver_sqlite?uri=rows.db",),
        ("adbc:adbc_driver_sqlite?uri=rows.db", "--from-table", "t", "--pin"),
        ("postgresql://127.0.0.1/x", "--query", "select 1", "--order-by", "a"),
        ("requirements.lock", "--pin"),
        ("requirements.lock", "--query", "select 1"),
        ("source:unknown",),
        ("iceberg:other.sales.orders",),
        ("iceberg:orders",),
    ],
)
def test_what_means_nothing_is_refused(project, words):
    told = project.cli("add", *words, "--as", "data/orders", expect=2)
    assert "next" in told.err
    assert project.cli("sources", "list", "--json").json["sources"] == []


def test_a_wrong_source_in_the_settings_is_refused_by_its_name(tmp_path):
    project = make_project(tmp_path / "p", PIPELINE)
    project.write(
        "remint.toml", f'principal = "ana"\n[data_sources.x]\nuri = "postgresql://ana:{SECRET}@db/x"\nquery = "select 1"\n'
    )
    told = project.cli("add", "source:x", "--as", "data/x", expect=2)
    assert "the source x cannot be used" in told.err
    assert SECRET not in told.err


def test_nothing_pinned_is_nothing_to_check(tmp_path):
    project = make_project(tmp_path / "p", PIPELINE)
    assert "nothing is pinned" in project.cli("sources", "check").out
    assert "no table came from a source" in project.cli("sources", "list").out


def test_a_table_with_text_is_one_table_whatever_gave_it(project):
    names = pa.table({"name": ["é", None, ""]})
    write_delta(project.root / "names", names)
    project.lake.append("names", names)
    write_sqlite(project.root / "names.db", "CREATE TABLE t (name TEXT)", "INSERT INTO t VALUES ('é'), (NULL), ('')")
    found = {
        project.cli("add", *words, "--as", f"data/n{number}", "--json").json["artifact"]["digest"]
        for number, words in enumerate(
            [
                ("delta:names",),
                ("iceberg:ice.sales.names",),
                ("adbc:adbc_driver_sqlite?uri=names.db", "--query", "SELECT name FROM t ORDER BY rowid"),
            ]
        )
    }
    assert len(found) == 1
