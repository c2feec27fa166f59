"""When a drift statistic is unusual: limits learnt from past windows, and an alarm that also asks for size.

Fixed limits from a textbook fire every summer. A band takes the same statistic from past windows of the same length that are
known to be fine (for example the weeks of January to July), so ordinary seasons are inside it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remint.stats.estimate import normal_limit

_MAD_TO_SIGMA = 1.4826
"""1 / the upper quartile of a standard normal: makes the median absolute deviation estimate a standard deviation."""


@dataclass(frozen=True, slots=True)
class NullBand:
    """Limits between which a statistic stays under no drift.

    Attributes:
        low: lower limit; minus infinity when only large values matter.
        high: upper limit.
        centre: median of the past windows.
        windows: number of past windows.
        level: wanted chance that one further window without drift stays inside.
        rule: `order` when limits are values of past windows, `spread` when too few windows forced an extrapolation.
    """

    low: float
    high: float
    centre: float
    windows: int
    level: float
    rule: Literal["order", "spread"]


def null_band(past: ArrayLike, level: float = 0.95, *, sides: Literal["upper", "both"] = "upper") -> NullBand:
    """Return the band that one further window without drift stays in with chance `level`.

    Enough windows (1 / (1 - level) - 1 for one side, 19 at 0.95; twice as many and one for both sides): the limit is the k-th
    smallest past value with k = ceil(tail level * (windows + 1)). That holds for any distribution as long as the next window
    could change places with the past ones. Fewer windows: median + z * 1.4826 * median absolute deviation, widened by the
    root of 1 + 1/windows, and never inside a value that was already seen and fine.

    Args:
        past: the statistic of each past window, finite, shape (windows,), at least 3.
        level: above 0.5, below 1.
        sides: `upper` for distances, which are only ever too large; `both` for signed gaps.

    Raises:
        ValueError: fewer than 3 windows, a value is not finite, or `level` or `sides` is out of range.

    Source:
        Order statistics as a distribution-free prediction limit: S. S. Wilks, Annals of Mathematical Statistics 12 (1941).
        Median and MAD as robust centre and spread: F. R. Hampel, JASA 69 (1974); their use for few windows is a rule of thumb.

    Example:
        >>> weeks = [0.02, 0.03, 0.02, 0.05, 0.04, 0.03]
        >>> band = null_band(weeks)
        >>> band.rule, round(band.high, 3), alarm(0.09, band, 0.05), alarm(0.045, band, 0.05)
        ('spread', 0.056, True, False)
    """
    values = np.sort(np.asarray(past, dtype=np.float64).ravel())
    if values.size < 3 or not np.isfinite(values).all():
        raise ValueError(f"a band needs at least 3 past windows with a finite statistic, and {values.size} were given")
    if sides not in {"upper", "both"}:
        raise ValueError(f"sides is upper or both, not {sides!r}")
    if not 0.5 < level < 1.0:
        raise ValueError(f"level {level} is not between one half and 1")
    z = normal_limit(level if sides == "both" else 2.0 * level - 1.0)
    tail = level if sides == "upper" else (1.0 + level) / 2.0
    count = values.size
    place = math.ceil(tail * (count + 1) - 1e-9)
    centre = float(np.median(values))
    if place <= count:
        low, high = float(values[count - place]), float(values[place - 1])
    else:
        spread = _MAD_TO_SIGMA * float(np.median(np.abs(values - centre))) * math.sqrt(1.0 + 1.0 / count)
        low, high = min(float(values[0]), centre - z * spread), max(float(values[-1]), centre + z * spread)
    rule: Literal["order", "spread"] = "order" if place <= count else "spread"
    return NullBand(low if sides == "both" else -math.inf, high, centre, count, level, rule)


def alarm(value: float, band: NullBand, minimum_effect: float) -> bool:
    """Return whether a window is both outside its band and large enough to matter.

    Args:
        value: the statistic of the live window, 0 meaning no change; infinity is outside any band.
        band: from past windows of the same statistic and length.
        minimum_effect: smallest |value| anyone would act on, >= 0, in the unit of the statistic.

    Raises:
        ValueError: `value` is NaN, or `minimum_effect` is negative or NaN.

    Source:
        Rule of thumb: outside the band answers "is it new?", the minimum effect answers "does it matter?".

    Example:
        >>> alarm(0.04, NullBand(-math.inf, 0.03, 0.01, 30, 0.95, "order"), 0.05)
        False
    """
    if math.isnan(value) or not minimum_effect >= 0.0:
        raise ValueError(f"cannot judge the value {value} against the minimum effect {minimum_effect}")
    return abs(value) >= minimum_effect and not band.low <= value <= band.high


def leave_one_out(
    windows: NDArray[np.int64], measure: Callable[[NDArray[np.int64], NDArray[np.int64]], float]
) -> NDArray[np.float64]:
    """Return the measure of each past window against all other past windows together: the `past` of a band.

    A live window is compared with the whole reference, in which it has no part; so each past one is compared with the rest.

    Args:
        windows: counts per window and bin, shape (windows, bins), at least two windows.
        measure: a distance of two histograms, reference first, for example `population_stability`.

    Raises:
        ValueError: fewer than two windows; or see the measure.

    Source:
        Leave-one-out resampling, so that the limits see the season but not the window itself.

    Example:
        >>> from remint.stats.drift import total_variation
        >>> leave_one_out(np.array([[5, 5], [5, 5], [10, 0]]), total_variation).tolist()
        [0.25, 0.25, 0.5]
    """
    counts = np.asarray(windows)
    if counts.ndim != 2 or counts.shape[0] < 2:
        raise ValueError(f"leave-one-out needs counts of two or more windows, not an array of shape {counts.shape}")
    total = counts.sum(axis=0)
    return np.array([measure(total - window, window) for window in counts], dtype=np.float64)
