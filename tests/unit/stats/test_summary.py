import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remint.stats.summary import align_levels, level_summary, number_summary

BRIEFLY = settings(max_examples=settings().max_examples // 4)

NUMBERS = st.lists(st.one_of(st.floats(-1e6, 1e6), st.sampled_from([math.nan, math.inf, -math.inf, 0.0])), max_size=60)
NAMES = st.lists(st.one_of(st.none(), st.sampled_from("abcde")), max_size=40)


@BRIEFLY
@given(NUMBERS.filter(lambda values: any(math.isfinite(value) for value in values)))
def test_the_figures_are_numpys_over_the_finite_values(values):
    finite = np.array([value for value in values if math.isfinite(value)])
    found = number_summary(np.array(values))
    assert (found.count, found.rows) == (finite.size, len(values))
    assert (found.minimum, found.maximum) == (finite.min(), finite.max())
    assert (found.mean, found.std) == pytest.approx((finite.mean(), finite.std()), rel=1e-9, abs=1e-6)
    assert found.missing == sum(math.isnan(value) for value in values)
    assert found.infinite == sum(math.isinf(value) for value in values)
    assert found.distinct == np.unique(finite).size
    probabilities, places = zip(*found.quantiles, strict=True)
    assert list(places) == np.quantile(finite, probabilities, method="inverted_cdf").tolist()


@BRIEFLY
@given(NUMBERS, NUMBERS)
def test_merged_figures_are_those_of_the_whole(one, two):
    merged = number_summary(np.array(one)).merge(number_summary(np.array(two)))
    whole = number_summary(np.array(one + two))
    assert (merged.count, merged.missing, merged.infinite) == (whole.count, whole.missing, whole.infinite)
    assert (merged.minimum, merged.maximum) == (whole.minimum, whole.maximum)
    assert merged.mean == (whole.mean if whole.mean is None else pytest.approx(whole.mean, rel=1e-9, abs=1e-6))
    assert merged.std == (whole.std if whole.std is None else pytest.approx(whole.std, rel=1e-6, abs=1e-5))
    assert (merged.quantiles, merged.distinct) == ((), None)


def test_a_constant_column_has_no_spread_whatever_its_rounding():
    assert number_summary([0.1] * 1_000).std == 0.0


@pytest.mark.parametrize("values", [[], [math.nan, math.nan], np.array([], dtype=np.int64)])
def test_a_column_without_numbers_has_counts_and_no_figures(values):
    found = number_summary(values)
    assert (found.count, found.missing, found.mean, found.quantiles) == (0, len(values), None, ())


def test_booleans_and_integers_are_numbers():
    assert number_summary(np.array([True, False, True])).mean == pytest.approx(2 / 3)
    assert number_summary(np.array([1, 2], dtype=np.uint8)).maximum == 2.0


def test_distinct_values_are_counted_up_to_the_limit():
    assert number_summary(np.arange(5), distinct_limit=5).distinct == 5
    assert number_summary(np.arange(6), distinct_limit=5).distinct is None


def test_a_column_of_text_is_no_column_of_numbers():
    with pytest.raises(ValueError, match="level_summary"):
        number_summary(["a", "b"])


def test_a_probability_beyond_one_is_refused():
    with pytest.raises(ValueError, match="probabilities"):
        number_summary([1.0], quantiles=(1.5,))


@BRIEFLY
@given(NAMES, NAMES)
def test_merged_levels_are_those_of_the_whole(one, two):
    parts = level_summary(np.array(one, dtype=object)).merge(level_summary(np.array(two, dtype=object)))
    assert parts == level_summary(np.array(one + two, dtype=object))


def test_levels_come_most_rows_first_then_by_name():
    assert level_summary(["b", "c", "a", "c"]).levels == (("c", 2), ("a", 1), ("b", 1))


@pytest.mark.parametrize("kind", [list, lambda values: np.array(values, dtype=object)])
def test_none_and_nan_are_missing_levels(kind):
    found = level_summary(kind(["a", None, math.nan]))
    assert (found.count, found.missing, found.distinct) == (1, 2, 1)


def test_too_many_levels_leave_only_the_counts_also_after_a_merge():
    many = level_summary(["a", "b", "c"], limit=2)
    assert (many.count, many.levels, many.distinct) == (3, None, None)
    assert many.merge(level_summary(["a"])).levels is None
    assert level_summary(["a", "b"], limit=2).merge(level_summary(["c"], limit=2)).levels is None


def test_an_empty_column_has_no_levels():
    assert level_summary([]).levels == ()


def test_new_and_lost_levels_are_named():
    both = align_levels({"AA": 3, "HA": 0, "UA": 2}, {"AA": 1, "YV": 4})
    assert both.names == ("AA", "HA", "UA", "YV")
    assert (both.reference.tolist(), both.live.tolist()) == ([3, 0, 2, 0], [1, 0, 0, 4])
    assert (both.new, both.lost) == (("YV",), ("UA",))
