"""A number with its limits, and the two ways of making limits that the other measures share."""

import math
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimated number, its standard error, and a two-sided interval.

    Attributes:
        value: the estimate.
        standard_error: its standard deviation under repeated sampling, in the unit of `value`.
        low: lower limit.
        high: upper limit.
        level: the share of such intervals that hold the true value, for example 0.95.
    """

    value: float
    standard_error: float
    low: float
    high: float
    level: float


def normal_limit(level: float) -> float:
    """Return the z that keeps a share `level` of a standard normal between -z and z.

    Raises:
        ValueError: `level` is not strictly between 0 and 1.

    Example:
        >>> round(normal_limit(0.95), 4)
        1.96
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level {level} is not between 0 and 1")
    return NormalDist().inv_cdf((1.0 + level) / 2.0)


def wilson_interval(rate: float, rows: float, *, level: float = 0.95) -> tuple[float, float]:
    """Return the limits of a share that was observed as `rate` in `rows` rows.

    Unlike rate +- z * standard error it never collapses at 0 or 1 and never leaves them.

    Args:
        rate: observed share, 0 to 1.
        rows: number of rows, or an effective number, > 0.
        level: confidence, 0 to 1.

    Raises:
        ValueError: `rate` or `level` is out of range, or there are no rows.

    Source:
        E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    Example:
        >>> [round(limit, 3) for limit in wilson_interval(0.0, 20)]
        [0.0, 0.161]
    """
    if not 0.0 <= rate <= 1.0 or rows <= 0.0:
        raise ValueError(f"a share of {rate} in {rows} rows does not exist")
    z = normal_limit(level)
    shrink = 1.0 + z * z / rows
    centre = (rate + z * z / (2.0 * rows)) / shrink
    reach = z * math.sqrt(rate * (1.0 - rate) / rows + z * z / (4.0 * rows * rows)) / shrink
    low = 0.0 if rate == 0.0 else max(0.0, centre - reach)
    high = 1.0 if rate == 1.0 else min(1.0, centre + reach)
    return low, high
