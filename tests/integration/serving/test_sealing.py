"""Usage logs become versions of a table, each prediction exactly once."""

import pytest

from remint.core.prediction import log_ref
from remint.core.tableversion import files_of
from remint.errors import Corrupt
from tests.support.batches import batch

LOG = log_ref("x")


def seal(project):
    return project.app.usage.seal(project.ana, "x")


def rows_of(project, version=""):
    artifact = project.app.refs.artifact(project.ana, f"log/x{version}")
    files = [path for _, path in project.app.artifacts.files(artifact.digest)]
    return [row["prediction_id"] for row in project.app.tables.rows(files, limit=100_000)]


def entries(project):
    with project.app.catalog.read() as tx:
        return [leaf for leaf in tx.entries.leaves() if b'"log:seal"' in leaf]


def test_sealing_moves_the_ref_of_the_log_with_an_entry(project):
    project.app.usage_logs.writer("x").append(batch(1))
    sealed = seal(project)
    assert (sealed.rows, len(sealed.segments)) == (3, 1)
    assert rows_of(project) == list(batch(1).ids)
    assert len(entries(project)) == 1


def test_sealing_twice_seals_once(project):
    writer = project.app.usage_logs.writer("x")
    writer.append(batch(1))
    seal(project)
    assert (seal(project).rows, len(entries(project))) == (0, 1)
    writer.append(batch(2))
    assert seal(project).rows == 3
    assert rows_of(project) == [*batch(1).ids, *batch(2).ids]


def test_a_version_of_the_log_is_made_of_all_segments_so_far(project):
    writer = project.app.usage_logs.writer("x")
    for number in (1, 2, 3):
        writer.append(batch(number))
        seal(project)
    log = project.app.refs.artifact(project.ana, "log/x")
    earlier = project.app.refs.artifact(project.ana, "log/x@2")
    assert len(files_of(log.parts)) == 3
    assert files_of(log.parts)[:2] == files_of(earlier.parts)
    project.app.artifacts.verify(log.digest)
    assert rows_of(project, "@1") == list(batch(1).ids)


def test_a_complete_piece_is_gone_when_it_is_sealed_and_a_live_one_stays(project):
    writer = project.app.usage_logs.writer("x")
    writer.append(batch(1))
    seal(project)
    assert len(project.app.usage_logs.pieces("x")) == 1
    writer.rotate()
    seal(project)
    assert project.app.usage_logs.pieces("x") == []


def test_a_model_with_other_features_starts_the_table_anew(project):
    writer = project.app.usage_logs.writer("x")
    writer.append(batch(1))
    writer.append(batch(2, features=("hour",)))
    sealed = seal(project)
    assert (sealed.rows, len(sealed.segments)) == (6, 2)
    assert rows_of(project) == list(batch(2).ids)
    writer.append(batch(3))
    seal(project)
    assert rows_of(project) == [*batch(1).ids, *batch(3).ids]


def test_two_processes_that_answered_at_the_same_time_are_sealed_together(project):
    one, other = project.app.usage_logs.writer("x"), project.app.usage_logs.writer("x")
    one.append(batch(1))
    other.append(batch(2))
    one.append(batch(3))
    seal(project)
    other.append(batch(2, rows=5, key="late"))
    one.append(batch(4))
    seal(project)
    every = {one for number in (1, 2, 3, 4) for one in batch(number).ids} | set(batch(2, rows=5).ids)
    assert sorted(rows_of(project)) == sorted(every)


def test_an_altered_log_is_not_sealed(project):
    writer = project.app.usage_logs.writer("x")
    writer.append(batch(1))
    writer.close()
    [path] = (project.root / ".remint" / "usage" / "x").glob("*.log")
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(content)
    with pytest.raises(Corrupt):
        seal(project)
    assert path.read_bytes() == content
    with project.app.catalog.read() as tx:
        assert tx.refs.get(LOG) is None
