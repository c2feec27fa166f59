"""What is said of a model that rests on pinned data: regenerable while the source keeps it, and not after that."""

import pyarrow as pa
import pytest

from remint.core.artifact import Kind
from remint.sdk.codecs import write_output
from remint.sdk.model import Model
from tests.support.projects import FEATURES, ModelProject
from tests.support.remint_cli import part_of_lock
from tests.support.sources import read, write_delta

SEED = 7


@pytest.fixture
def model(tmp_path):
    """A project whose model in production was made of a pinned table."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "requirements.lock").write_text(part_of_lock())
    project = ModelProject(tmp_path / "project")
    x, y = project.data(SEED)
    project.lake = tmp_path / "delta"
    write_delta(project.lake, pa.table({**dict(zip(FEATURES, x.T, strict=True)), "late": y}))
    rows = read(project.app, "data/rows", f"delta:{project.lake}", pin=True).artifact
    folder = project.root / ".remint" / "scratch" / "model"
    parts, facts = write_output(Kind.MODEL, Model(project.fit(SEED), features=FEATURES, probe=x[:64]), folder)
    kept = project.app.artifacts.keep(Kind.MODEL, [(name, folder / place) for name, place in parts], facts)
    project._record_run(kept.artifact.digest, kept.artifact, {"data": rows.digest})
    project.promote(kept.artifact.digest)
    project.made, project.rows = kept.artifact.digest, rows.digest
    yield project
    project.close()


def vacuum(project):
    from deltalake import DeltaTable

    write_delta(project.lake, pa.table({"n": [1]}), mode="overwrite", schema_mode="overwrite")
    DeltaTable(str(project.lake)).vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    project.app.sources.check(project.ana, [])


def about_data(found):
    """Return what is missing of the data; the environment of these projects never is the one installed."""
    return [words for words in found.missing if "data/rows" in words]


def test_it_is_regenerable_while_the_source_keeps_it(model):
    found = model.app.regenerations.check(model.made)
    assert about_data(found) == []
    (words,) = found.while_kept
    assert "regenerable while the source keeps it: delta:" in words
    assert "@0, seen 20" in words


def test_the_check_reads_nothing_from_the_source(model):
    model.app.regenerations.check(model.made)
    assert not model.app.artifacts.present(model.rows)


def test_it_is_not_regenerable_once_the_source_was_found_to_keep_it_no_longer(model):
    vacuum(model)
    found = model.app.regenerations.check(model.made)
    assert "the source no longer keeps delta:" in about_data(found)[0]
    assert found.while_kept == ()


def test_a_copy_that_is_left_makes_it_regenerable_and_is_told(model):
    model.app.artifacts.files(model.rows)
    vacuum(model)
    found = model.app.regenerations.check(model.made)
    assert about_data(found) == []
    assert all("only a copy is left" in words for words in found.while_kept)


def test_rows_that_were_stored_meanwhile_rest_on_nobody(model):
    read(model.app, "data/rows", f"delta:{model.lake}")
    vacuum(model)
    found = model.app.regenerations.check(model.made)
    assert (about_data(found), found.while_kept) == ([], ())


def test_control_tells_what_a_model_rests_on(model):
    (status,) = model.app.control.models()
    assert any("regenerable while the source keeps it: delta:" in reason for reason in status.control_reasons)
    vacuum(model)
    (status,) = model.app.control.models()
    assert status.control == "not regenerable"
    assert any(reason.startswith("missing: ") and "the source no longer keeps" in reason for reason in status.control_reasons)
