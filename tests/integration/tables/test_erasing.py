"""Erasing from tables with long histories: every version gets a successor, and what is shared stays shared."""

import pyarrow as pa
import pytest

from remint.adapters.tables.logical import digest_table
from remint.adapters.tables.parquet import read_segments, write_segment
from remint.app import initialise
from remint.core.artifact import Kind
from remint.core.ids import RunId, uuid7
from remint.core.recipe import Recipe, Source
from remint.core.run import End, Output, Start, State
from remint.core.tableversion import files_of
from remint.errors import ArtifactErased, Conflict, Invalid
from remint.ports.usecases.erasures import Demand
from remint.services import successors
from tests.fault.worktree.dying import ANA, opened
from tests.support.leaks import places_of


@pytest.fixture
def app(tmp_path):
    from remint.app import initialise

    initialise(tmp_path, owner="ana")
    made = opened(tmp_path)
    yield made
    made.close()


def rows(first, last):
    return pa.table({"id": [f"p{number}" for number in range(first, last)], "x": range(first, last)})


def grown(app, folder, versions, *, each=10):
    """Make a table of many versions, each with some rows more."""
    for number in range(versions):
        write_segment(rows(number * each, (number + 1) * each), folder / "more.parquet")
        if number:
            app.table_versions.append(ANA, "data/people", [folder / "more.parquet"])
        else:
            app.artifacts.add(ANA, "data/people", folder / "more.parquet")


def versions_of(app):
    return [move.new for move in reversed(app.refs.log(ANA, "data/people", limit=1000))]


def table_of(app, digest):
    return read_segments([path for _, path in app.artifacts.files(digest)])


def test_every_version_that_had_the_row_has_a_successor_that_is_what_a_plain_filter_leaves(app, tmp_path, monkeypatch):
    grown(app, tmp_path, 40)
    before = versions_of(app)
    read = []
    real = successors.TableParts.made_of
    monkeypatch.setattr(successors.TableParts, "made_of", lambda self, parts: read.append(len(parts)) or real(self, parts))
    said = app.erasures.erase(ANA, Demand("p25", "asked", "id")).certificate
    found = {one["table"]: one["successor"] for one in said["tables"]}
    assert set(found) == set(before[2:])
    for number, digest in enumerate(before[2:], 3):
        expected = pa.concat_tables([rows(0, 25), rows(26, number * 10)])
        assert found[digest] == digest_table(expected).digest
        app.artifacts.verify(found[digest])
    assert table_of(app, before[1]).equals(rows(0, 20))
    assert len(read) < 12  # most are made of the one before and what was appended, as the versions were
    assert places_of(tmp_path / ".remint", "p25'") == []


def test_segments_without_such_a_row_are_shared_on(app, tmp_path):
    grown(app, tmp_path, 6)
    before = app.artifacts.get(versions_of(app)[-1])
    app.erasures.erase(ANA, Demand("p25", "asked", "id"))
    after = app.refs.artifact(ANA, "data/people")
    shared = {part.blob for part in files_of(before.parts)} & {part.blob for part in files_of(after.parts)}
    assert (len(files_of(before.parts)), len(files_of(after.parts)), len(shared)) == (6, 6, 5)


def test_what_was_given_up_before_is_named_as_not_here(app, tmp_path):
    grown(app, tmp_path, 3)
    write_segment(rows(100, 110), tmp_path / "other.parquet")
    gone = app.artifacts.add(ANA, "data/other", tmp_path / "other.parquet").artifact.digest
    write_segment(rows(200, 210), tmp_path / "other.parquet")
    app.artifacts.add(ANA, "data/other", tmp_path / "other.parquet")
    app.blobs.sweep(lambda: {part.blob.raw for digest in versions_of(app) for part in app.artifacts.get(digest).parts})
    said = app.erasures.erase(ANA, Demand("p25", "asked", "id")).certificate
    assert gone in said["not_examined"]["absent"]
    assert said["examined"]["tables"] == 3


def test_a_value_that_is_no_text_is_refused(app):
    with pytest.raises(Invalid, match="a text cannot be encoded"):
        app.erasures.erase(ANA, Demand("\udcff", "asked", "id"))


def test_two_columns_of_the_setting_are_compared_at_once(tmp_path):
    (tmp_path / "remint.toml").write_text('[subjects]\n"data/*" = "id"\n"log/*" = "key"\n')
    initialise(tmp_path, owner="ana")
    app = opened(tmp_path)
    table = pa.table({"id": ["p1", "p2", "p3"], "key": ["p2", "p1", None]})
    write_segment(table, tmp_path / "more.parquet")
    kept = app.artifacts.keep(Kind.TABLE, [("more.parquet", tmp_path / "more.parquet")], {}).artifact
    with app.catalog.begin() as tx:
        tx.artifacts.add(kept, at_us=app.clock.now_us())
    said = app.erasures.erase(ANA, Demand("p1", "asked")).certificate
    assert [(one["rows"], one["refs"]) for one in said["tables"]] == [(2, [])]
    assert table_of(app, said["tables"][0]["successor"]).equals(table.slice(2))
    app.close()


def ended(app, inputs, outputs):
    """Record a run that made some artifacts of others; return its id."""
    recipe = Recipe("m:f", inputs[0], {}, {"data": Source(artifact=inputs[0])}, inputs[0], {"n": len(outputs)}, {})
    begun = start(app, recipe, inputs[0])
    made = {str(place): Output(one.digest, one.digest) for place, one in enumerate(outputs)}
    with app.catalog.begin() as tx:
        for one in outputs:
            tx.artifacts.add(one, at_us=app.clock.now_us())
        tx.recipes.add(recipe)
        tx.runs.start(begun)
        tx.runs.end(End(begun.id, State.DONE, app.clock.now_us(), outputs=made, guarded=True))
    return begun.id


def start(app, recipe, given):
    return Start(
        id=RunId(uuid7(app.clock.now_us(), app.clock.entropy(8))),
        recipe=recipe.key(),
        run_key=recipe.key(),
        inputs={"data": given},
        workspace="main",
        by=ANA.principal,
        at_us=app.clock.now_us(),
        why="first",
        code=given,
        place=app.processes.here(),
    )


def test_a_set_of_files_that_was_made_of_the_rows_is_given_up_whole(app, tmp_path):
    grown(app, tmp_path, 3)
    table = versions_of(app)[-1]
    (tmp_path / "letters").mkdir()
    for number in range(30):
        (tmp_path / "letters" / f"{number}.txt").write_text(f"dear p{number}: hello")
    kept = app.artifacts.keep(Kind.FILES, [(path.name, path) for path in sorted((tmp_path / "letters").iterdir())], {}).artifact
    run = ended(app, [table], [kept])
    later = ended(app, [kept.digest], [app.artifacts.keep(Kind.VALUE, [("v.json", app.blobs.put(b'"p25"'))], {}).artifact])
    said = app.erasures.erase(ANA, Demand("p25", "asked", "id")).certificate
    assert [(one["artifact"], one["kind"]) for one in said["derived"]] == [(kept.digest, "files")]
    assert said["runs"] == sorted([run, later])
    assert [(one["kind"], one["value_found"]) for one in said["kept"]] == [("value", True)]
    assert not app.artifacts.present(kept.digest)
    with pytest.raises(ArtifactErased, match="erasure 1 gave it up"):
        app.artifacts.files(kept.digest)
    assert places_of(tmp_path / ".remint", "dear p25") == []
    app.storage.collect(ANA, unused_days=0)


def test_rows_that_come_while_it_goes_on_go_too(app, tmp_path):
    grown(app, tmp_path, 3)

    def append(_receipt):
        write_segment(pa.table({"id": ["p25", "late"], "x": [-1, -2]}), tmp_path / "more.parquet")
        app.table_versions.append(ANA, "data/people", [tmp_path / "more.parquet"])

    done = app.erasures.erase(ANA, Demand("p25", "asked", "id"), on_receipt=append)
    left = table_of(app, app.refs.artifact(ANA, "data/people").digest)
    assert left["id"].to_pylist() == [*(f"p{number}" for number in range(30) if number != 25), "late"]
    assert sorted(one["rows"] for one in done.certificate["tables"]) == [1, 2]
    assert places_of(tmp_path / ".remint", "p25'") == []


def test_a_hold_that_comes_while_it_goes_on_wins(app, tmp_path):
    grown(app, tmp_path, 3)
    before = versions_of(app)
    with pytest.raises(Conflict, match="a hold wins"):
        app.erasures.erase(
            ANA,
            Demand("p25", "asked", "id"),
            on_receipt=lambda _receipt: app.storage.hold(ANA, "data/people", reason="a court asked"),
        )
    assert (versions_of(app), app.erasures.list()) == (before, [])
    app.artifacts.verify(before[-1])


def test_bytes_of_an_earlier_layout_go_too(app, tmp_path):
    grown(app, tmp_path, 6)
    app.table_versions.compact(ANA, "data/people")
    app.erasures.erase(ANA, Demand("p25", "asked", "id"))
    assert places_of(tmp_path / ".remint", "p25'") == []


def test_a_run_that_reads_what_would_go_stops_it(app, tmp_path):
    grown(app, tmp_path, 3)
    digest = versions_of(app)[-1]
    with app.catalog.begin() as tx:
        recipe = Recipe("m:f", digest, {}, {"data": Source(artifact=digest)}, digest, {}, {})
        tx.recipes.add(recipe)
        tx.runs.start(start(app, recipe, digest))
    with pytest.raises(Conflict, match="reads what would go"):
        app.erasures.erase(ANA, Demand("p25", "asked", "id"))
    assert app.erasures.list() == []
