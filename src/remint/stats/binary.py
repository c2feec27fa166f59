"""The checked form of what every measure of a binary classifier takes: labels and scores, row by row."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def binary_sample(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return labels as booleans and scores as float64, both of shape (rows,).

    Args:
        labels: 0/1 or False/True, shape (rows,). A row whose label is not known yet must be left out by the caller.
        scores: finite numbers, higher for more positive, same shape.

    Raises:
        ValueError: no rows, shapes differ, a label is neither 0 nor 1, or a score is NaN or infinite.

    Example:
        >>> binary_sample([0, 1], [0.25, 0.5])
        (array([False,  True]), array([0.25, 0.5 ]))
    """
    given = np.asarray(labels)
    numbers = np.asarray(scores, dtype=np.float64)
    if given.ndim != 1 or given.shape != numbers.shape:
        raise ValueError(f"labels and scores must be two columns of one length, not {given.shape} and {numbers.shape}")
    if not given.size:
        raise ValueError("there are no rows: a measure of nothing has no value")
    if given.dtype == np.bool_:
        positive: NDArray[np.bool_] = given
    else:
        positive = given == 1
        wrong = int(np.count_nonzero(~positive & (given != 0)))
        if wrong:
            raise ValueError(f"{wrong} of {given.size} labels are neither 0 nor 1")
    bad = int(np.count_nonzero(~np.isfinite(numbers)))
    if bad:
        raise ValueError(f"{bad} of {numbers.size} scores are NaN or infinite")
    return positive, numbers


def probability_sample(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return what `binary_sample` returns, for scores that claim to be probabilities.

    Raises:
        ValueError: as `binary_sample`, or a score is outside 0 to 1.
    """
    positive, numbers = binary_sample(labels, scores)
    outside = int(np.count_nonzero((numbers < 0.0) | (numbers > 1.0)))
    if outside:
        raise ValueError(f"{outside} of {numbers.size} scores are outside 0 to 1, so they are no probabilities")
    return positive, numbers


def require_both_classes(positive: NDArray[np.bool_], measure: str) -> tuple[int, int]:
    """Return the number of positive and of negative rows.

    Args:
        positive: labels as booleans.
        measure: what cannot be computed otherwise, for the message.

    Raises:
        ValueError: one of the two classes has no row.
    """
    positives = int(np.count_nonzero(positive))
    negatives = positive.size - positives
    if not positives or not negatives:
        raise ValueError(f"{measure} needs both classes: there are {positives} positive and {negatives} negative rows")
    return positives, negatives
