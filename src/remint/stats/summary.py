"""What a column holds: numbers and levels in a few figures, mergeable where merging is exact."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
DISTINCT_LIMIT = 100


@dataclass(frozen=True, slots=True)
class NumberSummary:
    """A numeric column. `minimum` to `quantiles` describe the finite values and are None or empty when there is none.

    Attributes:
        count: finite values.
        missing: NaN.
        infinite: plus and minus infinity.
        minimum: smallest finite value.
        maximum: largest finite value.
        mean: of the finite values.
        std: population standard deviation (divided by `count`).
        quantiles: (probability, value) pairs; empty after a merge, because quantiles of parts do not give those of the whole.
        distinct: number of distinct finite values; None when there are more than the limit, and after a merge.
    """

    count: int
    missing: int
    infinite: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    quantiles: tuple[tuple[float, float], ...]
    distinct: int | None

    @property
    def rows(self) -> int:
        """All rows, the missing and infinite ones included."""
        return self.count + self.missing + self.infinite

    def merge(self, other: "NumberSummary") -> "NumberSummary":
        """Return the summary of both parts together; everything but `quantiles` and `distinct` is kept.

        Source:
            T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm" (1979).

        Example:
            >>> whole = number_summary([1.0, 2.0]).merge(number_summary([6.0]))
            >>> whole.count, whole.mean, round(whole.std, 4)
            (3, 3.0, 2.1602)
        """
        moments = _merged_moments(self, other)
        lows = [low for low in (self.minimum, other.minimum) if low is not None]
        highs = [high for high in (self.maximum, other.maximum) if high is not None]
        return NumberSummary(
            self.count + other.count,
            self.missing + other.missing,
            self.infinite + other.infinite,
            min(lows, default=None),
            max(highs, default=None),
            *moments,
            (),
            None,
        )


def _merged_moments(one: NumberSummary, two: NumberSummary) -> tuple[float | None, float | None]:
    if one.mean is None or one.std is None:
        return two.mean, two.std
    if two.mean is None or two.std is None:
        return one.mean, one.std
    rows = one.count + two.count
    share, apart = two.count / rows, two.mean - one.mean
    variance = (1.0 - share) * one.std**2 + share * two.std**2 + share * (1.0 - share) * apart**2
    return one.mean + share * apart, math.sqrt(variance)


def number_summary(
    values: ArrayLike, *, quantiles: tuple[float, ...] = QUANTILES, distinct_limit: int = DISTINCT_LIMIT
) -> NumberSummary:
    """Return the figures of a numeric column; an empty one has counts of 0 and no figures.

    Args:
        values: numbers or booleans, any shape; NaN is missing. Computed in float64.
        quantiles: probabilities, 0 to 1; each value is one that occurs (inverse of the distribution function).
        distinct_limit: count distinct values up to this many.

    Raises:
        ValueError: the values are not numbers, or a probability is outside 0 to 1.

    Example:
        >>> found = number_summary([3.0, 1.0, float("nan"), 2.0], quantiles=(0.5,))
        >>> found.count, found.missing, found.mean, found.quantiles, found.distinct
        (3, 1, 2.0, ((0.5, 2.0),), 3)
    """
    if not all(0.0 <= probability <= 1.0 for probability in quantiles):
        raise ValueError(f"quantiles need probabilities from 0 to 1, not {quantiles}")
    given = np.asarray(values)
    if given.size and given.dtype.kind not in "biuf":
        raise ValueError(f"a column of type {given.dtype} holds no numbers: use level_summary")
    ordered = np.sort(given.astype(np.float64), axis=None)
    missing = int(np.count_nonzero(np.isnan(ordered)))
    finite = ordered[np.isfinite(ordered)]
    infinite = ordered.size - missing - finite.size
    if not finite.size:
        return NumberSummary(0, missing, infinite, None, None, None, None, (), 0)
    found = 1 + int(np.count_nonzero(finite[1:] != finite[:-1]))
    places = [max(0, math.ceil(probability * finite.size) - 1) for probability in quantiles]
    return NumberSummary(
        finite.size,
        missing,
        infinite,
        float(finite[0]),
        float(finite[-1]),
        float(finite.mean()),
        float(finite.std()) if found > 1 else 0.0,
        tuple((probability, float(finite[place])) for probability, place in zip(quantiles, places, strict=True)),
        found if found <= distinct_limit else None,
    )


@dataclass(frozen=True, slots=True)
class LevelSummary:
    """A column of names.

    Attributes:
        count: rows that hold a level.
        missing: rows that are None or NaN.
        levels: (level, rows) pairs, most rows first, then by name; None when there are more levels than the limit.
        limit: the most levels kept.
    """

    count: int
    missing: int
    levels: tuple[tuple[str, int], ...] | None
    limit: int

    @property
    def distinct(self) -> int | None:
        """Number of levels; None when there are more than the limit."""
        return None if self.levels is None else len(self.levels)

    def merge(self, other: "LevelSummary") -> "LevelSummary":
        """Return the summary of both parts together, exact up to the smaller of the two limits.

        Example:
            >>> level_summary(["a", "b"]).merge(level_summary(["a", None])).levels
            (('a', 2), ('b', 1))
        """
        limit = min(self.limit, other.limit)
        count, missing = self.count + other.count, self.missing + other.missing
        if self.levels is None or other.levels is None:
            return LevelSummary(count, missing, None, limit)
        return LevelSummary(count, missing, _ranked(Counter(dict(self.levels)) + Counter(dict(other.levels)), limit), limit)


def _ranked(counts: Counter[str], limit: int) -> tuple[tuple[str, int], ...] | None:
    if len(counts) > limit:
        return None
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def level_summary(values: ArrayLike, *, limit: int = DISTINCT_LIMIT) -> LevelSummary:
    """Return the levels of a column of names and how often each occurs.

    Args:
        values: text or other scalars, any shape; None and NaN are missing; a level that is no text is named by `str`.
        limit: keep the levels only up to this many.

    Example:
        >>> level_summary(["JFK", "LGA", "JFK", None]).levels
        (('JFK', 2), ('LGA', 1))
    """
    # a list goes in as objects, because numpy would turn a NaN beside text into the text "nan"
    given = values if isinstance(values, np.ndarray) else np.asarray(values, dtype=object)
    counts = Counter(given.ravel().tolist())
    levels: Counter[str] = Counter()
    missing = 0
    for level, rows in counts.items():
        if level is None or level != level:  # noqa: PLR0124 - only NaN differs from itself, whatever its type
            missing += rows
        else:
            levels[str(level)] += rows
    return LevelSummary(given.size - missing, missing, _ranked(levels, limit), limit)


@dataclass(frozen=True, slots=True, eq=False)
class AlignedLevels:
    """Two windows of one column of names in one order, as the distances of `drift` take them.

    Attributes:
        names: all levels of either window, sorted.
        reference: rows per level, shape (levels,).
        live: rows per level, same shape.
        new: levels only the live window has.
        lost: levels only the reference has.
    """

    names: tuple[str, ...]
    reference: NDArray[np.int64]
    live: NDArray[np.int64]
    new: tuple[str, ...]
    lost: tuple[str, ...]


def align_levels(reference: Mapping[str, int], live: Mapping[str, int]) -> AlignedLevels:
    """Return two windows' level counts side by side, with 0 for a level that a window does not have.

    Args:
        reference: rows per level.
        live: rows per level.

    Example:
        >>> both = align_levels({"a": 3, "b": 1}, {"a": 2, "c": 4})
        >>> both.names, both.live.tolist(), both.new, both.lost
        (('a', 'b', 'c'), [2, 0, 4], ('c',), ('b',))
    """
    names = tuple(sorted(reference.keys() | live.keys()))
    first = np.array([reference.get(name, 0) for name in names], dtype=np.int64)
    second = np.array([live.get(name, 0) for name in names], dtype=np.int64)
    new = tuple(name for name, had, has in zip(names, first, second, strict=True) if has and not had)
    lost = tuple(name for name, had, has in zip(names, first, second, strict=True) if had and not has)
    return AlignedLevels(names, first, second, new, lost)
