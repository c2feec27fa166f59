"""Is the challenger better than the champion by more than chance: the paired bootstrap."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remint.stats.binary import binary_sample
from remint.stats.estimate import normal_limit
from remint.stats.probability import brier, brier_losses, log_loss, log_losses
from remint.stats.ranking import RankedSample, auc, average_precision

Metric: TypeAlias = Callable[[ArrayLike, ArrayLike], float]
"""A measure of labels and scores; every function of `ranking` and `probability` that returns one float is one."""

_Reweighted: TypeAlias = Callable[[NDArray[np.int64]], float]


@dataclass(frozen=True, slots=True)
class PairedInterval:
    """The difference of two models on the same rows.

    Attributes:
        difference: metric(challenger) - metric(champion) on the rows themselves.
        low: lower percentile of the resampled difference.
        high: upper percentile.
        resamples: how many resamples the limits rest on.
        level: confidence of the limits.
    """

    difference: float
    low: float
    high: float
    resamples: int
    level: float


def paired_interval(  # noqa: PLR0913 - the metric's own three columns, and three named conditions of the resampling
    metric: Metric,
    labels: ArrayLike,
    champion: ArrayLike,
    challenger: ArrayLike,
    *,
    resamples: int,
    seed: int,
    level: float = 0.95,
) -> PairedInterval:
    """Return how much the challenger's metric differs from the champion's, with a percentile bootstrap interval.

    Both models are scored on the same resampled rows, so what is hard for both cancels out. Where the rows hold both classes,
    a resample that lost one is drawn again; nothing else is conditioned on. The same seed gives the same limits.
    AUC, average precision, Brier score and log loss are computed from row counts on columns prepared once; any other metric
    is called on the repeated rows.

    Args:
        metric: for example `auc` or `brier`; whether more is better is the caller's to know.
        labels: 0/1 or booleans, shape (rows,).
        champion: scores of the model in place, same shape.
        challenger: scores of the model proposed, same shape.
        resamples: how many times to draw the rows with replacement, >= 2; 500 or more for limits that hold still.
        seed: of the numpy generator (PCG64).
        level: confidence of the limits, 0 to 1.

    Raises:
        ValueError: see the metric and `binary_sample`; `resamples` < 2, `level` out of range, or the metric of a resample is
            not a number.

    Source:
        B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13: percentile interval.

    Example:
        >>> truth, old, new = [0, 1] * 50, [0.5] * 100, [0.2, 0.8] * 50
        >>> found = paired_interval(auc, truth, old, new, resamples=20, seed=1)
        >>> found.difference, found.low, found.high
        (0.5, 0.5, 0.5)
    """
    if resamples < 2:
        raise ValueError(f"{resamples} resamples give no interval")
    normal_limit(level)
    positive, old_scores = binary_sample(labels, champion)
    _, new_scores = binary_sample(labels, challenger)
    old, new = _prepared(metric, positive, old_scores), _prepared(metric, positive, new_scores)
    generator = np.random.default_rng(seed)
    differences = np.empty(resamples, dtype=np.float64)
    for draw in range(resamples):
        counts = _row_counts(generator, positive)
        differences[draw] = new(counts) - old(counts)
    if not np.isfinite(differences).all():
        raise ValueError("the metric of a resample is not a finite number, so its difference has no limits")
    low, high = np.quantile(differences, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    observed = metric(positive, new_scores) - metric(positive, old_scores)
    return PairedInterval(observed, float(low), float(high), resamples, level)


def _row_counts(generator: np.random.Generator, positive: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how often each row was drawn in as many draws as there are rows; keeps both classes where both exist."""
    rows = positive.size
    mixed = 0 < np.count_nonzero(positive) < rows
    while True:
        counts: NDArray[np.int64] = np.bincount(generator.integers(rows, size=rows), minlength=rows)
        if not mixed or 0 < int(counts[positive].sum()) < rows:
            return counts


def _prepared(metric: Metric, positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> _Reweighted:
    """Return the metric as a function of row counts alone, with all work done that does not depend on them."""
    if metric is auc:
        return RankedSample(positive, scores).auc
    if metric is average_precision:
        return RankedSample(positive, scores).average_precision
    if metric is brier:
        return _mean_of(brier_losses(positive, scores))
    if metric is log_loss:
        return _mean_of(log_losses(positive, scores))
    return lambda counts: metric(np.repeat(positive, counts), np.repeat(scores, counts))


def _mean_of(losses: NDArray[np.float64]) -> _Reweighted:
    return lambda counts: float((counts * losses).sum()) / losses.size
