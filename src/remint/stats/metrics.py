"""One row of figures for a classifier on a set of rows, and the same per slice."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remint.stats.binary import probability_sample
from remint.stats.probability import brier
from remint.stats.ranking import auc


@dataclass(frozen=True, slots=True)
class ClassificationReport:
    """How a classifier did on some rows.

    Attributes:
        rows: number of rows.
        positives: rows with a positive label.
        auc: area under the ROC curve; None when only one class occurs.
        brier: Brier score.
        mean_score: mean of the scores.
        rate: share of positive rows.
    """

    rows: int
    positives: int
    auc: float | None
    brier: float
    mean_score: float
    rate: float


@dataclass(frozen=True, slots=True)
class SliceReports:
    """Reports per slice, and what they leave out.

    Attributes:
        slices: key and report, sorted by key.
        small_slices: slices with fewer rows than the minimum.
        small_rows: rows in those slices.
    """

    slices: tuple[tuple[str, ClassificationReport], ...]
    small_slices: int
    small_rows: int


def classification_report(labels: ArrayLike, scores: ArrayLike) -> ClassificationReport:
    """Return the figures of a classifier on these rows.

    Args:
        labels: 0/1 or booleans, shape (rows,); one class alone is allowed.
        scores: probabilities of a positive label, same shape.

    Raises:
        ValueError: see `probability_sample`.

    Example:
        >>> classification_report([0, 1], [0.25, 0.75])
        ClassificationReport(rows=2, positives=1, auc=1.0, brier=0.0625, mean_score=0.5, rate=0.5)
    """
    positive, numbers = probability_sample(labels, scores)
    positives = int(np.count_nonzero(positive))
    return ClassificationReport(
        rows=positive.size,
        positives=positives,
        auc=auc(positive, numbers) if 0 < positives < positive.size else None,
        brier=brier(positive, numbers),
        mean_score=float(numbers.mean()),
        rate=positives / positive.size,
    )


def classification_report_slices(
    labels: ArrayLike, scores: ArrayLike, keys: ArrayLike, *, minimum_rows: int = 30
) -> SliceReports:
    """Return the figures of a classifier per slice.

    Small slices are counted, not reported: among many of them the worst is bad by chance.

    Args:
        labels: 0/1 or booleans, shape (rows,).
        scores: probabilities of a positive label, same shape.
        keys: the slice of each row as text, same shape.
        minimum_rows: fewest rows a slice needs for a report, >= 1.

    Raises:
        ValueError: see `probability_sample`; `keys` differ in shape or are not all text; or `minimum_rows` < 1.

    Source:
        The default minimum of 30 is a rule of thumb.

    Example:
        >>> found = classification_report_slices([0, 1, 1], [0.2, 0.9, 0.5], ["JFK", "JFK", "LGA"], minimum_rows=2)
        >>> [(key, report.rows) for key, report in found.slices], found.small_slices, found.small_rows
        ([('JFK', 2)], 1, 1)
    """
    if minimum_rows < 1:
        raise ValueError(f"a slice needs at least one row, not {minimum_rows}")
    positive, numbers = probability_sample(labels, scores)
    names, places = _slice_places(keys, positive.shape)
    order = np.argsort(places, kind="stable")
    sizes = np.bincount(places, minlength=len(names))
    ends = np.cumsum(sizes)
    reports = []
    for name, size, end in zip(names, sizes.tolist(), ends.tolist(), strict=True):
        if size >= minimum_rows:
            rows = order[end - size : end]
            reports.append((name, classification_report(positive[rows], numbers[rows])))
    small = sizes[sizes < minimum_rows]
    return SliceReports(tuple(reports), small.size, int(small.sum()))


def _slice_places(keys: ArrayLike, shape: tuple[int, ...]) -> tuple[list[str], NDArray[np.intp]]:
    """Return the sorted slice names and, for each row, the position of its name."""
    # a list goes in as objects, because numpy would turn a NaN beside text into the text "nan"
    given = keys if isinstance(keys, np.ndarray) else np.asarray(keys, dtype=object)
    if given.shape != shape:
        raise ValueError(f"slice keys of shape {given.shape} do not belong to rows of shape {shape}")
    if given.dtype.kind == "O" and not all(isinstance(key, str) for key in given):
        raise ValueError("every slice key must be text: name the missing ones first")
    if given.dtype.kind not in "OUT":
        raise ValueError(f"slice keys must be text, not {given.dtype}")
    names, places = np.unique(given, return_inverse=True)
    return [str(name) for name in names], places
