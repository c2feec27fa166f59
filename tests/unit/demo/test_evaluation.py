"""An evaluation compares on the same flights, and positive is better."""

import numpy as np
import pytest
from flights.evaluation import evaluate
from flights.features import FEATURES

from remint import Model, Table
from remint.core import canonical
from remint.stats.ranking import auc
from tests.unit.demo.leaning import Leaning


def model_of(strength: float) -> Model:
    return Model(Leaning(strength), features=["departure_minute"])


@pytest.fixture(scope="module")
def flights() -> Table:
    draw = np.random.default_rng(3)
    lean = draw.normal(size=3000)
    late = draw.random(3000) < 1 / (1 + np.exp(-2 * lean))
    names = [f"flight-{number:04d}" for number in range(3000)]
    columns = {name: np.zeros(3000, dtype=np.float32) for name in FEATURES}
    return Table(
        {
            "flight_key": names,
            "scheduled_at": list(range(3000)),
            "hour": [6 + number % 3 for number in range(3000)],
            "carrier": ["UA"] * 2900 + ["HA"] * 100,
            "origin": [("EWR", "JFK")[number % 2] for number in range(3000)],
            **columns,
            "departure_minute": lean.astype(np.float32),
            "late": [None if number % 10 == 0 else bool(late[number]) for number in range(3000)],
        }
    )


def test_flights_without_a_label_are_left_out(flights):
    assert evaluate(model_of(0.2), model_of(0.1), None, flights)["rows"] == 2700


def test_figures_are_those_of_the_measures(flights):
    found = evaluate(model_of(0.2), model_of(0.1), None, flights)
    known = flights.sql("select * from this where late is not null order by scheduled_at")
    assert found["auc"] == auc(known.column("late"), model_of(0.2).scores(known))
    assert found["auc_interval"]["low"] < found["auc"] < found["auc_interval"]["high"]


def test_without_a_champion_nothing_is_said_of_one(flights):
    assert not {"champion", "gain"} & set(evaluate(model_of(0.2), model_of(0.1), None, flights))


def test_a_better_model_gains_in_auc_and_in_brier(flights):
    gain = evaluate(model_of(0.25), model_of(0.1), model_of(-0.1), flights)["gain"]
    assert gain["auc"]["low"] > 0
    assert gain["brier"]["low"] > 0
    assert gain["brier"]["low"] <= gain["brier"]["difference"] <= gain["brier"]["high"]


def test_a_worse_model_loses_in_both(flights):
    gain = evaluate(model_of(-0.1), model_of(0.1), model_of(0.25), flights)["gain"]
    assert gain["auc"]["high"] < 0
    assert gain["brier"]["high"] < 0


def test_a_model_against_itself_gains_exactly_nothing(flights):
    gain = evaluate(model_of(0.2), model_of(0.1), model_of(0.2), flights)["gain"]
    assert gain == {name: {"difference": 0.0, "low": 0.0, "high": 0.0} for name in ("auc", "brier")}


def test_slices_are_by_carrier_origin_and_hour_and_small_ones_are_not_judged(flights):
    slices = [(part["slice"], part["value"]) for part in evaluate(model_of(0.2), model_of(0.1), None, flights)["slices"]]
    assert slices == [
        *[("carrier", "UA"), ("origin", "EWR"), ("origin", "JFK")],
        *[("hour", "06"), ("hour", "07"), ("hour", "08")],
    ]


def test_the_gates_find_the_figures_by_name(flights):
    flat = evaluate(model_of(0.2), model_of(0.1), model_of(0.1), flights).flat()
    named = {f"gain.{name}.{part}" for name in ("auc", "brier") for part in ("difference", "low", "high")}
    assert named | {"auc", "brier", "log_loss", "calibration.gap", "baseline.auc", "champion.auc"} <= set(flat)


def test_the_same_models_and_flights_give_the_same_record(flights):
    records = [canonical.encode_value(dict(evaluate(model_of(0.2), model_of(0.1), None, flights))) for _ in range(2)]
    assert canonical.dumps(records[0]) == canonical.dumps(records[1])
