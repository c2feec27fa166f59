"""Bins of a numeric column: edges fixed by a reference, and counts of any later window in them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Counts of one window of one column. Bin i is [edges[i], edges[i+1]); the last bin also holds its upper edge.

    What no bin can hold is counted apart and never dropped: such rows are often the drift.

    Attributes:
        edges: strictly increasing, shape (bins + 1,).
        counts: rows per bin, shape (bins,).
        below: rows under the lowest edge, minus infinity included.
        above: rows over the highest edge, infinity included.
        missing: rows that are NaN.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    below: int
    above: int
    missing: int

    @property
    def rows(self) -> int:
        """All rows of the window, the missing ones included."""
        return int(self.counts.sum()) + self.below + self.above + self.missing

    @property
    def all_present(self) -> NDArray[np.int64]:
        """Counts of below, every bin, above; shape (bins + 2,): what a distance between two windows should see."""
        return np.concatenate(([self.below], self.counts, [self.above])).astype(np.int64)

    def merge(self, other: "Histogram") -> "Histogram":
        """Return the histogram of both windows together.

        Raises:
            ValueError: the edges differ, so the counts cannot be added.
        """
        if not np.array_equal(self.edges, other.edges):
            raise ValueError("histograms with different edges cannot be merged: count both with the reference's edges")
        return Histogram(
            self.edges,
            self.counts + other.counts,
            self.below + other.below,
            self.above + other.above,
            self.missing + other.missing,
        )


def quantile_edges(reference: ArrayLike, bins: int) -> NDArray[np.float64]:
    """Return edges that cut the reference into at most `bins` bins of about equal counts.

    Equal values never fall into two bins. A value that repeats often takes a bin of its own where the rows before it fill at
    least half a share; every bin holds at least half a share of the reference, so no distance hangs on a handful of rows.
    A constant column gives one bin that holds that value alone: anything else will count as below or above.

    Args:
        reference: numbers, any shape; NaN and infinities are left out.
        bins: how many bins are wanted, >= 1.

    Returns:
        Strictly increasing edges for `histogram`, shape (bins made + 1,).

    Raises:
        ValueError: `bins` < 1, or the reference holds no finite number.

    Source:
        Equal-frequency binning; the treatment of ties is our own rule.

    Example:
        >>> quantile_edges([0, 0, 0, 0, 0, 1, 2, 3, 4, 5], 4).tolist()
        [0.0, 1.0, 4.0, 5.0]
        >>> histogram([7, 7, 8], quantile_edges([7, 7, 7], 10)).above
        1
    """
    if bins < 1:
        raise ValueError(f"{bins} bins cannot be made")
    values = np.asarray(reference, dtype=np.float64).ravel()
    values = values[np.isfinite(values)]
    if not values.size:
        raise ValueError("the reference holds no finite number, so it has no quantiles")
    distinct, sizes = np.unique(values, return_counts=True)
    until = np.cumsum(sizes)
    starts = _bin_starts(until, bins)
    edges = distinct[starts]
    last = distinct[-1] if starts[-1] < distinct.size - 1 else math.nextafter(float(distinct[-1]), math.inf)
    return np.append(edges, last)


def _bin_starts(until: NDArray[np.int64], bins: int) -> list[int]:
    """Return the position of the first distinct value of each bin; `until[i]` counts the rows up to distinct value i."""
    rows, values = int(until[-1]), until.size
    starts, taken = [0], 0
    while len(starts) < bins:
        share = max(rows / bins, (rows - taken) / (bins - len(starts) + 1))
        reached = min(int(np.searchsorted(until, taken + share)), values - 1)
        before = int(until[reached - 1]) - taken if reached > starts[-1] else 0
        if before >= share / 2 and share - before < int(until[reached]) - taken - share:
            reached -= 1
        if reached + 1 >= values or rows - int(until[reached]) < rows / (2 * bins):
            break
        taken = int(until[reached])
        starts.append(reached + 1)
    return starts


def histogram(values: ArrayLike, edges: ArrayLike) -> Histogram:
    """Return the counts of `values` per bin, and apart from them the rows below, above and missing.

    Args:
        values: numbers, any shape; NaN is missing.
        edges: strictly increasing, at least two, without NaN; from `quantile_edges` of the reference.

    Raises:
        ValueError: the edges are not strictly increasing or fewer than two.

    Example:
        >>> found = histogram([0.0, 0.5, 1.0, 9.0, float("nan")], [0.0, 0.5, 1.0])
        >>> found.counts.tolist(), found.below, found.above, found.missing
        ([1, 2], 0, 1, 1)
    """
    cuts = np.asarray(edges, dtype=np.float64)
    if cuts.ndim != 1 or cuts.size < 2 or not bool(np.all(cuts[1:] > cuts[:-1])):
        raise ValueError("edges must be a strictly increasing column of at least two numbers")
    numbers = np.asarray(values, dtype=np.float64).ravel()
    missing = int(np.count_nonzero(np.isnan(numbers)))
    closed = np.append(cuts[:-1], math.nextafter(float(cuts[-1]), math.inf))
    places = np.bincount(np.searchsorted(closed, numbers, side="right"), minlength=cuts.size + 1)
    # NaN is searched as larger than every edge, so the last place holds both what is above and what is missing
    return Histogram(cuts, places[1:-1].astype(np.int64), int(places[0]), int(places[-1]) - missing, missing)
