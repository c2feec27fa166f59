import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from scipy.spatial import distance

from remint.stats.drift import (
    benjamini_hochberg,
    chi_square_two_sample,
    histogram,
    jensen_shannon,
    kolmogorov_smirnov,
    population_stability,
    quantile_edges,
    total_variation,
    wasserstein_normalised,
)

BRIEFLY = settings(max_examples=settings().max_examples // 4)

DISTANCES = [population_stability, jensen_shannon, total_variation]
VALUES = st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6))
WINDOWS = hnp.arrays(np.float64, st.integers(1, 60), elements=VALUES)


@st.composite
def count_pairs(draw):
    size = draw(st.integers(1, 12))
    counts = hnp.arrays(np.int64, size, elements=st.integers(0, 200))
    pair = draw(counts), draw(counts)
    assume(pair[0].sum() and pair[1].sum())
    return pair


@BRIEFLY
@given(count_pairs())
def test_population_stability_is_the_sum_of_both_relative_entropies(pair):
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in pair)
    assert population_stability(*pair) == pytest.approx(stats.entropy(p, q) + stats.entropy(q, p), abs=1e-12)


@BRIEFLY
@given(count_pairs())
def test_jensen_shannon_is_scipys_distance_to_base_two(pair):
    # both take the root of a small difference, so 1e-16 under it is 1e-8 above
    assert jensen_shannon(*pair) == pytest.approx(np.nan_to_num(distance.jensenshannon(*pair, base=2)), abs=3e-8)


@BRIEFLY
@given(count_pairs())
def test_total_variation_is_half_the_absolute_difference(pair):
    p, q = pair[0] / pair[0].sum(), pair[1] / pair[1].sum()
    assert total_variation(*pair) == pytest.approx(distance.cityblock(p, q) / 2, abs=1e-12)


@pytest.mark.parametrize("measure", DISTANCES)
@BRIEFLY
@given(pair=count_pairs())
def test_every_distance_is_symmetric_and_not_negative(measure, pair):
    assert measure(*pair) == pytest.approx(measure(*pair[::-1]), abs=1e-12)
    assert measure(*pair) >= 0.0
    assert measure(pair[0], pair[0]) == 0.0


@pytest.mark.parametrize("measure", [*DISTANCES, chi_square_two_sample])
@pytest.mark.parametrize(
    ("expected", "actual", "says"),
    [
        ([1, 2], [1, 2, 3], "same bins"),
        ([[1, 2]], [[1, 2]], "same bins"),
        ([0, 0], [1, 2], "without rows"),
        ([1, 2], [0, 0], "without rows"),
        ([], [], "without rows"),
        ([-1, 2], [1, 2], "negative"),
        ([math.nan, 2], [1, 2], "finite"),
    ],
)
def test_counts_that_cannot_be_compared_are_refused(measure, expected, actual, says):
    with pytest.raises(ValueError, match=says):
        measure(np.array(expected), np.array(actual))


@pytest.mark.parametrize("smoothing", [0.0, -1.0, math.nan])
def test_a_smoothing_that_leaves_empty_bins_empty_is_refused(smoothing):
    with pytest.raises(ValueError, match="smoothing"):
        population_stability(np.array([1]), np.array([1]), smoothing=smoothing)


def test_an_empty_bin_leaves_population_stability_finite():
    assert math.isfinite(population_stability(np.array([100, 0]), np.array([0, 100])))


@BRIEFLY
@given(WINDOWS, WINDOWS)
def test_the_kolmogorov_distance_is_the_largest_gap_of_the_two_step_functions(reference, live):
    at = np.concatenate((reference, live))
    gaps = [abs((reference <= value).mean() - (live <= value).mean()) for value in at]
    assert kolmogorov_smirnov(reference, live).statistic == pytest.approx(max(gaps), abs=1e-12)


@pytest.mark.parametrize(("rows", "others", "error"), [(10, 10, 0.06), (50, 50, 0.025), (30, 200, 0.003), (300, 200, 0.003)])
@pytest.mark.parametrize("shift", [0.2, 0.5, 0.8])
def test_the_kolmogorov_chance_is_near_the_exact_one_where_it_is_small(rows, others, error, shift):
    generator = np.random.default_rng(rows)
    reference, live = generator.normal(size=rows), generator.normal(shift, size=others)
    oracle = stats.ks_2samp(reference, live, method="exact")
    found = kolmogorov_smirnov(reference, live)
    assert found.statistic == pytest.approx(oracle.statistic)
    assert found.p_value == pytest.approx(oracle.pvalue, abs=error if oracle.pvalue < 0.2 else 0.15)


@BRIEFLY
@given(WINDOWS, WINDOWS)
def test_the_wasserstein_distance_is_scipys_in_deviations_of_the_reference(reference, live):
    assume(reference.std() > 1e-3)
    oracle = stats.wasserstein_distance(reference, live) / reference.std()
    assert wasserstein_normalised(reference, live) == pytest.approx(oracle, rel=1e-9, abs=1e-9)


def test_any_move_from_a_constant_reference_is_infinitely_many_deviations():
    assert wasserstein_normalised([0.1] * 7, [0.1] * 3) == 0.0
    assert wasserstein_normalised([0.1] * 7, [0.1, 0.2]) == math.inf


def test_one_wild_value_moves_wasserstein_and_not_the_binned_distances():
    generator = np.random.default_rng(4)
    reference, live = generator.normal(size=3_000), generator.normal(size=3_000)
    live[0] = 1e6
    edges = quantile_edges(reference, 10)
    stability = population_stability(histogram(reference, edges).all_present, histogram(live, edges).all_present)
    assert wasserstein_normalised(reference, live) > 300
    assert stability < 0.01


def test_fewer_zeros_move_quantile_bins():
    # from 70 % zeros to 50 %: bins of equal width see next to nothing of it
    generator = np.random.default_rng(5)
    reference = np.where(generator.random(3_000) < 0.7, 0.0, generator.exponential(size=3_000))
    live = np.where(generator.random(3_000) < 0.5, 0.0, generator.exponential(size=3_000))
    edges = quantile_edges(reference, 10)
    assert population_stability(histogram(reference, edges).all_present, histogram(live, edges).all_present) > 0.1


def test_nan_is_left_out_of_both_windows():
    held, holed = [1.0, 2.0, 3.0], [1.0, math.nan, 2.0, 3.0]
    live = [2.0, math.nan, 5.0]
    assert kolmogorov_smirnov(holed, live) == kolmogorov_smirnov(held, [2.0, 5.0])
    assert wasserstein_normalised(holed, live) == wasserstein_normalised(held, [2.0, 5.0])


@pytest.mark.parametrize("measure", [kolmogorov_smirnov, wasserstein_normalised])
@pytest.mark.parametrize(("reference", "live"), [([], [1.0]), ([1.0], []), ([math.nan], [1.0]), ([1.0], [math.nan])])
def test_a_window_without_numbers_is_refused(measure, reference, live):
    with pytest.raises(ValueError, match="holds no number"):
        measure(reference, live)


def test_an_infinite_value_has_no_wasserstein_distance_but_a_rank():
    assert kolmogorov_smirnov([1.0, math.inf], [1.0, 2.0]).statistic == 0.5
    with pytest.raises(ValueError, match="infinite"):
        wasserstein_normalised([1.0, math.inf], [1.0, 2.0])


@BRIEFLY
@given(hnp.arrays(np.int64, (2, 5), elements=st.integers(100, 400)))
def test_chi_square_is_scipys_contingency_test_where_no_level_is_rare(table):
    oracle = stats.chi2_contingency(table, correction=False)
    found = chi_square_two_sample(*table)
    assert (found.statistic, found.p_value) == pytest.approx((oracle.statistic, oracle.pvalue), rel=1e-8, abs=1e-12)
    assert (found.degrees, found.pooled) == (4, 0)


def test_rare_levels_are_joined_until_enough_rows_are_expected():
    expected, actual = np.array([500, 480, 4, 3, 2, 1]), np.array([510, 470, 2, 3, 3, 2])
    found = chi_square_two_sample(expected, actual)
    joined = np.array([[500, 480, 10], [510, 470, 10]])
    assert (found.pooled, found.degrees) == (4, 2)
    assert found.statistic == pytest.approx(stats.chi2_contingency(joined, correction=False).statistic)


def test_a_joint_group_that_is_still_thin_takes_in_the_next_level():
    found = chi_square_two_sample(np.array([100, 50, 1]), np.array([100, 50, 1]))
    assert (found.pooled, found.degrees) == (2, 1)


def test_levels_that_occur_in_neither_window_do_not_count():
    assert chi_square_two_sample(np.array([60, 40, 0]), np.array([45, 55, 0])).degrees == 1


@pytest.mark.parametrize(("expected", "actual"), [([9], [5]), ([2, 1, 1], [1, 1, 1])])
def test_one_group_alone_says_nothing(expected, actual):
    found = chi_square_two_sample(np.array(expected), np.array(actual))
    assert (found.statistic, found.degrees, found.p_value) == (0.0, 0, 1.0)


def test_a_minimum_of_zero_expected_rows_is_refused():
    with pytest.raises(ValueError, match="minimum_expected"):
        chi_square_two_sample(np.array([1]), np.array([1]), minimum_expected=0.0)


@pytest.mark.parametrize("levels", [2, 4, 10, 60])
def test_without_drift_chi_square_alarms_as_rarely_as_its_level_says(levels):
    # 2,000 pairs of windows of 3,000 and 2,000 rows, uneven levels (with 60 the rarest are pooled), nominal 5 %.
    # Tolerance: 4 standard errors of the share, 4 * sqrt(0.05 * 0.95 / 2,000) = 2.0 %. The one-sample test fails this by far.
    generator = np.random.default_rng(20260103)
    chances = np.geomspace(1.0, 0.01 if levels > 10 else 0.2, levels)
    chances /= chances.sum()
    references = generator.multinomial(3_000, chances, size=2_000)
    lives = generator.multinomial(2_000, chances, size=2_000)
    alarms = [chi_square_two_sample(*pair).p_value < 0.05 for pair in zip(references, lives, strict=True)]
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.02)


def test_without_drift_the_kolmogorov_test_alarms_as_rarely_as_its_level_says():
    # 1,000 pairs, nominal 5 %, tolerance 4 standard errors of the share (0.69 %)
    generator = np.random.default_rng(20260104)
    pairs = generator.normal(size=(1_000, 2, 200))
    assert np.mean([kolmogorov_smirnov(*pair).p_value < 0.05 for pair in pairs]) == pytest.approx(0.05, abs=0.028)


@BRIEFLY
@given(hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1)), st.sampled_from([0.01, 0.05, 0.2]))
def test_benjamini_hochberg_is_scipys(p_values, level):
    adjusted = stats.false_discovery_control(p_values)
    assume(not np.isclose(adjusted, level, rtol=1e-9).any())
    assert benjamini_hochberg(p_values, level).tolist() == (adjusted <= level).tolist()


def test_no_hypotheses_give_no_rejections():
    assert benjamini_hochberg([]).tolist() == []


@pytest.mark.parametrize(("p_values", "level"), [([1.1], 0.05), ([math.nan], 0.05), ([[0.1]], 0.05), ([0.1], 0.0)])
def test_chances_that_are_none_are_refused(p_values, level):
    with pytest.raises(ValueError):
        benjamini_hochberg(p_values, level)


def test_a_report_of_twenty_columns_without_drift_alarms_in_at_most_five_of_a_hundred():
    # 2,000 reports; 5 % + 4 standard errors of the share (0.49 %)
    p_values = np.random.default_rng(20260105).random((2_000, 20))
    assert np.mean([benjamini_hochberg(row, 0.05).any() for row in p_values]) <= 0.07
