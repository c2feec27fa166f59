"""How far a live window is from a reference: distances of two windows, two-sample tests, and control over many columns.

A distance says how much, a test says whether it could be chance. With many rows every test fires, so an alarm belongs on a
distance with a band from past windows (`bands`), and a test only guards small windows. Use two measures of different kinds:
one extreme value moves the Wasserstein distance and leaves the others still, a moved share of zeros does the opposite.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remint.stats.bins import Histogram, histogram, quantile_edges
from remint.stats.distributions import chi_square_tail, kolmogorov_tail

__all__ = [
    "ChiSquare",
    "Histogram",
    "TwoSample",
    "benjamini_hochberg",
    "chi_square_two_sample",
    "histogram",
    "jensen_shannon",
    "kolmogorov_smirnov",
    "population_stability",
    "quantile_edges",
    "total_variation",
    "wasserstein_normalised",
]


def _two_windows(expected: NDArray[np.int64], actual: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both windows' counts as floats.

    Raises:
        ValueError: shapes differ, a count is negative or not finite, or either window holds no rows.
    """
    first, second = np.asarray(expected, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"two windows need counts of the same bins, not shapes {first.shape} and {second.shape}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()) or (first < 0.0).any() or (second < 0.0).any():
        raise ValueError("counts must be finite and not negative")
    if not first.sum() > 0.0 or not second.sum() > 0.0:
        raise ValueError("a window without rows has no proportions to compare")
    return first, second


def population_stability(expected: NDArray[np.int64], actual: NDArray[np.int64], *, smoothing: float = 0.5) -> float:
    """Return the population stability index of two histograms, in nats.

    Args:
        expected: counts per bin of the reference window, shape (bins,).
        actual: counts per bin of the live window, same shape and bin edges.
        smoothing: pseudo-count added to every bin, so an empty bin stays finite.

    Returns:
        A value >= 0; 0 when both windows have the same proportions (exactly 0 only if also the same number of rows, or
        equal bins, because the pseudo-count weighs more in the smaller window).

    Raises:
        ValueError: shapes differ, either window holds no rows, or `smoothing` is not above 0.

    Source:
        The symmetric Kullback-Leibler (Jeffreys) divergence of the binned proportions.

    Example:
        >>> round(population_stability(np.array([50, 50]), np.array([90, 10])), 3)
        0.853
    """
    if not smoothing > 0.0:
        raise ValueError(f"smoothing must be above 0, not {smoothing}")
    first, second = _two_windows(expected, actual)
    p = (first + smoothing) / (first.sum() + smoothing * first.size)
    q = (second + smoothing) / (second.sum() + smoothing * second.size)
    return float(((p - q) * (np.log(p) - np.log(q))).sum())


def jensen_shannon(expected: NDArray[np.int64], actual: NDArray[np.int64]) -> float:
    """Return the Jensen-Shannon distance of two histograms: the root of the divergence in bits (logarithms to base 2).

    Tools that use natural logarithms report this times sqrt(ln 2) = 0.8326; name the base beside every limit.

    Args:
        expected: counts per bin of the reference window, shape (bins,).
        actual: counts per bin of the live window, same shape and bin edges.

    Returns:
        0 for equal proportions to 1 for windows without a common bin. No smoothing is needed.

    Raises:
        ValueError: shapes differ, or either window holds no rows.

    Source:
        J. Lin, IEEE Transactions on Information Theory 37 (1991); that the root is a metric: D. M. Endres,
        J. E. Schindelin, same journal 49 (2003).

    Example:
        >>> jensen_shannon(np.array([3, 0]), np.array([0, 8]))
        1.0
    """
    first, second = _two_windows(expected, actual)
    p, q = first / first.sum(), second / second.sum()
    middle = (p + q) / 2.0
    bits = 0.5 * (_bits_above(p, middle) + _bits_above(q, middle))
    return math.sqrt(min(1.0, max(0.0, bits)))


def _bits_above(p: NDArray[np.float64], middle: NDArray[np.float64]) -> float:
    held = p > 0.0
    return float((p[held] * np.log2(p[held] / middle[held])).sum())


def total_variation(expected: NDArray[np.int64], actual: NDArray[np.int64]) -> float:
    """Return the share of rows that would have to change bin to turn one histogram into the other, 0 to 1.

    Args:
        expected: counts per bin or level of the reference window, shape (bins,).
        actual: counts per bin or level of the live window, same shape.

    Raises:
        ValueError: shapes differ, or either window holds no rows.

    Source:
        Total variation distance: half the sum of absolute differences of the proportions.

    Example:
        >>> round(total_variation(np.array([50, 50]), np.array([90, 10])), 3)
        0.4
    """
    first, second = _two_windows(expected, actual)
    return min(1.0, float(np.abs(first / first.sum() - second / second.sum()).sum()) / 2.0)


def _present(values: ArrayLike, window: str) -> NDArray[np.float64]:
    """Return the values that are not NaN, sorted.

    Raises:
        ValueError: none is left.
    """
    numbers = np.asarray(values, dtype=np.float64).ravel()
    kept = np.sort(numbers[~np.isnan(numbers)])
    if not kept.size:
        raise ValueError(f"the {window} window holds no number to compare")
    return kept


@dataclass(frozen=True, slots=True)
class TwoSample:
    """A two-sample statistic, and the chance of one at least as large when both windows come from one population."""

    statistic: float
    p_value: float


def kolmogorov_smirnov(reference: ArrayLike, live: ArrayLike) -> TwoSample:
    """Return the largest distance of the two windows' distribution functions, 0 to 1, and its asymptotic p-value.

    NaN is left out of both: watch missing rows by their own count. With ties the p-value is too large, never too small.

    Args:
        reference: numbers, any shape.
        live: numbers, any shape; the number of rows may differ.

    Raises:
        ValueError: a window holds no number.

    Source:
        N. V. Smirnov (1948); the small-sample factor sqrt(n) + 0.12 + 0.11 / sqrt(n) is M. A. Stephens, Journal of the Royal
        Statistical Society B 32 (1970). Below 0.2 the p-value was found within 0.003 of the exact one at 30 against 200 rows
        and more, within 0.025 at 50 against 50, and within 0.06 at 10 against 10.

    Example:
        >>> found = kolmogorov_smirnov([1, 2, 3, 4], [3, 4, 5, 6])
        >>> found.statistic
        0.5
    """
    first, second = _present(reference, "reference"), _present(live, "live")
    both = np.concatenate((first, second))
    below_first = np.searchsorted(first, both, side="right") / first.size
    below_second = np.searchsorted(second, both, side="right") / second.size
    distance = float(np.abs(below_first - below_second).max())
    root = math.sqrt(first.size * second.size / (first.size + second.size))
    return TwoSample(distance, kolmogorov_tail((root + 0.12 + 0.11 / root) * distance))


def wasserstein_normalised(reference: ArrayLike, live: ArrayLike) -> float:
    """Return the mean distance values must move to turn one window into the other, in standard deviations of the reference.

    NaN is left out of both. One wild value can dominate it, which is its use beside the binned distances.

    Args:
        reference: numbers, any shape, finite or NaN.
        live: numbers, any shape, finite or NaN; the number of rows may differ.

    Returns:
        A value >= 0. For a constant reference 0 if the live window is the same constant, infinity otherwise.

    Raises:
        ValueError: a window holds no number, or an infinite one.

    Source:
        Wasserstein-1 distance as the area between the two distribution functions (S. S. Vallender, 1974).

    Example:
        >>> wasserstein_normalised([0.0, 2.0], [1.0, 3.0])
        1.0
    """
    first, second = _present(reference, "reference"), _present(live, "live")
    if not np.isfinite(first[[0, -1]]).all() or not np.isfinite(second[[0, -1]]).all():
        raise ValueError("an infinite value is infinitely far away: count infinities apart")
    both = np.sort(np.concatenate((first, second)))
    below_first = np.searchsorted(first, both[:-1], side="right") / first.size
    below_second = np.searchsorted(second, both[:-1], side="right") / second.size
    moved = float((np.abs(below_first - below_second) * np.diff(both)).sum())
    if first[0] == first[-1]:
        return math.inf if moved > 0.0 else 0.0
    return moved / float(first.std())


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """A two-sample chi-square test.

    Attributes:
        statistic: the sum over both windows and all groups of levels.
        degrees: degrees of freedom, groups - 1; 0 when pooling left one group, and then nothing can be said.
        p_value: chance of a statistic at least as large under no drift; 1 when `degrees` is 0.
        pooled: how many levels were joined into one group because too few rows were expected in each.
    """

    statistic: float
    degrees: int
    p_value: float
    pooled: int


def chi_square_two_sample(
    expected: NDArray[np.int64], actual: NDArray[np.int64], *, minimum_expected: float = 5.0
) -> ChiSquare:
    """Return the chi-square test that two windows of level counts come from one population.

    Both windows are samples. (The one-sample test, which takes the reference as the truth, raises far more false alarms.)
    Levels with few expected rows are joined, rarest first, until the joint group expects `minimum_expected` in the smaller
    window. The joining looks at both windows' sum only, so it does not spoil the false-alarm rate.

    Args:
        expected: counts per level of the reference window, shape (levels,).
        actual: counts per level of the live window, same shape and order; a new level has 0 in `expected`.
        minimum_expected: rows a group must expect in each window, > 0.

    Raises:
        ValueError: shapes differ, either window holds no rows, or `minimum_expected` is not above 0.

    Source:
        Pearson's test of homogeneity of a 2 x k table; at least 5 expected rows is W. G. Cochran's rule, Biometrics 10 (1954).

    Example:
        >>> found = chi_square_two_sample(np.array([60, 40]), np.array([45, 55]))
        >>> round(found.statistic, 3), found.degrees, round(found.p_value, 3)
        (4.511, 1, 0.034)
    """
    if not minimum_expected > 0.0:
        raise ValueError(f"minimum_expected must be above 0, not {minimum_expected}")
    first, second = _two_windows(expected, actual)
    smaller_share = min(first.sum(), second.sum()) / (first.sum() + second.sum())
    order = np.argsort(first + second, kind="stable")
    order = order[(first + second)[order] > 0.0]
    expects = (first + second)[order] * smaller_share
    pooled = int(np.count_nonzero(expects < minimum_expected))
    while 0 < pooled < order.size and expects[:pooled].sum() < minimum_expected:
        pooled += 1
    pooled = 0 if pooled == 1 else pooled
    table = np.stack((first[order], second[order]))
    if pooled:
        table = np.column_stack((table[:, :pooled].sum(axis=1), table[:, pooled:]))
    degrees = table.shape[1] - 1
    if not degrees:
        return ChiSquare(0.0, 0, 1.0, pooled)
    fitted = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    statistic = float((np.square(table - fitted) / fitted).sum())
    return ChiSquare(statistic, degrees, chi_square_tail(statistic, degrees), pooled)


def benjamini_hochberg(p_values: ArrayLike, level: float = 0.05) -> NDArray[np.bool_]:
    """Return which hypotheses to reject so that at most a share `level` of the rejections is expected to be false.

    Use it over the columns of one report: twenty columns at 5 % each alarm by chance in two of three reports.

    Args:
        p_values: one per hypothesis, 0 to 1, shape (hypotheses,); none gives none.
        level: false discovery rate, 0 to 1.

    Raises:
        ValueError: a p-value is outside 0 to 1 or NaN, or `level` is out of range.

    Source:
        Y. Benjamini, Y. Hochberg, Journal of the Royal Statistical Society B 57 (1995). Under no drift at all it holds the
        chance of any alarm in the report at `level`, for independent or positively dependent columns.

    Example:
        >>> benjamini_hochberg([0.01, 0.30, 0.02], 0.05).tolist()
        [True, False, True]
    """
    chances = np.asarray(p_values, dtype=np.float64)
    if chances.ndim != 1 or not ((chances >= 0.0) & (chances <= 1.0)).all():
        raise ValueError("p-values must be one column of numbers from 0 to 1")
    if not 0.0 < level < 1.0:
        raise ValueError(f"level {level} is not between 0 and 1")
    ordered = np.sort(chances)
    passed = np.flatnonzero(ordered <= level * np.arange(1, chances.size + 1) / max(1, chances.size))
    limit = ordered[passed[-1]] if passed.size else -1.0
    rejected: NDArray[np.bool_] = chances <= limit
    return rejected
