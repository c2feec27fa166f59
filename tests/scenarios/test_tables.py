"""Tables that change, by the command line: add, append, upsert, delete, diff, compact, and steps that read them."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.remint_cli import make_project

PIPELINE = """
from remint import Table, pipeline, ref, step


@step
def total(orders: Table) -> Table:
    return orders.sql("select count(*)::bigint as rows, sum(amount)::bigint as amount from this")


@pipeline("data/total")
def make(orders=ref("data/orders")):
    return total(orders)
"""


@pytest.fixture
def project(tmp_path):
    made = make_project(tmp_path / "a project", PIPELINE)
    made.write("orders.csv", "id,customer,amount\n" + "".join(f"{n},c{n % 7},{n % 50}\n" for n in range(1000)))
    return made


@pytest.fixture
def orders(project):
    project.cli("add", "orders.csv", "--as", "data/orders", "--table")
    return project


def change(project, *words, expect=0):
    """Return what a change of data/orders says: rows added, changed and removed."""
    answer = project.cli("add", *words, "--as", "data/orders", "--json", expect=expect).json
    return [answer[name] for name in ("added", "changed", "removed", "moved")] if expect == 0 else answer["error"]


def rows(project, version=""):
    answer = project.cli("query", f"select count(*) as n, sum(amount) as s from data/orders{version}", "--json").json
    return (answer["rows"][0]["n"], int(answer["rows"][0]["s"]))


def test_a_csv_file_becomes_a_table_whose_types_are_shown(project):
    answer = project.cli("add", "orders.csv", "--as", "data/orders", "--table")
    assert "columns id int64, customer utf8, amount int64" in answer.out
    assert "rows    1,000 added" in answer.out
    assert "unchanged" in project.cli("status").out


def test_a_csv_file_without_the_word_stays_a_file(project):
    assert "1 files" in project.cli("add", "orders.csv", "--as", "data/orders").out


def test_a_changed_file_is_a_new_version_that_stores_the_change(orders):
    orders.edit("orders.csv", "\n5,c5,5\n", "\n5,c5,500\n")
    assert change(orders, "orders.csv", "--table") == [0, 1, 0, True]
    assert [rows(orders), rows(orders, "@1")] == [(1000, 24995), (1000, 24500)]


def test_rows_are_appended_upserted_and_deleted(orders):
    orders.write("more.csv", "id,customer,amount\n1000,c1,5\n")
    orders.write("changed.jsonl", '{"id": 0, "customer": "c0", "amount": 100}\n{"id": 2000, "customer": "x", "amount": 1}\n')
    orders.write("gone.csv", "id\n1\n2\n77777\n")
    assert change(orders, "more.csv", "--append") == [1, 0, 0, True]
    assert change(orders, "changed.jsonl", "--upsert", "id") == [1, 1, 0, True]
    assert change(orders, "gone.csv", "--delete", "id") == [0, 0, 2, True]
    assert rows(orders) == (1000, 24500 + 5 + 100 + 1 - 3)
    assert [rows(orders, f"@{version}")[0] for version in (1, 2, 3)] == [1000, 1001, 1002]
    assert orders.cli("audit", "verify").code == 0


@pytest.mark.parametrize(
    ("text", "words", "why"),
    [
        ("id,customer,amount\nx,c,1\n", ["--append"], "row 1, id: 'x' is not int64"),
        ("id,amount\n1,2\n", ["--append"], "customer is missing"),
        ("id,customer,amount\n1,a,2\n1,b,3\n", ["--upsert", "id"], "2 rows share theirs with another: rows 1, 2"),
        ("id,customer,amount\n,a,2\n", ["--upsert", "id"], "it is null in 1 rows of the rows: rows 1"),
        ("id,customer,amount\n1,a,2\n", ["--upsert", "customer"], "rows share theirs with another"),
        ("id,customer,amount\n1,a,2\n", ["--upsert", "order"], "the table has id, customer, amount"),
        ("id,customer,amount\n1,a,2\n", ["--append", "--delete", "id"], "one at a time"),
    ],
)
def test_rows_that_do_not_fit_are_refused_and_nothing_changes(orders, text, words, why):
    orders.write("bad.csv", text)
    assert why in change(orders, "bad.csv", *words, expect=2)["why"]
    assert rows(orders) == (1000, 24500)
    assert len(orders.cli("log", "data/orders", "--json").json["moves"]) == 1


def test_rows_are_appended_to_what_is_there_alone(project):
    answer = project.cli("add", "orders.csv", "--as", "data/nothing", "--append", expect=4)
    assert "remint add FILE --table --as data/nothing" in answer.err


def test_a_difference_is_told_row_by_row(orders):
    orders.write("changed.csv", "id,customer,amount\n3,c3,30\n2000,x,1\n")
    change(orders, "changed.csv", "--upsert", "id")
    orders.write("gone.csv", "id\n9\n")
    change(orders, "gone.csv", "--delete", "id")
    answer = orders.cli("diff", "data/orders@1", "data/orders@3", "--key", "id", "--json").json
    assert [answer[name] for name in ("added", "removed", "changed", "rows")] == [1, 1, 1, [1000, 1000]]
    assert answer["values"] == {"amount": 1}
    assert answer["examples"]["changed"] == [{"row": 4, "key": {"id": 3}, "column": "amount", "old": 3, "new": 30}]
    assert "rows: 1,000 → 1,000 (1 added, 1 removed, 1 changed)" in orders.cli("diff", "data/orders@1", "data/orders@3").out
    assert "both are" in orders.cli("diff", "data/orders", "data/orders@3").out
    assert orders.cli("diff", "data/orders@1", "data/orders@3", "--key", "customer", expect=2).code == 2


def test_a_step_reads_a_version_with_edits(orders):
    orders.write("gone.csv", "id\n9\n")
    change(orders, "gone.csv", "--delete", "id")
    orders.cli("run")
    assert orders.cli("show", "data/total", "--json").json["rows"] == [{"rows": 999, "amount": 24491}]
    orders.cli("compact", "data/orders")
    assert "data/total in main: 1 hit" in orders.cli("plan").out


def test_a_compacted_table_is_written_in_files_that_others_read(orders):
    orders.write("gone.csv", "id\n9\n")
    change(orders, "gone.csv", "--delete", "id")
    assert "1 segment(s) without edits" in orders.cli("compact", "data/orders").out
    orders.cli("checkout", "data/orders", "out")
    assert pq.read_table(orders.root / "out" / "00000.parquet").num_rows == 999


def test_a_file_of_pandas_changed_by_pandas_stores_little(project):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"id": np.arange(50_000), "x": draw.normal(size=50_000), "name": draw.integers(0, 99, 50_000).astype(str)}
    )
    frame.to_parquet(project.root / "t.parquet")
    first = project.cli("add", "t.parquet", "--as", "data/t", "--json").json["stored_bytes"]
    frame = pd.read_parquet(project.root / "t.parquet")
    frame.loc[::100, "x"] = 0.5
    frame = frame.drop(index=range(7, 50_000, 1000)).reset_index(drop=True)
    frame.to_parquet(project.root / "t.parquet", compression="zstd")
    answer = project.cli("add", "t.parquet", "--as", "data/t", "--json").json
    assert (answer["changed"], answer["removed"], answer["added"]) == (500, 50, 0)
    assert answer["stored_bytes"] < 0.03 * first


@pytest.mark.parametrize("name", ["t.arrow", "t.feather"])
def test_an_arrow_file_becomes_a_table(project, name):
    table = pa.table({"a": [1, 2]})
    with pa.ipc.new_file(project.root / name, table.schema) as writer:
        writer.write_table(table)
    assert "(2 rows)" in project.cli("add", name, "--as", "data/t").out


def test_a_folder_of_files_becomes_one_table(project):
    for month in (1, 2):
        project.write(f"months/{month}.csv", f"id,amount\n{month},{month}.5\n")
    assert "(2 rows)" in project.cli("add", "months", "--as", "data/months", "--table").out
    project.write("months/3.csv", "id,amount\n3,3\n")
    assert "1 new" in project.cli("status").out
    assert "(3 rows)" in project.cli("add", "months", "--as", "data/months", "--table").out
    assert "unchanged (3 files)" in project.cli("status").out
    project.write("months/notes.txt", "x")
    assert "notes.txt" in project.cli("add", "months", "--as", "data/months", "--table", expect=2).err


def test_two_changes_of_one_table_are_merged_or_their_conflicts_told(orders):
    orders.cli("sandboxes", "create", "bo")
    orders.write("mine.csv", "id,customer,amount\n3,c3,30\n")
    orders.write("theirs.csv", "id,customer,amount\n3,x,3\n2000,y,1\n")
    change(orders, "mine.csv", "--upsert", "id")
    orders.cli("add", "theirs.csv", "--as", "data/orders", "--upsert", "id", "-w", "bo")
    words = ["merge", "data/orders", "bo:data/orders", "--base", "data/orders@1", "--key", "id"]
    assert "1 added, 1 changed" in orders.cli(*words).out
    row = orders.cli("query", "select * from data/orders where id = 3", "--json").json["rows"]
    assert row == [{"id": 3, "customer": "x", "amount": 30}]
    assert "already" in orders.cli(*words).out
    orders.write("mine.csv", "id,customer,amount\n3,z,30\n")
    change(orders, "mine.csv", "--upsert", "id")
    answer = orders.cli(*words, "--json", expect=5).json
    assert answer["conflicts"] == [{"key": {"id": 3}, "column": "customer", "base": "c3", "ours": "z", "theirs": "x"}]
    assert "1 conflicts; nothing was moved" in orders.cli(*words, expect=5).out
    assert orders.cli("log", "data/orders", "--json").json["moves"][0]["serial"] == 4
    apart = ["data/orders@2", "bo:data/orders", "--base", "data/orders@1", "--key", "id"]
    assert "(1,001 rows)" in orders.cli("merge", *apart, "--as", "data/both").out
