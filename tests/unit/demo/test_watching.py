"""The watch: limits from weeks that were fine, an alarm only when two weeks of three are outside on one side."""

import datetime as dt

import numpy as np
import pytest
from flights.features import FEATURES
from flights.watching import judge_weeks, learn_limits, write_report

from remint import Metrics, Model, Table
from remint.sdk.codecs import write_output
from tests.unit.demo.leaning import Leaning

MONDAY = dt.date(2013, 9, 2)
PER_DAY = 100


def days(first: dt.date, count: int) -> list[dt.date]:
    return [first + dt.timedelta(days=number) for number in range(count) for _ in range(PER_DAY)]


@pytest.fixture(scope="module")
def limits() -> Metrics:
    """Return limits from eight weeks in which a quarter to a third of the flights were late."""
    draw = np.random.default_rng(5)
    dates = days(dt.date(2013, 4, 1), 56)
    lean = draw.normal(size=len(dates)).astype(np.float32)
    late = draw.random(len(dates)) < np.clip(0.3 + 0.1 * lean, 0, 1)
    month = Table(
        {
            "date": dates,
            "late": late.tolist(),
            **{name: lean if name == FEATURES[0] else np.zeros_like(lean) for name in FEATURES},
        }
    )
    return learn_limits([Model(Sloped(), features=[FEATURES[0]])], [month])


class Sloped(Leaning):
    """A model for tests that claims what the labels above were drawn from."""

    def __init__(self) -> None:
        super().__init__(0.1)

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        return super().predict_proba(x - 2.0)


def logged(keys: list[str], scores: list[float]) -> Table:
    """Return a log of predictions, the second half of them by another model."""
    models = ["b3:old" if place < len(keys) // 2 else "b3:new" for place in range(len(keys))]
    ids = [f"{place:032x}" for place in range(len(keys))]
    return Table({"prediction_id": ids, "model": models, "key": keys, "score": scores})


def watched(limits: Metrics, *shares: float, claims: float = 0.3, known: bool = True) -> Metrics:
    """Return the judgement of weeks with these shares of late flights, under scores around what is claimed."""
    draw = np.random.default_rng(11)
    dates = days(MONDAY, 7 * len(shares))
    keys = [f"{date}/UA{number}/EWR" for number, date in enumerate(dates)]
    scores = np.clip(claims + 0.1 * draw.normal(size=len(dates)), 0.0, 1.0)
    week = np.arange(len(dates)) // (7 * PER_DAY)
    late = [bool(number % 100 < 100 * shares[place]) for number, place in enumerate(week)]
    flights = Table({"flight_key": keys, "late": late}) if known else Table({"flight_key": ["none"], "late": [True]})
    return judge_weeks(logged(keys, scores.tolist()), flights, limits)


def fired(found: Metrics, measure: str) -> list[str]:
    return [alarm["week"] for alarm in found["alarms"] if alarm["measure"] == measure]


def test_limits_hold_every_week_they_were_learnt_from(limits):
    band = limits["calibration"]
    assert band["windows"] == 8
    assert [week for week in limits["weeks"] if not band["low"] <= week["calibration"] <= band["high"]] == []
    assert band["low"] < 0 < band["high"]
    assert limits["labels"]["rate"] == pytest.approx(0.3, abs=0.01)


def test_limits_can_be_kept(limits, tmp_path):
    assert write_output("metrics", limits, tmp_path)[0] == [("metrics.json", "metrics.json")]


def test_weeks_as_before_raise_no_alarm(limits):
    found = watched(limits, 0.3, 0.3, 0.3, 0.3)
    assert (found["alarms"], found["firing"]) == ([], [])


def test_a_single_odd_week_raises_no_alarm(limits):
    assert watched(limits, 0.3, 0.1, 0.3, 0.3, 0.1)["alarms"] == []


def test_the_second_odd_week_of_three_raises_the_alarm_with_its_reason(limits):
    found = watched(limits, 0.3, 0.1, 0.3, 0.1)
    assert fired(found, "calibration") == ["2013-09-23"]
    assert found["firing"] == ["calibration", "labels"]
    reason = next(alarm["reason"] for alarm in found["alarms"] if alarm["measure"] == "calibration")
    assert reason.startswith("the model claimed ")
    assert reason.endswith("outside in the weeks of 2013-09-09 and 2013-09-23")


def test_weeks_outside_on_different_sides_are_no_drift(limits):
    assert fired(watched(limits, 0.1, 0.6), "calibration") == []


def test_the_model_that_answered_last_is_named(limits):
    assert watched(limits, 0.3, 0.3)["model"] == "b3:new"


def test_scores_that_moved_raise_an_alarm_before_any_label_came_in(limits):
    found = watched(limits, 0.3, 0.3, claims=0.8, known=False)
    assert fired(found, "scores") == ["2013-09-09"]
    assert (found["landed"], found["weeks"][0]["calibration"]) == (0, None)


def test_a_week_that_is_not_complete_is_shown_and_not_judged(limits):
    found = watched(limits, 0.1, 0.1)
    log = logged(["2013-09-16/UA1/EWR"], [0.3])
    part = judge_weeks(log, Table({"flight_key": ["2013-09-16/UA1/EWR"], "late": [False]}), limits)
    assert (part["weeks"][0]["complete"], part["weeks"][0]["outside"]["labels"], part["alarms"]) == (False, 0, [])
    assert found["weeks"][0]["complete"]


def test_the_report_names_every_week_and_every_alarm(limits):
    text = write_report(watched(limits, 0.3, 0.1, 0.1)).text
    assert "Alarms fire now: calibration, labels." in text
    assert text.count("| 2013-09-") == 3
    assert "- 2013-09-16, calibration: the model claimed" in text


def test_the_report_says_when_all_is_quiet(limits):
    assert "No alarm fires" in write_report(watched(limits, 0.3, 0.3)).text
