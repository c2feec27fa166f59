"""The graph of the project: what reads what, and that its settings are understood."""

import pytest
from flights.months import months_between

from remint.config import load
from remint.core.gate import gates_for
from remint.sdk.project import load_pipelines
from tests.unit.demo.arrivals import PROJECT


@pytest.fixture(scope="module")
def pipelines():
    return load_pipelines(PROJECT, ["pipeline.py"])


def refs_of(call) -> set[str]:
    return {link.ref for link in call.inputs.values() if link.ref}


def calls_of(graph, name):
    return [call for call in graph.calls if call.step.qualname == name]


def test_the_pipelines_are_named_after_what_they_make(pipelines):
    assert sorted(pipelines) == [
        *["data/flights", "data/planes", "data/weather", "features/delay", "model/delay", "monitor/delay", "report/watch"],
    ]


def test_a_month_has_a_ref_of_its_own_beside_the_whole(pipelines):
    graph = pipelines["data/flights"].graph({"until": "2013-02"})
    assert [target.ref for target in graph.targets] == ["data/flights", "data/flights/2013-01", "data/flights/2013-02"]


def test_another_month_leaves_the_steps_of_earlier_ones_as_they_were(pipelines):
    short, long = (
        calls_of(pipelines["features/delay"].graph({"until": until}), "month_features") for until in ("2013-05", "2013-06")
    )
    assert long[: len(short)] == short


def test_training_never_reads_the_month_it_is_tested_on(pipelines):
    graph = pipelines["model/delay"].graph({"until": "2013-06", "test": "2013-07"})
    spring = {f"features/delay/{month}" for month in months_between("2013-01", "2013-06")}
    assert [refs_of(call) for call in (*calls_of(graph, "train"), *calls_of(graph, "train_baseline"))] == [spring, spring]
    assert refs_of(calls_of(graph, "evaluate")[0]) == {"features/delay/2013-07", "main:model/delay"}


def test_the_champion_may_be_missing(pipelines):
    judged = calls_of(pipelines["model/delay"].graph(), "evaluate")[0]
    assert [link.optional for link in judged.inputs.values() if link.ref == "main:model/delay"] == [True]


def test_limits_come_from_models_that_saw_only_earlier_months(pipelines):
    graph = pipelines["monitor/delay"].graph()
    newest = [max(refs_of(call)) for call in calls_of(graph, "train")]
    assert newest == [f"features/delay/2013-{month}" for month in ("03", "04", "05", "06")]
    assert max(refs_of(calls_of(graph, "learn_limits")[0])) == "features/delay/2013-07"


def test_the_production_model_is_one_of_the_models_the_limits_come_from(pipelines):
    production = calls_of(pipelines["model/delay"].graph(), "train")[0]
    assert production in calls_of(pipelines["monitor/delay"].graph(), "train")


def test_a_model_can_be_told_to_remember_fewer_months(pipelines):
    graph = pipelines["model/delay"].graph({"until": "2013-11", "test": "2013-12", "months": 6})
    assert min(refs_of(calls_of(graph, "train")[0])) == "features/delay/2013-06"


def test_the_settings_and_gates_are_understood():
    settings = load(PROJECT, environment={})
    gates = [gate["gate"] for gate in gates_for("model/delay", settings.table("gates"))]
    assert gates == ["better", "eval-passed", "lineage-complete", "not-worse"]
    assert settings.table("approvals") == {"approver": 1}


@pytest.mark.parametrize(("first", "last"), [("2013-02", "2013-01"), ("2013-13", "2014-01"), ("2013-1", "2013-02")])
def test_what_is_no_span_of_months_is_refused(first, last):
    with pytest.raises(ValueError, match=r"before|not a month"):
        months_between(first, last)
