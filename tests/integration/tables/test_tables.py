"""Tables that are changed, over a real store and catalog."""

import random
import shutil
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from remint.adapters.tables.logical import digest_table
from remint.adapters.tables.parquet import write_segment
from remint.core.artifact import Kind
from remint.core.digest import Digest
from remint.core.log import first_bad
from remint.core.ref import Move, parse_ref
from remint.core.tableversion import files_of, is_edit
from remint.errors import Denied, Invalid, NotFound, RefMoved, RefNotFound
from remint.sdk.client import connect
from remint.sdk.codecs import read_input, write_output
from remint.sdk.table import Table
from tests.support.remint_cli import ROOT
from tests.support.tables import ANA, ROWS, X, edited, held, without


def test_a_changed_table_stores_what_changed(app, file, table, added):
    changed = edited(table, np.arange(0, ROWS, 100))
    done = app.artifacts.add(ANA, X, file(changed))
    assert done.change.changed == 700
    assert done.change.stored_bytes < 0.04 * added.size_bytes
    assert [is_edit(part) for part in files_of(done.artifact.parts)] == [False, True]
    assert digest_table(held(app)) == digest_table(changed)
    assert digest_table(held(app, f"{X}@1")) == digest_table(table)


def test_the_same_table_again_moves_nothing(app, file, table, added):
    pq.write_table(table, app.settings.root / "other.parquet", compression="snappy", row_group_size=999)
    done = app.artifacts.add(ANA, X, app.settings.root / "other.parquet")
    assert (done.moved, done.change.stored_bytes, done.artifact) == (False, 0, added)


def test_a_table_of_other_columns_is_stored_whole(app, file, table, added):
    done = app.artifacts.add(ANA, X, file(table.drop_columns(["name"])))
    assert len(files_of(done.artifact.parts)) == 1
    assert (done.change.added, done.change.removed) == (ROWS, ROWS)


def test_a_version_that_was_there_before_has_its_first_record(app, file, table, added):
    app.artifacts.add(ANA, X, file(without(table, [5])))
    assert app.artifacts.add(ANA, X, file(table)).artifact == added
    assert app.refs.log(ANA, X)[0].serial == 3


def test_an_append_adds_a_segment_and_is_hashed_by_its_last_block_alone(app, file, table, added):
    done = app.table_versions.append(ANA, X, [file(table.slice(3, 100))])
    assert (done.added, done.moved) == (100, True)
    assert files_of(done.artifact.parts)[0] == files_of(added.parts)[0]
    assert done.stored_bytes < 20_000
    assert digest_table(held(app)) == digest_table(pa.concat_tables([table, table.slice(3, 100)]))


def test_many_appends_leave_few_segments_that_read_the_same(app, file, table):
    app.artifacts.add(ANA, X, file(table.slice(0, 1)))
    appender = app.table_versions.appender(ANA, X)
    most = 0
    for number in range(60):
        done = appender.append([file(table.slice(1 + number * 1200, 1200))])
        most = max(most, len(done.artifact.facts["segment_rows"]))
    assert most < 16
    expected = table.slice(0, min(ROWS, 1 + 60 * 1200))
    assert done.artifact.digest == digest_table(expected).digest
    assert held(app).equals(expected)


def test_an_append_goes_on_after_an_edit_a_delete_and_a_compaction(app, file, table, added):
    appender = app.table_versions.appender(ANA, X)
    expected = table
    for change in ("delete", "compact", "append", "edit"):
        if change == "delete":
            app.table_versions.delete(ANA, X, [file(pa.table({"id": [0, ROWS - 1]}))], key=["id"])
            expected = without(expected, [0, ROWS - 1])
        elif change == "compact":
            app.table_versions.compact(ANA, X)
        elif change == "append":
            app.table_versions.append(ANA, X, [file(table.slice(0, 1))])
            expected = pa.concat_tables([expected, table.slice(0, 1)])
        else:
            expected = edited(expected, [9])
            app.artifacts.add(ANA, X, file(expected))
        appender.append([file(table.slice(50, 7)), file(table.slice(60, 2))])
        expected = pa.concat_tables([expected, table.slice(50, 7), table.slice(60, 2)])
        assert held(app).equals(expected), change


def test_an_append_of_no_row_moves_nothing(app, file, table, added):
    assert not app.table_versions.append(ANA, X, [file(table.slice(0, 0))]).moved


def test_an_upsert_replaces_and_adds(app, file, table, added):
    rows = pa.concat_tables([edited(table, [10]).slice(10, 1), table.slice(20, 1), table.slice(30, 1)])
    rows = rows.set_column(0, "id", pa.array([10, 20, ROWS + 5]))
    done = app.table_versions.upsert(ANA, X, [file(rows)], key=["id"])
    assert (done.added, done.changed, done.idle) == (1, 1, 1)
    assert held(app).equals(pa.concat_tables([edited(table, [10]), rows.slice(2)]))
    assert done.stored_bytes < 20_000


def test_a_delete_removes_the_rows_with_the_keys(app, file, table, added):
    done = app.table_versions.delete(ANA, X, [file(pa.table({"id": [1, 3, -1]}))], key=["id"])
    assert (done.removed, done.idle) == (2, 1)
    assert held(app).equals(without(table, [1, 3]))


def test_all_rows_may_go_and_others_come(app, file, table, added):
    app.table_versions.delete(ANA, X, [file(table.select(["id"]))], key=["id"])
    assert held(app).num_rows == 0
    app.table_versions.append(ANA, X, [file(table)])
    assert held(app).equals(table)


def test_a_compacted_table_is_the_same_artifact_in_other_files(app, file, table, added):
    app.table_versions.delete(ANA, X, [file(pa.table({"id": [7]}))], key=["id"])
    before = app.refs.artifact(ANA, X)
    done = app.table_versions.compact(ANA, X)
    after = app.refs.artifact(ANA, X)
    assert (done.moved, after.digest, app.refs.log(ANA, X)[0].serial) == (False, before.digest, 2)
    assert [is_edit(part) for part in files_of(after.parts)] == [False]
    assert held(app).equals(without(table, [7]))
    assert app.table_versions.compact(ANA, X).stored_bytes == 0
    with app.catalog.read() as tx:
        leaves = tx.entries.leaves()
    assert sum(b'"table:store"' in leaf for leaf in leaves) == 1
    assert first_bad(leaves) is None


def test_a_history_of_changes_keeps_every_version(app, file, table):
    draw, versions = random.Random(4), []
    now = table.slice(0, 3000)
    app.artifacts.add(ANA, X, file(now))
    versions.append(now)
    for number in range(25):
        change = draw.choice(["append", "upsert", "delete", "add"])
        if change == "append":
            rows = table.slice(3000 + number * 50, 50)
            app.table_versions.append(ANA, X, [file(rows)])
            now = pa.concat_tables([now, rows])
        elif change == "upsert":
            place = draw.randrange(now.num_rows)
            rows = edited(now, [place]).slice(place, 1)
            app.table_versions.upsert(ANA, X, [file(rows)], key=["id"])
            now = edited(now, [place])
        elif change == "delete":
            place = draw.randrange(now.num_rows)
            app.table_versions.delete(ANA, X, [file(now.slice(place, 1))], key=["id"])
            now = without(now, [place])
        else:
            now = edited(without(now, draw.sample(range(now.num_rows), 5)), draw.sample(range(now.num_rows - 5), 9))
            app.artifacts.add(ANA, X, file(now))
        versions.append(now)
    for serial, expected in enumerate(versions, 1):
        assert digest_table(held(app, f"{X}@{serial}")).digest == digest_table(expected).digest


# What is refused


def test_protected_refs_are_changed_by_no_one(app, file, table, added):
    with app.catalog.begin() as tx:
        tx.refs.move(Move(parse_ref("model/x")[0], 0, None, added.digest, ANA.principal, 0, "x"))
    rows = [file(table)]
    for change in (
        lambda: app.table_versions.append(ANA, "model/x", rows),
        lambda: app.table_versions.upsert(ANA, "model/x", rows, key=["id"]),
        lambda: app.table_versions.delete(ANA, "model/x", rows, key=["id"]),
        lambda: app.table_versions.compact(ANA, "model/x"),
        lambda: app.table_versions.add(ANA, "model/x", rows),
    ):
        with pytest.raises(Denied, match="protected-ref"):
            change()


def test_versions_unknown_refs_and_other_kinds_are_refused(app, file, table, added):
    rows = [file(table)]
    with pytest.raises(Invalid, match="versions stay"):
        app.table_versions.append(ANA, f"{X}@1", rows)
    with pytest.raises(RefNotFound, match="data/y does not exist"):
        app.table_versions.append(ANA, "data/y", rows)
    (app.settings.root / "f.txt").write_text("x")
    app.artifacts.add(ANA, "data/f", app.settings.root / "f.txt")
    with pytest.raises(Invalid, match="points at a set of files"):
        app.table_versions.append(ANA, "data/f", rows)
    with pytest.raises(Invalid, match="no file"):
        app.table_versions.append(ANA, X, [])
    app.artifacts.add(ANA, "data/n", file(table.select(["name"])))
    with pytest.raises(Invalid, match="id is not in the table"):
        app.table_versions.append(ANA, "data/n", rows)


def test_an_upsert_loses_to_who_moved_the_ref_first(app, file, table, added, monkeypatch):
    versions = type(app.table_versions.parts.versions)
    real = versions.upserted

    def slow(self, *arguments):
        app.refs.move(
            ANA,
            X,
            to=app.artifacts.add(ANA, "data/z", file(table.slice(1))).artifact.digest,
            expect=added.digest,
            reason="first",
        )
        return real(self, *arguments)

    monkeypatch.setattr(versions, "upserted", slow)
    with pytest.raises(RefMoved, match="ana moved it"):
        app.table_versions.upsert(ANA, X, [file(table.slice(0, 1).set_column(0, "id", pa.array([-9])))], key=["id"])
    assert held(app).equals(table.slice(1))


# At once

APPENDER = """
import sys
from pathlib import Path
from remint.app import App
from remint.config import load
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context

root, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
app = App(load(root, environment={}))
appender = app.table_versions.appender(Context(PrincipalId("ana"), "main"), "data/x")
print("ready", flush=True)
sys.stdin.readline()
for _ in range(count):
    appender.append([root / f"{name}.parquet"])
app.close()
"""


def test_two_that_append_at_once_lose_no_row(app, file, table):
    app.artifacts.add(ANA, X, file(table.slice(0, 10)))
    root = app.settings.root
    for name in ("a", "b"):
        write_segment(table.slice(0, 3).set_column(2, "name", pa.array([name] * 3)), root / f"{name}.parquet")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": {"PYTHONPATH": str(ROOT / "src")}}
    both = [subprocess.Popen([sys.executable, "-c", APPENDER, str(root), name, "40"], **pipes) for name in ("a", "b")]
    assert [one.stdout.readline() for one in both] == ["ready\n"] * 2
    for one in both:
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in both:
        one.communicate(timeout=100)
    assert [one.returncode for one in both] == [0, 0]
    names = held(app)["name"].to_pylist()[10:]
    assert (names.count("a"), names.count("b"), len(names)) == (120, 120, 240)
    assert app.refs.log(ANA, X)[0].serial == 81


# The other doors


def test_the_client_appends_with_one_appender(app, file, table, added):
    with connect(app.settings.root) as client:
        appender = client.tables.appender(X)
        assert [appender.append([file(table.slice(0, 2))]).added for _ in range(3)] == [2, 2, 2]
    assert held(app).num_rows == ROWS + 6


def given(app, name=X):
    """Return a table as a step gets it."""
    artifact = app.refs.artifact(ANA, name)
    return read_input("table", artifact.digest, list(app.artifacts.files(artifact.digest)), artifact.facts)


def test_a_step_gets_the_table_with_its_edits_and_gives_the_same_back(app, file, table, added, tmp_path):
    app.table_versions.delete(ANA, X, [file(pa.table({"id": [7]}))], key=["id"])
    app.table_versions.append(ANA, X, [file(table.slice(0, 2))])
    found = given(app)
    expected = pa.concat_tables([without(table, [7]), table.slice(0, 2)])
    assert found.arrow().equals(expected)
    assert found.schema.equals(expected.schema)
    assert found.sql("select count(*)::bigint as n from this").column("n") == [ROWS + 1]
    assert found.polars().height == ROWS + 1
    more = found.append(Table(table.slice(5, 1)))
    parts, facts = write_output("table", more, tmp_path / "out")
    places = [(name, tmp_path / "out" / place if not place.startswith("b3:") else place) for name, place in parts]
    kept = app.artifacts.keep(Kind.TABLE, [(name, digest_of(place)) for name, place in places], facts).artifact
    assert kept.digest == digest_table(pa.concat_tables([expected, table.slice(5, 1)])).digest
    assert files_of(kept.parts)[:3] == files_of(app.refs.artifact(ANA, X).parts)


def digest_of(place):
    return Digest.parse(place) if isinstance(place, str) else place


def test_polars_that_is_not_installed_is_named(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(Invalid, match=r"remint\[polars\]"):
        Table(table).polars()


def test_files_are_given_to_other_programs_only_without_edits(app, file, table, added):
    assert pq.read_table(given(app).paths()[0]).equals(table)
    app.table_versions.delete(ANA, X, [file(pa.table({"id": [7]}))], key=["id"])
    with pytest.raises(Invalid, match="remint compact"):
        given(app).paths()
    app.table_versions.compact(ANA, X)
    assert pq.read_table(given(app).paths()[0]).equals(without(table, [7]))
    with pytest.raises(Invalid, match="not stored"):
        Table(table).paths()


def test_a_checkout_writes_files_that_others_read_in_order(app, file, table, added, tmp_path):
    app.table_versions.delete(ANA, X, [file(pa.table({"id": [7]}))], key=["id"])
    app.table_versions.append(ANA, X, [file(table.slice(0, 2))])
    digest = app.refs.artifact(ANA, X).digest
    assert app.artifacts.checkout(digest, tmp_path / "out") == 2
    places = sorted((tmp_path / "out").iterdir())
    assert [place.name for place in places] == ["00000.parquet", "00001.parquet"]
    read = pa.concat_tables([pq.read_table(place) for place in places])
    assert read.equals(pa.concat_tables([without(table, [7]), table.slice(0, 2)]))


# What is tracked


def state(app):
    return app.tracking.status("main")[0].state


@pytest.mark.parametrize("with_index", [True, False])
def test_status_tells_whether_the_file_of_a_table_changed(app, file, table, added, with_index):
    path = app.settings.root / "0.parquet"
    write_segment(without(table, [3]), path)
    app.artifacts.add(ANA, X, path)
    if not with_index:
        shutil.rmtree(app.settings.state / "index")
    assert state(app) == "unchanged"
    write_segment(table, path)
    assert state(app) == "changed"


def test_adding_a_file_that_did_not_change_brings_its_table_back(app, file, table, added):
    path = app.settings.root / "0.parquet"
    done = app.artifacts.add(ANA, X, path)
    assert (done.moved, done.change.stored_bytes) == (False, 0)
    app.table_versions.append(ANA, X, [file(table.slice(0, 1))])
    done = app.artifacts.add(ANA, X, path)
    assert done.moved
    assert held(app).equals(table)


def test_a_table_that_is_not_there_is_not_found(app):
    with pytest.raises(NotFound):
        app.artifacts.add(ANA, X, app.settings.root / "no.parquet", table=True)
