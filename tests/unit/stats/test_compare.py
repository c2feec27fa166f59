import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from remint.stats.compare import compare_numbers

BRIEFLY = settings(max_examples=settings().max_examples // 4)

ARRAYS = hnp.arrays(np.float64, hnp.array_shapes(max_dims=2, max_side=6), elements=st.floats())


@BRIEFLY
@given(ARRAYS)
def test_an_array_is_its_own_copy_to_the_bit(array):
    found = compare_numbers(array, array.copy(), threshold=0.5)
    assert (found.bit_equal, found.equal, found.max_abs_error, found.max_rel_error) == (True, True, 0.0, 0.0)
    assert (found.changed_decisions, found.first_difference, found.values) == (0, None, array.size)


@BRIEFLY
@given(ARRAYS, st.data())
def test_the_first_difference_is_where_one_value_was_changed(array, data):
    place = data.draw(st.sampled_from(list(np.ndindex(array.shape))))
    other = array.copy()
    other[place] = 1.0 if math.isnan(array[place]) else math.nan
    found = compare_numbers(array, other)
    assert (found.bit_equal, found.differing, found.missing_changed, found.first_difference) == (False, 1, 1, place)
    assert found.max_abs_error == math.inf


@BRIEFLY
@given(hnp.arrays(np.float64, (2, 20), elements=st.floats(-1e9, 1e9)))
def test_errors_are_the_largest_absolute_and_relative_differences(pair):
    one, two = pair
    found = compare_numbers(one, two)
    larger = np.maximum(np.abs(one), np.abs(two))
    relative = np.abs(one - two) / np.where(larger > 0, larger, 1.0)
    assert (found.max_abs_error, found.max_rel_error) == (np.abs(one - two).max(), relative.max())
    assert found.differing == np.count_nonzero(one != two)


def test_minus_zero_equals_zero_but_not_to_the_bit():
    found = compare_numbers(np.array([0.0]), np.array([-0.0]))
    assert (found.equal, found.bit_equal) == (True, False)


def test_another_type_may_be_equal_but_not_to_the_bit():
    found = compare_numbers(np.array([0.5, 2.0]), np.array([0.5, 2.0], dtype=np.float32))
    assert (found.equal, found.bit_equal) == (True, False)


def test_nan_equals_nan_whatever_its_bits():
    other_nan = np.array([0x7FF8000000000001], dtype=np.uint64).view(np.float64)
    found = compare_numbers(np.array([math.nan]), other_nan)
    assert (found.equal, found.bit_equal, found.missing_changed) == (True, False, 0)


@pytest.mark.parametrize("other", [1.0, -math.inf])
def test_an_infinity_against_anything_else_is_an_infinite_error(other):
    found = compare_numbers(np.array([math.inf]), np.array([other]))
    assert (found.max_abs_error, found.max_rel_error) == (math.inf, math.inf)


def test_equal_infinities_do_not_differ():
    assert compare_numbers(np.array([math.inf]), np.array([math.inf])).max_abs_error == 0.0


def test_a_difference_too_large_for_a_float_is_infinite_without_a_warning():
    assert compare_numbers(np.array([1.7e308]), np.array([-1.7e308])).max_abs_error == math.inf


def test_decisions_change_where_a_value_crosses_the_threshold_or_is_lost():
    recorded = np.array([0.49, 0.5, 0.7, 0.2, math.nan, math.nan])
    regenerated = np.array([0.5, 0.5, 0.1, 0.3, 0.1, math.nan])
    assert compare_numbers(recorded, regenerated, threshold=0.5).changed_decisions == 3
    assert compare_numbers(recorded, regenerated).changed_decisions is None


def test_whole_numbers_and_booleans_are_compared_too():
    found = compare_numbers(np.array([[1, 2], [3, 4]]), np.array([[1, 2], [7, 4]]))
    assert (found.first_difference, found.max_abs_error) == ((1, 0), 4.0)
    assert compare_numbers(np.array([True, False]), np.array([True, True])).differing == 1


def test_empty_arrays_are_equal():
    assert compare_numbers(np.array([]), np.array([]), threshold=0.5).bit_equal


@pytest.mark.parametrize(
    ("one", "two", "threshold"),
    [
        (np.zeros(2), np.zeros(3), None),
        (np.array(["a"]), np.array(["a"]), None),
        (np.array([1j]), np.array([1j]), None),
        (np.zeros(1), np.zeros(1), math.nan),
    ],
)
def test_what_cannot_be_compared_is_refused(one, two, threshold):
    with pytest.raises(ValueError):
        compare_numbers(one, two, threshold=threshold)
