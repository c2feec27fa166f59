"""How well scores order the rows: area under the ROC curve with its interval, and average precision."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remint.stats.binary import binary_sample, require_both_classes
from remint.stats.estimate import Estimate, normal_limit


class RankedSample:
    """Labels and scores sorted once, so that a measure under other row weights costs no further sort.

    Rows of equal score form one group: their order among each other carries no information and never enters a result.

    Args:
        labels: 0/1 or booleans, shape (rows,).
        scores: finite numbers, same shape.

    Raises:
        ValueError: see `binary_sample`.

    Example:
        >>> ranked = RankedSample([0, 1, 1], [0.2, 0.2, 0.7])
        >>> ranked.auc(np.array([1, 1, 1])), ranked.auc(np.array([1, 2, 0]))
        (0.75, 0.5)
    """

    __slots__ = ("_order", "_positive", "_starts")

    def __init__(self, labels: ArrayLike, scores: ArrayLike) -> None:
        positive, numbers = binary_sample(labels, scores)
        self._order = np.argsort(numbers, kind="stable")
        ordered = numbers[self._order]
        self._positive = positive[self._order].astype(np.int64)
        self._starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))

    def _groups(self, weights: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return per group of equal scores, lowest score first, the weight of positive rows and of all rows."""
        weight = weights[self._order]
        hit = weight * self._positive
        if self._starts.size == self._order.size:
            return hit, weight
        return np.add.reduceat(hit, self._starts), np.add.reduceat(weight, self._starts)

    def auc(self, weights: NDArray[np.int64]) -> float:
        """Return the area under the ROC curve when row i counts `weights[i]` times.

        The sum is made in integers, so equal input gives equal bits on every machine (up to 2e9 rows).

        Args:
            weights: whole numbers >= 0, shape (rows,), in the order the rows were given.

        Raises:
            ValueError: no positive or no negative row has weight.
        """
        hits, rows = self._groups(weights)
        misses = rows - hits
        misses_so_far = np.cumsum(misses)
        positives, negatives = int(hits.sum()), int(misses_so_far[-1])
        if not positives or not negatives:
            raise ValueError(f"AUC needs both classes: weights are {positives} positive and {negatives} negative")
        twice_won = int((hits * (2 * misses_so_far - misses)).sum())
        return twice_won / (2 * positives * negatives)

    def average_precision(self, weights: NDArray[np.int64]) -> float:
        """Return the average precision when row i counts `weights[i]` times.

        Args:
            weights: whole numbers >= 0, shape (rows,), in the order the rows were given.

        Raises:
            ValueError: no positive row has weight.
        """
        hits, rows = self._groups(weights)
        hits, rows = hits[::-1], rows[::-1]
        found = np.cumsum(hits)
        if not found[-1]:
            raise ValueError("average precision needs at least one positive row")
        held = hits > 0
        precision = found[held] / np.cumsum(rows)[held]
        return float((hits[held] * precision).sum() / found[-1])


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the area under the ROC curve: the chance that a positive row outscores a negative one, ties counting half.

    Exact with ties, O(rows log rows).

    Args:
        labels: 0/1 or booleans, shape (rows,).
        scores: finite numbers, same shape; only their order matters.

    Raises:
        ValueError: see `binary_sample`; or one of the classes is missing, so that the area is not defined.

    Source:
        J. A. Hanley, B. J. McNeil, Radiology 143 (1982): the area is the Mann-Whitney statistic over all pairs.

    Example:
        >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75
    """
    ranked = RankedSample(labels, scores)
    return ranked.auc(np.ones(np.size(labels), dtype=np.int64))


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the precision at every distinct score, averaged with the recall gained there as weight.

    No interpolation between points, so the value is not optimistic.

    Args:
        labels: 0/1 or booleans, shape (rows,).
        scores: finite numbers, same shape; only their order matters.

    Raises:
        ValueError: see `binary_sample`; or no row is positive.

    Source:
        The step-wise area under the precision-recall curve, as in the TREC evaluations; ties enter as one step.

    Example:
        >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
        0.8333
    """
    ranked = RankedSample(labels, scores)
    return ranked.average_precision(np.ones(np.size(labels), dtype=np.int64))


def midranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each value, 1 for the lowest; equal values share the middle of their ranks.

    Args:
        values: numbers without NaN, shape (rows,), at least one.

    Example:
        >>> midranks(np.array([3.0, 1.0, 3.0])).tolist()
        [2.5, 1.0, 2.5]
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    sizes = np.diff(np.append(starts, values.size))
    ranks = np.empty(values.size, dtype=np.float64)
    ranks[order] = np.repeat(starts + (sizes + 1) / 2.0, sizes)
    return ranks


def auc_interval(labels: ArrayLike, scores: ArrayLike, level: float = 0.95) -> Estimate:
    """Return the area under the ROC curve with its standard error and a normal interval cut at 0 and 1.

    The interval is for the population the rows come from. When every pair is ordered the same way (area 0 or 1) the estimated
    error is 0 and so is the width: that is a sign of too few rows, not of certainty.

    Args:
        labels: 0/1 or booleans, shape (rows,), at least two of each.
        scores: finite numbers, same shape.
        level: confidence, 0 to 1.

    Raises:
        ValueError: see `binary_sample`; or a class has fewer than two rows.

    Source:
        E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988); in O(rows log rows) by the midranks of
        X. Sun, W. Xu, IEEE Signal Processing Letters 21 (2014).

    Example:
        >>> found = auc_interval([0, 1, 0, 1, 1, 0], [0.1, 0.4, 0.5, 0.8, 0.9, 0.3])
        >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
        (0.889, 0.581, 1.0)
    """
    z = normal_limit(level)
    positive, numbers = binary_sample(labels, scores)
    positives, negatives = require_both_classes(positive, "AUC")
    if min(positives, negatives) < 2:
        raise ValueError(f"an interval of AUC needs two rows of each class: there are {positives} and {negatives}")
    everywhere = midranks(numbers)
    beaten = (everywhere[positive] - midranks(numbers[positive])) / negatives
    beaten_by = 1.0 - (everywhere[~positive] - midranks(numbers[~positive])) / positives
    error = math.sqrt(float(beaten.var(ddof=1)) / positives + float(beaten_by.var(ddof=1)) / negatives)
    value = auc(positive, numbers)
    return Estimate(value, error, max(0.0, value - z * error), min(1.0, value + z * error), level)
