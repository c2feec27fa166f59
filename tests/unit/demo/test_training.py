"""The model learns from its features alone, and comes out the same every time."""

import tomllib

import numpy as np
import pyarrow as pa
import pytest
from flights.evaluation import evaluate
from flights.features import FEATURES
from flights.training import train, train_baseline

from remint import Table
from remint.core.digest import digest_bytes
from remint.core.gate import Evaluation, Findings, gates_for, judge
from tests.unit.demo.arrivals import PROJECT


@pytest.fixture(scope="module")
def spring(real_features):
    return [real_features["2013-02"], real_features["2013-03"]]


@pytest.fixture(scope="module")
def autumn(real_features):
    return real_features["2013-11"]


def with_shuffled_labels(table: Table, seed: int) -> Table:
    held = table.arrow()
    order = np.random.default_rng(seed).permutation(len(held))
    return Table(held.set_column(held.column_names.index("late"), "late", held["late"].take(pa.array(order))))


def judged_by_the_projects_gate(metrics) -> bool:
    settings = tomllib.loads((PROJECT / "remint.toml").read_text())
    gate = next(gate for gate in gates_for("model/delay", settings["gates"]) if gate["gate"] == "eval-passed")
    evaluation = Evaluation("a run", {}, metrics.flat())
    return judge(gate, Findings(None, digest_bytes(b"a model"), [evaluation])).passed


def test_a_model_of_real_labels_ranks_flights_it_never_saw(spring, autumn):
    assert evaluate(train(spring), train_baseline(spring), None, autumn)["auc"] > 0.6


def test_a_model_of_shuffled_labels_ranks_nothing_and_fails_the_gate(spring, autumn):
    shuffled = [with_shuffled_labels(month, seed) for seed, month in enumerate(spring)]
    found = evaluate(train(shuffled), train_baseline(shuffled), None, autumn)
    assert 0.42 < found["auc"] < 0.58
    assert not judged_by_the_projects_gate(found)


def test_training_again_gives_the_same_scores(spring, autumn):
    assert np.array_equal(train(spring).scores(autumn), train(spring).scores(autumn))
    assert np.array_equal(train_baseline(spring).scores(autumn), train_baseline(spring).scores(autumn))


def test_a_model_expects_the_features_in_their_order_and_carries_a_probe(spring):
    model = train(spring, iterations=2)
    assert model.features == list(FEATURES)
    assert model.probe is not None
    assert model.probe.rows.shape == (256, len(FEATURES))


def test_flights_without_a_label_teach_nothing(spring):
    landed = [month.sql("select * from this where late is not null order by scheduled_at, flight_key") for month in spring]
    assert np.array_equal(train(spring, iterations=5).scores(spring[0]), train(landed, iterations=5).scores(spring[0]))
