import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from remint.stats.bins import histogram, quantile_edges

BRIEFLY = settings(max_examples=settings().max_examples // 4)

COLUMNS = st.one_of(
    hnp.arrays(np.float64, st.integers(1, 200), elements=st.integers(-4, 4).map(float)),
    hnp.arrays(np.float64, st.integers(1, 200), elements=st.floats(allow_nan=False, allow_infinity=False)),
)


@BRIEFLY
@given(COLUMNS, st.integers(1, 15))
def test_the_reference_lies_inside_its_own_edges_and_no_bin_is_thin(column, bins):
    found = histogram(column, quantile_edges(column, bins))
    assert (found.below, found.above, found.missing) == (0, 0, 0)
    assert found.counts.sum() == column.size
    assert 1 <= found.counts.size <= bins
    assert found.counts.min() >= column.size / (2 * bins)


@BRIEFLY
@given(hnp.arrays(np.float64, st.integers(1, 100), elements=st.floats()), st.integers(1, 10))
def test_counts_are_numpys_inside_and_nothing_is_lost_outside(column, bins):
    edges = np.linspace(-100.0, 100.0, bins + 1)
    found = histogram(column, edges)
    inside = column[(column >= -100.0) & (column <= 100.0)]
    place = np.minimum(np.searchsorted(edges, inside, side="right") - 1, bins - 1)
    assert found.counts.tolist() == np.bincount(place, minlength=bins).tolist()
    assert found.below == np.count_nonzero(column < -100.0)
    assert found.above == np.count_nonzero(column > 100.0)
    assert found.missing == np.count_nonzero(np.isnan(column))
    assert found.rows == column.size


def test_distinct_values_fill_bins_of_equal_counts():
    column = np.random.default_rng(1).normal(size=1_000)
    assert histogram(column, quantile_edges(column, 8)).counts.tolist() == [125] * 8


def test_a_heavy_value_takes_a_bin_of_its_own():
    column = np.concatenate((np.linspace(0, 1, 300), np.full(500, 2.0), np.linspace(3, 4, 200)))
    edges = quantile_edges(column, 10)
    assert 500 in histogram(column, edges).counts
    assert 2.0 in edges
    assert 3.0 in edges


def test_many_zeros_leave_the_rest_in_bins_of_half_a_share_or_more():
    column = np.concatenate((np.zeros(700), np.arange(1.0, 301.0)))
    assert histogram(column, quantile_edges(column, 10)).counts.tolist() == [700, 100, 100, 100]


def test_a_constant_column_gives_one_bin_for_that_value_alone():
    edges = quantile_edges([0.1] * 5, 10)
    found = histogram([0.1, 0.1, 0.1000001, 0.0], edges)
    assert edges.size == 2
    assert (found.counts.tolist(), found.below, found.above) == ([2], 1, 1)


def test_nan_and_infinity_take_no_part_in_the_edges():
    assert quantile_edges([math.nan, 1.0, math.inf, 2.0, -math.inf], 1).tolist() == [1.0, 2.0]


def test_infinities_of_a_live_window_count_as_below_and_above():
    found = histogram([-math.inf, math.inf, math.inf], [0.0, 1.0])
    assert (found.below, found.above, found.all_present.tolist()) == (1, 2, [1, 0, 2])


def test_an_empty_window_has_a_histogram_of_zeros():
    found = histogram([], [0.0, 1.0])
    assert (found.rows, found.counts.tolist()) == (0, [0])


def test_the_histogram_of_two_parts_is_the_one_of_the_whole():
    column = np.random.default_rng(2).normal(size=500)
    column[::50] = np.nan
    edges = quantile_edges(column[:200], 5)
    merged = histogram(column[:200], edges).merge(histogram(column[200:], edges))
    whole = histogram(column, edges)
    assert merged.all_present.tolist() == whole.all_present.tolist()
    assert (merged.missing, merged.rows) == (whole.missing, 500)


def test_histograms_of_other_edges_do_not_merge():
    with pytest.raises(ValueError, match="different edges"):
        histogram([0.5], [0.0, 1.0]).merge(histogram([0.5], [0.0, 2.0]))


@pytest.mark.parametrize("edges", [[], [1.0], [1.0, 1.0], [2.0, 1.0], [0.0, math.nan], [[0.0, 1.0]]])
def test_edges_that_do_not_rise_are_refused(edges):
    with pytest.raises(ValueError, match="strictly increasing"):
        histogram([0.5], edges)


@pytest.mark.parametrize(("reference", "bins"), [([], 5), ([math.nan, math.inf], 5), ([1.0], 0)])
def test_a_reference_without_quantiles_is_refused(reference, bins):
    with pytest.raises(ValueError):
        quantile_edges(reference, bins)
