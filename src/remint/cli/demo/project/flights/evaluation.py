"""How good a model is on a month it was not trained on: against the baseline, against the champion, and in slices."""

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remint import Metrics, Model, Table, step
from remint.stats.bootstrap import Metric, paired_interval
from remint.stats.metrics import classification_report_slices
from remint.stats.probability import brier, calibration_in_the_large, log_loss, recalibration, reliability
from remint.stats.ranking import auc, auc_interval

SLICES = ("carrier", "origin", "hour")
SLICE_ROWS = 200
"""Slices with fewer flights are counted, not judged: among many of them the worst is bad by chance."""

RESAMPLES = 500
SEED = 2013

Scores = NDArray[np.float64]
Labels = NDArray[np.bool_]


@step(exact="metrics")
def evaluate(model: Model, baseline: Model, champion: Model | None, data: Table) -> Metrics:
    """Return how the model did on one month; flights that never arrived have no label and are left out.

    Args:
        model: the one to judge.
        baseline: what it has to beat to be worth its trouble.
        champion: what is in production; None if nothing is.
        data: features of a month neither was trained on.

    Returns:
        Figures of the model, the same of baseline and champion by those names, the gain over each (positive is better, for
        the Brier score too) with the limits of a paired bootstrap over flights, and figures by carrier, origin and hour.
    """
    known = data.sql("select * from this where late is not null order by scheduled_at, flight_key")
    late = np.array(known.column("late"), dtype=np.bool_)
    scores = model.scores(known)
    found = Metrics(_quality(late, scores), rows=len(late), late_share=float(late.mean()), **_probability_quality(late, scores))
    found["baseline"], found["gain_over_baseline"] = _compared(late, baseline.scores(known), scores)
    if champion is not None:
        found["champion"], found["gain"] = _compared(late, champion.scores(known), scores)
    found["slices"] = [part for name in SLICES for part in _slices(name, known, late, scores)]
    return found


def _quality(late: Labels, scores: Scores) -> dict[str, float]:
    return {"auc": auc(late, scores), "brier": brier(late, scores), "log_loss": log_loss(late, scores)}


def _probability_quality(late: Labels, scores: Scores) -> dict[str, Any]:
    line = recalibration(late, scores)
    points = reliability(late, scores)
    return {
        "auc_interval": asdict(auc_interval(late, scores)),
        "calibration": {**asdict(calibration_in_the_large(late, scores)), "intercept": line.intercept, "slope": line.slope},
        "reliability": [
            {"claimed": float(claimed), "happened": float(rate), "rows": int(count)}
            for claimed, rate, count in zip(points.mean_score, points.rate, points.count, strict=True)
        ],
    }


def _compared(late: Labels, other: Scores, scores: Scores) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return the figures of the other model, and what this one gains on it."""
    gains = {"auc": _gain(auc, late, other, scores, sign=1), "brier": _gain(brier, late, other, scores, sign=-1)}
    return _quality(late, other), gains


def _gain(metric: Metric, late: Labels, other: Scores, scores: Scores, *, sign: int) -> dict[str, float]:
    """Return the difference and its limits, turned so that positive is better."""
    found = paired_interval(metric, late, other, scores, resamples=RESAMPLES, seed=SEED)
    low, high = sorted((sign * found.low, sign * found.high))
    return {"difference": sign * found.difference, "low": low, "high": high}


def _slices(name: str, data: Table, late: Labels, scores: Scores) -> list[dict[str, Any]]:
    keys = np.array([f"{key:02d}" if isinstance(key, int) else key for key in data.column(name)])
    found = classification_report_slices(late, scores, keys, minimum_rows=SLICE_ROWS)
    return [{"slice": name, "value": key, **asdict(report)} for key, report in found.slices]
