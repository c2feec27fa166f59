"""How true scores are as probabilities: losses, reliability, and the two ways of being wrong on average."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remint.stats.binary import probability_sample, require_both_classes
from remint.stats.bins import histogram, quantile_edges
from remint.stats.estimate import normal_limit, wilson_interval

CLIP = 2.0**-52
"""Scores are moved into CLIP .. 1 - CLIP before a logarithm, so one confident error costs at most 36 nats."""


def brier_losses(labels: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Return the squared error of each row, shape (rows,).

    Raises:
        ValueError: see `probability_sample`.
    """
    positive, numbers = probability_sample(labels, scores)
    losses: NDArray[np.float64] = np.square(numbers - positive)
    return losses


def brier(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the Brier score: the mean squared error of the probabilities, 0 (perfect) to 1.

    Args:
        labels: 0/1 or booleans, shape (rows,).
        scores: probabilities of a positive label, same shape.

    Raises:
        ValueError: see `probability_sample`.

    Source:
        G. W. Brier, Monthly Weather Review 78 (1950), in the one-class form that is common today (half of the original).

    Example:
        >>> brier([0, 1], [0.5, 1.0])
        0.125
    """
    return float(brier_losses(labels, scores).mean())


def log_losses(labels: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Return the negative log likelihood of each row in nats, shape (rows,), scores clipped by `CLIP`.

    Raises:
        ValueError: see `probability_sample`.
    """
    positive, numbers = probability_sample(labels, scores)
    clipped = np.clip(numbers, CLIP, 1.0 - CLIP)
    return np.where(positive, -np.log(clipped), -np.log1p(-clipped))


def log_loss(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the mean negative log likelihood in nats; scores of exactly 0 and 1 are clipped by `CLIP` first.

    Args:
        labels: 0/1 or booleans, shape (rows,).
        scores: probabilities of a positive label, same shape.

    Raises:
        ValueError: see `probability_sample`.

    Source:
        I. J. Good, "Rational decisions", Journal of the Royal Statistical Society B 14 (1952).

    Example:
        >>> round(log_loss([0, 1], [0.5, 0.5]), 4)
        0.6931
    """
    return float(log_losses(labels, scores).mean())


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """One point per bin of scores, lowest first: what was claimed against what happened.

    Attributes:
        mean_score: mean of the scores, shape (bins used,).
        rate: observed share of positive rows, same shape.
        count: rows, same shape, each >= 1.
    """

    mean_score: NDArray[np.float64]
    rate: NDArray[np.float64]
    count: NDArray[np.int64]

    def rate_limits(self, level: float = 0.95) -> list[tuple[float, float]]:
        """Return the Wilson limits of the observed share of each bin, to draw beside the points."""
        return [wilson_interval(float(r), float(n), level=level) for r, n in zip(self.rate, self.count, strict=True)]


def reliability(labels: ArrayLike, scores: ArrayLike, bins: int = 10) -> Reliability:
    """Return the reliability diagram in bins of about equal counts.

    Equal scores share a bin, so there may be fewer bins than asked; constant scores give one.

    Args:
        labels: 0/1 or booleans, shape (rows,).
        scores: probabilities of a positive label, same shape.
        bins: how many bins are wanted, >= 1.

    Raises:
        ValueError: see `probability_sample`; or `bins` < 1.

    Example:
        >>> found = reliability([0, 0, 1, 1], [0.1, 0.3, 0.6, 0.8], bins=2)
        >>> found.mean_score.round(3).tolist(), found.rate.tolist(), found.count.tolist()
        ([0.2, 0.7], [0.0, 1.0], [2, 2])
    """
    positive, numbers = probability_sample(labels, scores)
    order = np.argsort(numbers, kind="stable")
    count = histogram(numbers, quantile_edges(numbers, bins)).counts
    starts = np.concatenate(([0], np.cumsum(count)[:-1]))
    hits = np.add.reduceat(positive[order].astype(np.int64), starts)
    sums = np.add.reduceat(numbers[order], starts)
    return Reliability(sums / count, hits / count, count)


def expected_calibration_error(labels: ArrayLike, scores: ArrayLike, bins: int = 10) -> float:
    """Return the mean distance between claimed and observed share over the bins of `reliability`, weighted by rows.

    It grows with `bins` and shrinks with rows even for a perfect model, so compare only equal bins and similar row counts.

    Args:
        labels: 0/1 or booleans, shape (rows,).
        scores: probabilities of a positive label, same shape.
        bins: how many bins are wanted, >= 1.

    Raises:
        ValueError: see `reliability`.

    Source:
        M. Pakdaman Naeini, G. Cooper, M. Hauskrecht, AAAI 2015, with bins of equal counts.

    Example:
        >>> round(expected_calibration_error([0, 0, 1, 1], [0.1, 0.3, 0.6, 0.8], bins=2), 3)
        0.25
    """
    points = reliability(labels, scores, bins)
    return float((points.count * np.abs(points.mean_score - points.rate)).sum() / points.count.sum())


@dataclass(frozen=True, slots=True)
class CalibrationGap:
    """Mean score against observed rate.

    Attributes:
        gap: mean score - observed rate; above 0 the model claims too much.
        standard_error: of the rate, if the scores were true.
        z: gap in standard errors.
        low: lower limit of the gap.
        high: upper limit; the interval excludes 0 exactly when |z| is beyond the normal limit of `level`.
        level: confidence of the limits.
        mean_score: the claim.
        rate: what happened.
        rows: number of rows.
    """

    gap: float
    standard_error: float
    z: float
    low: float
    high: float
    level: float
    mean_score: float
    rate: float
    rows: int


def calibration_in_the_large(labels: ArrayLike, scores: ArrayLike, level: float = 0.95) -> CalibrationGap:
    """Return mean score minus observed rate, tested against the scores' own claim.

    If row i is positive with chance p_i, the rate varies with standard error sqrt(sum p (1 - p)) / rows. That needs no
    positive row, so a small window without one raises no false alarm. The interval turns this same test round (Wilson's
    construction, with the rows scaled so that the variance at the mean score is the one above), hence it agrees with z and
    never collapses. Scores of only 0 and 1 claim to be certain: then any gap has an infinite z and the limits are Wilson's own.

    Args:
        labels: 0/1 or booleans, shape (rows,); one class alone is allowed.
        scores: probabilities of a positive label, same shape.
        level: confidence of the limits, 0 to 1.

    Raises:
        ValueError: see `probability_sample`; or `level` is out of range.

    Source:
        D. J. Spiegelhalter, Statistics in Medicine 5 (1986), for the variance; Wilson (1927), for the limits.

    Example:
        >>> found = calibration_in_the_large([0] * 90 + [1] * 10, [0.2] * 100)
        >>> round(found.gap, 3), round(found.z, 3), found.low > 0
        (0.1, 2.5, True)
    """
    positive, numbers = probability_sample(labels, scores)
    mean, rate = float(numbers.mean()), float(positive.mean())
    gap = mean - rate
    own = float((numbers * (1.0 - numbers)).mean())
    error = math.sqrt(own / numbers.size)
    shared = mean * (1.0 - mean)
    rows = numbers.size * shared / own if own > 0.0 else float(numbers.size)
    rate_low, rate_high = wilson_interval(rate, rows, level=level)
    if_certain = math.copysign(math.inf, gap) if gap else 0.0
    z = gap / error if error > 0.0 else if_certain
    return CalibrationGap(gap, error, z, mean - rate_high, mean - rate_low, level, mean, rate, numbers.size)


@dataclass(frozen=True, slots=True)
class Recalibration:
    """The line through the logits that makes the scores true: logit(p) = intercept + slope * logit(score).

    Attributes:
        intercept: 0 when nothing is to be corrected.
        slope: 1 when the spread is right; below 1 the scores are too extreme, above 1 too timid.
        intercept_error: standard error of the intercept.
        slope_error: standard error of the slope.
    """

    intercept: float
    slope: float
    intercept_error: float
    slope_error: float

    def limits(self, level: float = 0.95) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the normal limits of intercept and slope."""
        z = normal_limit(level)
        return (
            (self.intercept - z * self.intercept_error, self.intercept + z * self.intercept_error),
            (self.slope - z * self.slope_error, self.slope + z * self.slope_error),
        )


def recalibration(labels: ArrayLike, scores: ArrayLike) -> Recalibration:
    """Return calibration intercept and slope by logistic regression of the labels on the scores' logits.

    Args:
        labels: 0/1 or booleans, shape (rows,), both classes.
        scores: probabilities of a positive label, same shape, clipped by `CLIP`.

    Raises:
        ValueError: see `probability_sample`; or the line has no finite estimate: one class is missing, or one score separates
            the classes (constant scores do so too).

    Source:
        D. R. Cox, Biometrika 45 (1958). Maximum likelihood by Newton's method with step halving.

    Example:
        >>> found = recalibration([0, 1, 0, 1] * 5, [0.4, 0.4, 0.6, 0.6] * 5)
        >>> abs(found.slope) < 1e-9, abs(found.intercept) < 1e-9
        (True, True)
    """
    positive, numbers = probability_sample(labels, scores)
    require_both_classes(positive, "calibration slope")
    clipped = np.clip(numbers, CLIP, 1.0 - CLIP)
    logits = np.log(clipped) - np.log1p(-clipped)
    hits, misses = logits[positive], logits[~positive]
    if hits.min() >= misses.max() or hits.max() <= misses.min():
        raise ValueError("one score separates the classes, so the calibration slope has no finite estimate")
    centre, spread = float(logits.mean()), float(logits.std())
    standard = (logits - centre) / spread
    line = _maximum_likelihood(standard, positive)
    back = np.array([[1.0, -centre / spread], [0.0, 1.0 / spread]])
    intercept, slope = back @ line
    error = np.sqrt(np.diag(back @ np.linalg.inv(_information(standard, line)) @ back.T))
    return Recalibration(float(intercept), float(slope), float(error[0]), float(error[1]))


def _maximum_likelihood(at: NDArray[np.float64], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return intercept and slope of the maximum of a strictly concave likelihood; the caller made sure that it exists."""
    rate = float(positive.mean())
    line: NDArray[np.float64] = np.array([np.log(rate) - np.log1p(-rate), 0.0])
    for _ in range(200):
        residual = positive - _chance(at, line)
        gradient = np.array([residual.sum(), (at * residual).sum()])
        step = np.asarray(np.linalg.solve(_information(at, line), gradient), dtype=np.float64)
        here, reach = _likelihood(at, positive, line), 1.0
        while reach > 1e-9 and _likelihood(at, positive, line + reach * step) < here - 1e-12 * abs(here):
            reach /= 2.0
        line = line + reach * step
        if float(gradient @ step) < 1e-20 * at.size:
            return line
    raise ValueError("the calibration line did not settle: one score almost separates the classes")


def _chance(at: NDArray[np.float64], line: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * (line[0] + line[1] * at))), dtype=np.float64)


def _information(at: NDArray[np.float64], line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Fisher information of intercept and slope, shape (2, 2)."""
    chance = _chance(at, line)
    weight = chance * (1.0 - chance)
    mixed = (weight * at).sum()
    return np.array([[weight.sum(), mixed], [mixed, (weight * at * at).sum()]], dtype=np.float64)


def _likelihood(at: NDArray[np.float64], positive: NDArray[np.bool_], line: NDArray[np.float64]) -> float:
    value = line[0] + line[1] * at
    return float(value[positive].sum() - np.logaddexp(0.0, value).sum())
