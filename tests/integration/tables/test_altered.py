"""Tables whose bytes or records were altered or lost."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from remint.core.artifact import Part
from remint.core.digest import digest_bytes
from remint.core.tableversion import BLOCKS, files_of, is_edit
from remint.errors import BlobAltered, BlobMissing
from tests.support.tables import ANA, ROWS, X, edited, held, without


def altered(app, artifact, **changes):
    """Record an artifact otherwise than it is."""
    with app.catalog.begin() as tx:
        tx.artifacts.store_anew(replace(artifact, **changes), at_us=0)


def with_blocks(app, artifact, content):
    return (*files_of(artifact.parts), Part(BLOCKS, app.blobs.put(content), len(content)))


@pytest.mark.parametrize("content", [b"", bytes(192), b"short"])
def test_blocks_that_are_not_those_of_the_table_are_found_out(app, file, table, added, content):
    altered(app, added, parts=with_blocks(app, added, content))
    with pytest.raises(BlobAltered, match="blocks"):
        app.table_versions.append(ANA, X, [file(table.slice(0, 1))])


def test_a_last_segment_of_another_table_is_found_out(app, file, table, added):
    blob = app.blobs.put_file(file(edited(table, [ROWS - 1])), whole=True)
    part = Part(f"{blob[0].hex}.parquet", *blob)
    altered(app, added, parts=(part, added.parts[-1]))
    with pytest.raises(BlobAltered, match="its last rows do not have the digest of its last block"):
        app.table_versions.append(ANA, X, [file(table.slice(0, 1))])
    for change in ("delete", "upsert"):
        with pytest.raises(BlobAltered, match="was altered"):
            getattr(app.table_versions, change)(ANA, X, [file(table.slice(0, 1))], key=["id"])
    with pytest.raises(BlobAltered):
        app.table_versions.compact(ANA, X)


@pytest.mark.parametrize("facts", [{"rows": 5}, {"segment_rows": [5]}, {"schema": []}])
def test_facts_that_were_altered_are_found_out(app, added, facts):
    altered(app, added, facts={**added.facts, **facts})
    app.artifacts._verified.clear()
    with pytest.raises(BlobAltered, match="facts were altered"):
        app.artifacts.verify(added.digest)


def test_a_table_recorded_without_blocks_is_appended_to(app, file, table, added):
    altered(app, added, parts=files_of(added.parts))
    done = app.table_versions.append(ANA, X, [file(table.slice(0, 1))])
    assert done.artifact.parts[-1].path == BLOCKS
    assert held(app).num_rows == ROWS + 1


def test_an_edit_that_is_gone_is_named(app, file, table, added):
    done = app.table_versions.delete(ANA, X, [file(pa.table({"id": [7]}))], key=["id"])
    edit = next(part for part in done.artifact.parts if is_edit(part))
    altered(
        app,
        done.artifact,
        parts=[replace(part, blob=digest_bytes(b"no")) if part == edit else part for part in done.artifact.parts],
    )
    with pytest.raises(BlobMissing):
        held(app)


def damage(place):
    place.chmod(0o644)
    place.write_bytes(b"x" + place.read_bytes()[1:])


@pytest.mark.parametrize("harm", [damage, Path.unlink])
def test_adding_a_damaged_table_again_mends_it(app, file, table, added, harm):
    harm(app.blobs.path(added.parts[0].blob))
    assert app.artifacts.add(ANA, X, file(table)).moved is False
    assert held(app).equals(table)
    pq.write_table(table, app.settings.root / "other.parquet", compression="snappy")
    harm(app.blobs.path(added.parts[0].blob))
    app.artifacts.add(ANA, X, app.settings.root / "other.parquet")
    assert held(app).equals(table)


@pytest.mark.parametrize("harm", [damage, Path.unlink])
def test_a_changed_table_is_stored_whole_where_the_one_before_is_damaged(app, file, table, added, harm):
    harm(app.blobs.path(added.parts[0].blob))
    app.artifacts.add(ANA, X, file(without(table, [3])))
    assert held(app).equals(without(table, [3]))


def test_a_version_whose_bytes_were_given_up_gets_those_it_is_made_again_of(app, file, table, added):
    gone = replace(added, parts=(Part("0" * 64 + ".parquet", digest_bytes(b"gone"), 4), added.parts[-1]))
    app.table_versions.delete(ANA, X, [file(pa.table({"id": [7]}))], key=["id"])
    altered(app, added, parts=gone.parts)
    app.artifacts.add(ANA, X, file(table))
    assert held(app).equals(table)
