"""Predictions of one person leave the usage logs; those of others stay, and are traced as before."""

import pytest

from remint.core.ids import PredictionId
from remint.errors import Conflict, NotFound
from remint.ports.usecases.erasures import Demand
from tests.integration.serving.test_sealing import rows_of, seal
from tests.integration.serving.test_traces import answered
from tests.support.batches import batch
from tests.support.leaks import places_of
from tests.support.projects import FEATURES

HIM = Demand("Q7W-0491", "request 81", "key")


def erase(project, demand=HIM):
    return project.app.erasures.erase(project.ana, demand)


def log(project, *batches, complete=True):
    writer = project.app.usage_logs.writer("x")
    for one in batches:
        writer.append(one)
    if complete:
        writer.close()
    return writer


def test_an_open_log_that_nobody_writes_is_sealed_and_then_loses_the_rows(project):
    log(project, batch(1), batch(2, key="Q7W-0491"))
    done = erase(project)
    assert done.erasure is not None
    assert rows_of(project) == list(batch(1).ids)
    assert project.app.usage_logs.pieces("x") == []
    assert places_of(project.root / ".remint", "Q7W-0491") == []


def test_a_log_that_a_server_writes_stops_it(project):
    writer = log(project, batch(1, key="Q7W-0491"), complete=False)
    with pytest.raises(Conflict, match="a server writes the usage log of x, and 3 rows of the subject are in it"):
        erase(project)
    assert project.app.erasures.list() == []
    writer.close()
    assert erase(project).erasure.number == 1
    assert places_of(project.root / ".remint", "Q7W-0491") == []


def test_a_log_that_a_server_writes_without_such_rows_stops_nothing(project):
    writer = log(project, batch(1), complete=False)
    log(project, batch(2, key="Q7W-0491"))
    assert erase(project).erasure.number == 1
    writer.append(batch(3))
    writer.close()
    seal(project)
    assert sorted(rows_of(project)) == sorted([*batch(1).ids, *batch(3).ids])


def test_a_dry_run_seals_nothing_and_counts_what_is_open(project):
    log(project, batch(1, key="Q7W-0491"))
    would = erase(project, Demand(HIM.value, HIM.reason, HIM.column, dry_run=True))
    assert would.open_logs == {"x": 3}
    assert len(project.app.usage_logs.pieces("x")) == 1
    assert not list((project.root / ".remint" / "usage").rglob("*.parquet"))


def test_what_comes_after_is_appended_to_what_is_left(project):
    for number, key in ((1, "AA1"), (2, "Q7W-0491"), (3, "AA1")):
        log(project, batch(number, key=key))
        seal(project)
    erase(project)
    log(project, batch(4))
    assert seal(project).rows == 3
    assert rows_of(project) == [one for number in (1, 3, 4) for one in batch(number).ids]
    with project.app.catalog.read() as tx:
        assert sum(one.rows for one in tx.log_segments.of("x")) == 9


def test_the_predictions_of_others_in_the_same_segment_are_traced_as_before(project):
    made = answered(project)
    log(project, batch(1, key="Q7W-0491", features=FEATURES, model=project.first))
    seal(project)
    before = project.app.traces.trace(made)
    erase(project)
    after = project.app.traces.trace(made)
    assert (after.prediction, after.version) == (before.prediction, before.version)
    assert after.segment != before.segment
    with pytest.raises(NotFound):
        project.app.traces.trace(PredictionId(batch(1).ids[0]))


def test_a_model_whose_probe_holds_the_rows_is_named(project):
    rows = project.app.tables.rows(
        [path for _, path in project.app.artifacts.files(project.app.refs.artifact(project.ana, "data/rows").digest)], limit=1
    )
    said = erase(project, Demand(repr(rows[0]["distance"]), "request 81", "distance")).certificate
    assert [(one["model"], one["production"], one["trained"], one["probe"]) for one in said["models"]] == [
        (project.first, True, True, True)
    ]
