"""Sets of files over a real store and catalog."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from remint.app import App, initialise
from remint.config import load
from remint.core.artifact import Kind
from remint.core.digest import digest_bytes
from remint.core.ids import PrincipalId
from remint.errors import BlobAltered, BlobMissing, Corrupt, Invalid
from remint.ports.usecases.context import Context

ANA = Context(PrincipalId("ana"), "main")


@pytest.fixture
def app(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    initialise(root, owner="ana")
    for number in range(3):
        (root / "in" / f"{number}").mkdir(parents=True)
        (root / "in" / f"{number}" / "file").write_text(f"text {number}")
    opened = App(load(root, environment={}))
    yield opened
    opened.close()


@pytest.fixture
def added(app):
    return app.artifacts.add(ANA, "data/in", app.settings.root / "in").artifact


def contents(app, artifact, tmp_path):
    app.artifacts.checkout(artifact.digest, tmp_path / "out")
    return {place.relative_to(tmp_path / "out").as_posix(): place.read_text() for place in (tmp_path / "out").rglob("file*")}


def test_the_parts_of_a_set_are_its_segments_and_its_facts_count_it(app, added):
    assert [(part.path, part.size_bytes) for part in added.parts] == [("0/file", 18)]
    assert added.facts == {"files": 3, "bytes": 18, "segment_rows": [3]}
    assert app.artifacts.get(added.digest) == added


@pytest.mark.parametrize(
    "harm",
    [
        lambda made: replace(made, parts=()),
        lambda made: replace(made, parts=(replace(made.parts[0], size_bytes=17),)),
        lambda made: replace(made, parts=(replace(made.parts[0], blob=digest_bytes(b"other")),)),
        lambda made: replace(made, parts=made.parts * 2),
        lambda made: replace(made, facts={**made.facts, "files": 4}),
        lambda made: replace(made, facts={**made.facts, "segment_rows": [2]}),
        lambda made: replace(made, facts={}),
    ],
    ids=["no parts", "size", "blob", "a part twice", "files", "rows", "no facts"],
)
def test_an_altered_record_is_refused(app, added, harm):
    altered = harm(added)
    with pytest.raises(BlobAltered, match="is not what its name says"):
        list(app.artifacts.rows(altered))
    with pytest.raises(BlobAltered, match="is not what its name says"):
        app.artifacts.difference(added, altered)


def test_a_part_that_begins_with_another_path_is_refused(app, added):
    altered = replace(added, parts=(replace(added.parts[0], path="0/other"),))
    with pytest.raises(Corrupt, match="is not the recorded one"):
        list(app.artifacts.rows(altered))


def test_a_whole_set_is_present_and_verified(app, added):
    app.artifacts.verify(added.digest)
    assert app.artifacts.present(added.digest)


def test_a_set_whose_bytes_are_gone_is_found_out(app, added, tmp_path):
    (app.settings.state / "store").rename(tmp_path / "gone")
    app.close()
    again = App(app.settings)
    assert not again.artifacts.present(added.digest)
    with pytest.raises(BlobMissing):
        again.artifacts.verify(added.digest)
    with pytest.raises(BlobMissing):
        again.artifacts.checkout(added.digest, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    again.close()


def test_files_of_a_run_and_of_the_store_make_one_set(app, added, tmp_path):
    (tmp_path / "new").write_text("new")
    held = next(app.artifacts.rows(added)).each()
    kept = app.artifacts.keep(Kind.FILES, [("file-new", tmp_path / "new"), *((f"file-{p[0]}", d) for p, d, _ in held)], {})
    with app.catalog.begin() as tx:
        tx.artifacts.add(kept.artifact, at_us=0)
    found = contents(app, kept.artifact, tmp_path)
    assert found == {"file-new": "new", "file-0": "text 0", "file-1": "text 1", "file-2": "text 2"}
    assert kept.stored == kept.artifact.digest


def test_a_table_that_holds_a_segment_twice_is_written_with_both(app, tmp_path):
    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "rows.parquet")
    blob = app.blobs.put_file(tmp_path / "rows.parquet", whole=True)[0]
    kept = app.artifacts.keep(Kind.TABLE, [("a", blob), ("b", blob)], {})
    with app.catalog.begin() as tx:
        tx.artifacts.add(kept.artifact, at_us=0)
    assert app.artifacts.checkout(kept.artifact.digest, tmp_path / "out") == 2
    assert [pq.read_table(place).num_rows for place in (tmp_path / "out").iterdir()] == [2, 2]


def test_a_set_without_files_is_one(app, tmp_path):
    kept = app.artifacts.keep(Kind.FILES, [], {})
    with app.catalog.begin() as tx:
        tx.artifacts.add(kept.artifact, at_us=0)
    app.artifacts.verify(kept.artifact.digest)
    assert (contents(app, kept.artifact, tmp_path), kept.artifact.parts) == ({}, ())


def test_a_file_and_a_folder_of_one_name_are_no_set(app, tmp_path):
    (tmp_path / "x").touch()
    with pytest.raises(Invalid, match="a file and a folder at once"):
        app.artifacts.keep(Kind.FILES, [("a", tmp_path / "x"), ("a/b", tmp_path / "x")], {})


def test_the_same_files_added_from_elsewhere_are_the_same_artifact(app, added):
    (app.settings.root / "in").rename(app.settings.root / "moved")
    again = app.artifacts.add(ANA, "data/in", app.settings.root / "moved")
    assert (again.artifact.digest, again.moved, again.read) == (added.digest, False, 3)
    assert [one.path for one in app.tracking.status("main")] == ["moved"]


def test_a_path_typed_in_another_way_is_the_same_path(app, added):
    again = app.artifacts.add(ANA, "data/in", app.settings.root / "in" / "0" / "..")
    assert again.artifact.digest == added.digest
    assert [one.path for one in app.tracking.status("main", app.settings.root / "in" / "0" / ".." / "1")] == ["in"]


def test_adding_tells_how_far_it_is(app):
    told = []
    app.artifacts.add(ANA, "data/in", app.settings.root / "in", on_progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (3, 3)
