"""Are two arrays of numbers the same, and if not, by how much and where first: the prediction level of a regeneration."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class NumberComparison:
    """Recorded against regenerated numbers, of one shape.

    NaN equals NaN here. NaN against a number, and an infinity against anything else, is an infinite error: it cannot pass a
    tolerance.

    Attributes:
        values: how many numbers were compared.
        bit_equal: same type and the same bytes; then 0.0 and -0.0 differ, and so do two kinds of NaN.
        differing: how many numbers differ in value.
        max_abs_error: largest absolute difference.
        max_rel_error: largest difference divided by the larger of the two magnitudes, 0 to 2 or infinity.
        missing_changed: how many are NaN on one side only.
        changed_decisions: how many fall on the other side of the threshold, NaN on one side included; None without one.
        first_difference: index of the first differing number in row-major order; None when all values are equal.
    """

    values: int
    bit_equal: bool
    differing: int
    max_abs_error: float
    max_rel_error: float
    missing_changed: int
    changed_decisions: int | None
    first_difference: tuple[int, ...] | None

    @property
    def equal(self) -> bool:
        """Whether all values are equal, whatever their bits."""
        return self.differing == 0


def compare_numbers(
    recorded: NDArray[np.generic], regenerated: NDArray[np.generic], *, threshold: float | None = None
) -> NumberComparison:
    """Return how two arrays of numbers differ.

    Equality is judged on the values as given, errors are computed in float64.

    Args:
        recorded: the numbers of the first time: booleans, integers or floats, any shape.
        regenerated: the numbers of the second time, same shape; another type is allowed and is not bit-equal.
        threshold: a decision is `value >= threshold`; None counts no decisions.

    Raises:
        ValueError: shapes differ, the arrays do not hold real numbers, or the threshold is NaN.

    Example:
        >>> found = compare_numbers(np.array([0.1, 0.49, 0.9]), np.array([0.1, 0.51, 0.9]), threshold=0.5)
        >>> found.bit_equal, round(found.max_abs_error, 4), found.changed_decisions, found.first_difference
        (False, 0.02, 1, (1,))
    """
    one, two = np.asarray(recorded), np.asarray(regenerated)
    if one.shape != two.shape:
        raise ValueError(f"arrays of shape {one.shape} and {two.shape} have no number-by-number comparison")
    if one.dtype.kind not in "biuf" or two.dtype.kind not in "biuf":
        raise ValueError(f"only real numbers are compared, not {one.dtype} with {two.dtype}")
    if threshold is not None and np.isnan(threshold):
        raise ValueError("a threshold that is NaN decides nothing")
    no_number_one, no_number_two = np.isnan(one), np.isnan(two)
    differs = (one != two) & ~(no_number_one & no_number_two)
    absolute, relative = _errors(one[differs].astype(np.float64), two[differs].astype(np.float64))
    changed = None
    if threshold is not None:
        other_side = ((one >= threshold) != (two >= threshold)) | (no_number_one != no_number_two)
        changed = int(np.count_nonzero(other_side))
    return NumberComparison(
        values=one.size,
        bit_equal=one.dtype == two.dtype and one.tobytes() == two.tobytes(),
        differing=int(np.count_nonzero(differs)),
        max_abs_error=absolute,
        max_rel_error=relative,
        missing_changed=int(np.count_nonzero(no_number_one != no_number_two)),
        changed_decisions=changed,
        first_difference=tuple(int(place) for place in np.argwhere(differs)[0]) if differs.any() else None,
    )


def _errors(one: NDArray[np.float64], two: NDArray[np.float64]) -> tuple[float, float]:
    """Return the largest absolute and relative error of numbers that are known to differ; 0 and 0 when there are none."""
    if not one.size:
        return 0.0, 0.0
    finite = np.isfinite(one) & np.isfinite(two)
    if not finite.all():
        return float("inf"), float("inf")
    with np.errstate(over="ignore"):
        apart = np.abs(one - two)
    larger = np.maximum(np.abs(one), np.abs(two))
    return float(apart.max()), float(np.max(apart / np.where(larger > 0.0, larger, 1.0)))
