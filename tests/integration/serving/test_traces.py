"""A prediction leads to the model, the run, the data, the code, the environment and the people behind it."""

import numpy as np
import pytest

from remint.core.artifact import Kind
from remint.core.ids import made_at_us
from remint.core.prediction import Status, prediction_ids
from remint.core.tableversion import files_of
from remint.errors import Corrupt, InvalidName, NotFound
from remint.ports.usage import Batch
from tests.support.projects import FEATURES, alter


def answered(project, digest=None):
    """Log one prediction as a server would; return its id."""
    at_us = project.app.clock.now_us()
    [made] = prediction_ids(at_us, project.app.clock.entropy(8), 1)
    rows = np.array([[100.0, 5.0, np.nan]])
    given = Batch(digest or project.first, FEATURES, [made], [at_us], ["AA1"], [Status.OK], np.array([0.25]), [800], rows)
    project.app.usage_logs.writer("x").append(given)
    return made


def test_a_trace_names_everything_behind_a_prediction(project):
    made = answered(project)
    project.app.usage.seal(project.ana, "x")
    found = project.app.traces.trace(made)
    assert (found.prediction.key, found.prediction.score, found.prediction.at_us) == ("AA1", 0.25, made_at_us(made))
    assert found.prediction.features == {"distance": 100.0, "hour": 5.0, "wind": None}
    assert (found.prediction.model, found.version) == (project.first, "main:model/x@1")
    assert (found.change.proposed_by, found.change.merged_by) == ("ana", "ana")
    assert [(one.by, one.role, one.verified) for one in found.change.approvals] == [("bo", "approver", True)]
    assert (found.maker.step, found.maker.by, found.maker.git["commit"]) == ("pipeline:train", "ana", "1f2e3d4c" * 5)
    assert project.app.artifacts.get(found.maker.code).kind is Kind.CODE
    assert project.app.artifacts.get(found.maker.environment).kind is Kind.ENVIRONMENT
    assert [node.refs for node in found.data] == [("main:data/rows@1",)]
    assert found.lineage.unknown() == []


def test_a_prediction_is_traced_before_it_is_sealed(project):
    found = project.app.traces.trace(answered(project))
    assert (found.segment, found.prediction.score) == (None, 0.25)


def test_the_same_prediction_is_traced_the_same_before_and_after_sealing(project):
    made = answered(project)
    before = project.app.traces.trace(made)
    project.app.usage.seal(project.ana, "x")
    assert project.app.traces.trace(made).prediction == before.prediction


def test_a_prediction_is_traced_to_the_version_that_answered_it(project):
    first = answered(project)
    second = answered(project, project.release(2))
    project.promote(project.first)
    third = answered(project)
    assert [project.app.traces.trace(one).version for one in (first, second, third)] == [
        "main:model/x@1",
        "main:model/x@2",
        "main:model/x@3",
    ]


def test_an_id_with_dashes_is_the_same_id(project):
    made = answered(project)
    dashed = "-".join([made[:8], made[8:12], made[12:16], made[16:20], made[20:]])
    assert project.app.traces.trace(dashed).prediction.id == made


def test_a_prediction_nobody_made_is_not_found(project):
    answered(project)
    with pytest.raises(NotFound):
        project.app.traces.trace(prediction_ids(1_700_000_000_000_000, bytes(8), 1)[0])
    with pytest.raises(InvalidName):
        project.app.traces.trace("x' or 1=1")


def test_an_altered_log_segment_is_not_traced(project):
    made = answered(project)
    segment = project.app.usage.seal(project.ana, "x").segments[0]
    [part] = files_of(project.app.artifacts.get(segment).parts)
    alter(project.blob_of(segment, part.path))
    with pytest.raises(Corrupt):
        project.app.traces.trace(made)


def test_an_altered_model_is_not_traced(project):
    made = answered(project)
    alter(project.blob_of(project.first, "model.skops"))
    with pytest.raises(Corrupt):
        project.app.traces.trace(made)


def test_an_altered_live_log_is_not_traced(project):
    made = answered(project)
    [path] = (project.root / ".remint" / "usage" / "x").glob("*.log")
    alter(path, len(path.read_bytes()) - 3)
    with pytest.raises(Corrupt):
        project.app.traces.trace(made)
