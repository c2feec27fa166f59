"""Only what was approved, byte for byte, is served."""

import numpy as np
import pyarrow as pa
import pytest

from remint.adapters.tables.parquet import read_segments, write_segment
from remint.core.artifact import Kind
from remint.core.change import Change, PlannedMove, Step
from remint.core.ids import ChangeId
from remint.core.prediction import model_ref
from remint.core.ref import Move
from remint.errors import Corrupt, Denied, Diverged, Invalid, RefNotFound
from remint.sdk.codecs import write_output
from remint.sdk.model import Model
from tests.support.projects import FEATURES, alter

X = model_ref("x")


def move_without_change(project, digest, change=None):
    with project.app.catalog.begin() as tx:
        current = tx.refs.get(X)
        assert tx.refs.move(Move(X, 0, current.artifact, digest, project.ana.principal, 1, "by hand", change=change))


def test_an_approved_model_is_loaded_and_scores_as_it_did(project):
    served = project.app.serving.load(X)
    x, _ = project.data(1)
    assert served.scores(x).tobytes() == project.fit(1).predict_proba(x)[:, 1].tobytes()
    assert (served.ref.artifact, served.features, served.change, served.probe_rows) == (project.first, FEATURES, "1", 64)
    assert dict(served.outputs) == {"score": "FP64", "label": "INT64"}


def test_labels_are_what_the_estimator_predicts(project):
    served = project.app.serving.load(X)
    x, _ = project.data(2)
    assert served.labels(served.scores(x)).tolist() == project.fit(1).predict(x).tolist()


def test_a_ref_that_does_not_exist_is_not_served(project):
    with pytest.raises(RefNotFound):
        project.app.serving.load(model_ref("y"))


def test_a_model_that_no_change_put_there_is_not_served(project):
    move_without_change(project, project.keep(project.fit(2), 2))
    with pytest.raises(Denied, match="merged-change"):
        project.app.serving.load(X)


def test_a_change_that_says_another_move_does_not_count(project):
    move_without_change(project, project.keep(project.fit(2), 2), change=ChangeId("1"))
    with pytest.raises(Denied, match="no change says this move"):
        project.app.serving.load(X)


def forged(project, digest, *, approve=True, merge=True):
    """Write a change into the catalog as someone with access to its file could."""
    app = project.app
    with app.catalog.begin() as tx:
        old = tx.refs.get(X).artifact
        planned = PlannedMove(X, old, digest)
        people = frozenset({project.ana.principal})
        change_id = tx.changes.add(Change(ChangeId(""), "t", (planned,), project.ana.principal, people, 1))
        tx.changes.step(change_id, Step("open", project.ana.principal, 1))
        if approve:
            tx.changes.step(change_id, Step("approve", project.bo.principal, 2, "approver", "", b"{}", bytes(64)))
        if merge:
            tx.changes.step(change_id, Step("merge", project.ana.principal, 3))
    move_without_change(project, digest, change=change_id)


def test_an_approval_that_is_not_signed_does_not_count(project):
    forged(project, project.keep(project.fit(2), 2))
    with pytest.raises(Denied, match="signed-approvals"):
        project.app.serving.load(X)


def test_a_merge_without_approvals_does_not_count(project):
    forged(project, project.keep(project.fit(2), 2), approve=False)
    with pytest.raises(Denied, match="signed-approvals"):
        project.app.serving.load(X)


def test_an_open_change_does_not_count(project):
    forged(project, project.keep(project.fit(2), 2), merge=False)
    with pytest.raises(Denied, match="never merged"):
        project.app.serving.load(X)


@pytest.mark.parametrize("file", ["model.skops", "probe.parquet"])
def test_a_model_with_an_altered_byte_is_not_served(project, file):
    alter(project.blob_of(project.first, file))
    with pytest.raises(Corrupt):
        project.app.serving.load(X)


@pytest.mark.parametrize("file", ["model.skops", "probe.parquet"])
def test_a_model_with_a_missing_file_is_not_served(project, file):
    project.blob_of(project.first, file).unlink()
    with pytest.raises(Corrupt):
        project.app.serving.load(X)


def test_an_alteration_after_loading_is_noticed(project):
    project.app.serving.load(X)
    project.app.serving.verify(project.first)
    alter(project.blob_of(project.first, "model.skops"))
    with pytest.raises(Corrupt):
        project.app.serving.verify(project.first)


def keep_with_probe(project, change_scores):
    x, _ = project.data(3)
    folder = project.root / ".remint" / "scratch" / "other"
    parts, facts = write_output(Kind.MODEL, Model(project.fit(3), features=FEATURES, probe=x[:8]), folder)
    table = read_segments([folder / "probe.parquet"])
    scores = change_scores(table["score"].to_numpy())
    write_segment(table.set_column(table.num_columns - 1, "score", pa.array(scores)), folder / "probe.parquet")
    kept = project.app.artifacts.keep(Kind.MODEL, [(name, folder / place) for name, place in parts], facts).artifact
    project.app.blobs.flush()
    with project.app.catalog.begin() as tx:
        tx.artifacts.add(kept, at_us=1)
    return kept.digest


def test_a_model_that_scores_its_probe_one_bit_differently_is_not_served(project):
    project.promote(keep_with_probe(project, lambda scores: np.nextafter(scores, 1)))
    with pytest.raises(Diverged, match="8 of 8 rows differ"):
        project.app.serving.load(X)


def test_a_model_that_scores_its_probe_the_same_is_served(project):
    project.promote(keep_with_probe(project, lambda scores: scores))
    assert project.app.serving.load(X).probe_rows == 8


def test_a_model_of_three_classes_is_not_served(project):
    from sklearn.tree import DecisionTreeClassifier

    x, _ = project.data(4)
    project.promote(project.keep(DecisionTreeClassifier(max_depth=2).fit(x, np.arange(len(x)) % 3), 4))
    with pytest.raises(Invalid, match="no single score"):
        project.app.serving.load(X)


def test_a_regressor_is_served_with_its_prediction_as_the_score(project):
    from sklearn.ensemble import HistGradientBoostingRegressor

    x, _ = project.data(5)
    fitted = HistGradientBoostingRegressor(max_iter=5).fit(x, x[:, 0])
    project.promote(project.keep(fitted, 5))
    served = project.app.serving.load(X)
    assert dict(served.outputs) == {"score": "FP64"}
    assert served.scores(x).tolist() == fitted.predict(x).tolist()


def test_a_rollback_is_served_again(project):
    project.release(2)
    project.promote(project.first)
    assert (project.app.serving.load(X).ref.artifact, project.app.serving.load(X).ref.serial) == (project.first, 3)
