import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special
from sklearn import metrics

from remint.stats.estimate import normal_limit, wilson_interval
from remint.stats.probability import (
    CLIP,
    brier,
    calibration_in_the_large,
    expected_calibration_error,
    log_loss,
    recalibration,
    reliability,
)

BRIEFLY = settings(max_examples=settings().max_examples // 4)

PROBABILITIES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
SAMPLES = st.lists(st.tuples(st.integers(0, 1), PROBABILITIES), min_size=1, max_size=60).map(
    lambda rows: (np.array([row[0] for row in rows]), np.array([row[1] for row in rows]))
)


def drawn(rows, seed, *, intercept=0.0, slope=1.0):
    """Return labels whose true chance is logistic(intercept + slope * logit(score))."""
    generator = np.random.default_rng(seed)
    scores = generator.beta(2.0, 5.0, size=rows)
    return generator.random(rows) < special.expit(intercept + slope * special.logit(scores)), scores


@BRIEFLY
@given(SAMPLES)
def test_brier_is_scikit_learns(sample):
    assert brier(*sample) == pytest.approx(metrics.brier_score_loss(*sample, pos_label=1), abs=1e-12)


@BRIEFLY
@given(SAMPLES)
def test_log_loss_is_scikit_learns_clipping_included(sample):
    assert log_loss(*sample) == pytest.approx(metrics.log_loss(*sample, labels=[0, 1]), rel=1e-9, abs=1e-12)


def test_a_certain_error_costs_the_logarithm_of_the_clip():
    assert log_loss([1], [0.0]) == -math.log(CLIP)
    assert log_loss([0], [1.0]) == -math.log(CLIP)
    assert log_loss([1], [1.0]) == pytest.approx(0.0, abs=1e-15)


@BRIEFLY
@given(SAMPLES, st.integers(1, 12))
def test_reliability_accounts_for_every_row(sample, bins):
    labels, scores = sample
    points = reliability(labels, scores, bins)
    assert points.count.min() >= 1
    assert points.count.size <= bins
    assert points.count.sum() == scores.size
    assert np.dot(points.count, points.rate) == pytest.approx(labels.sum())
    assert np.dot(points.count, points.mean_score) == pytest.approx(scores.sum())
    assert (np.diff(points.mean_score) > -1e-12).all()


def test_bins_of_distinct_scores_hold_equal_counts():
    labels, scores = drawn(1_000, seed=1)
    assert reliability(labels, scores, 10).count.tolist() == [100] * 10


def test_constant_scores_make_one_point():
    points = reliability([0, 1, 1, 1], [0.5] * 4)
    assert (points.mean_score.tolist(), points.rate.tolist(), points.count.tolist()) == ([0.5], [0.75], [4])
    assert expected_calibration_error([0, 1, 1, 1], [0.5] * 4) == 0.25


def test_the_limits_of_a_point_are_wilsons():
    points = reliability([0, 1, 1, 1], [0.5] * 4)
    assert points.rate_limits() == [wilson_interval(0.75, 4)]


def test_the_calibration_error_is_the_weighted_gap_of_each_bin():
    labels, scores = drawn(5_000, seed=2, intercept=0.4)
    edges = np.quantile(scores, np.linspace(0, 1, 11)[1:-1], method="higher")
    place = np.searchsorted(edges, scores, side="right")
    gaps = [abs((scores[place == bin_] - labels[place == bin_]).sum()) for bin_ in range(10)]
    assert expected_calibration_error(labels, scores) == pytest.approx(sum(gaps) / 5_000, abs=1e-3)


def test_the_gap_is_mean_score_minus_rate_with_the_error_the_scores_claim():
    labels, scores = drawn(2_000, seed=3)
    found = calibration_in_the_large(labels, scores)
    assert found.gap == pytest.approx(scores.mean() - labels.mean())
    assert found.standard_error == pytest.approx(np.sqrt((scores * (1 - scores)).sum()) / 2_000)
    assert found.z == pytest.approx(found.gap / found.standard_error)
    assert found.low < found.gap < found.high


@BRIEFLY
@given(SAMPLES)
def test_the_interval_excludes_zero_exactly_when_z_is_beyond_its_limit(sample):
    labels, scores = sample
    found = calibration_in_the_large(labels, scores)
    soft = (scores * (1 - scores)).mean() > 1e-6
    near = abs(abs(found.z) - normal_limit(0.95)) < 1e-6
    outside = not found.low <= 0.0 <= found.high
    assert not soft or near or outside == (abs(found.z) > normal_limit(0.95))


def test_true_scores_raise_a_calibration_alarm_as_rarely_as_the_level_says():
    # 2,000 windows of 300 rows: 5 % +- 4 standard errors of the share (0.49 %)
    generator = np.random.default_rng(20260102)
    scores = generator.beta(1.0, 4.0, size=(2_000, 300))
    labels = generator.random(scores.shape) < scores
    alarms = [abs(calibration_in_the_large(*row).z) > normal_limit(0.95) for row in zip(labels, scores, strict=True)]
    assert 0.030 <= np.mean(alarms) <= 0.070


def test_a_small_window_without_a_positive_row_is_no_alarm():
    found = calibration_in_the_large([0] * 50, [0.02] * 50)
    assert found.z == pytest.approx(1.01, abs=0.01)
    assert found.low < 0.0 < found.high


def test_a_fall_of_the_base_rate_is_an_alarm():
    # the flights of September: 17.1 % claimed, 13.2 % late, of 27,000
    labels = np.arange(27_000) < 0.132 * 27_000
    found = calibration_in_the_large(labels, np.full(27_000, 0.171))
    assert found.z > 10.0
    assert found.low == pytest.approx(0.035, abs=0.001)


@pytest.mark.parametrize(("labels", "z"), [([0, 1], 0.0), ([1, 1], -math.inf)])
def test_hard_scores_claim_certainty(labels, z):
    assert calibration_in_the_large(labels, [0.0, 1.0]).z == z


@pytest.mark.parametrize(("intercept", "slope"), [(0.0, 1.0), (0.7, 1.0), (-0.3, 0.5), (0.0, 2.0)])
def test_recalibration_is_the_maximum_of_the_likelihood(intercept, slope):
    labels, scores = drawn(4_000, seed=4, intercept=intercept, slope=slope)
    logits = special.logit(scores)

    def cost(line):
        value = line[0] + line[1] * logits
        return np.logaddexp(0.0, value).sum() - value[labels].sum()

    oracle = optimize.minimize(cost, [0.0, 1.0], method="BFGS", options={"gtol": 1e-3})
    found = recalibration(labels, scores)
    assert [found.intercept, found.slope] == pytest.approx(oracle.x, abs=1e-4)
    assert [found.intercept_error, found.slope_error] == pytest.approx(np.sqrt(np.diag(oracle.hess_inv)), rel=0.1)


def test_recalibration_finds_the_line_the_labels_were_drawn_from():
    labels, scores = drawn(50_000, seed=5, intercept=0.4, slope=0.7)
    (low, high), (least, most) = recalibration(labels, scores).limits(0.999)
    assert low < 0.4 < high
    assert least < 0.7 < most


def test_recalibration_survives_scores_of_exactly_zero_and_one():
    found = recalibration([0, 1, 0, 1, 1, 0], [0.0, 1.0, 1.0, 0.0, 0.8, 0.3])
    assert math.isfinite(found.slope)
    assert math.isfinite(found.slope_error)


@pytest.mark.parametrize(
    ("labels", "scores", "says"),
    [
        ([1, 1], [0.2, 0.3], "both classes"),
        ([0, 1, 0, 1], [0.4] * 4, "separates"),
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], "separates"),
        ([0, 0, 1, 1], [0.1, 0.5, 0.5, 0.9], "separates"),
        ([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9], "separates"),
    ],
)
def test_a_line_without_a_finite_estimate_is_refused(labels, scores, says):
    with pytest.raises(ValueError, match=says):
        recalibration(labels, scores)


@pytest.mark.parametrize("measure", [brier, log_loss, reliability, expected_calibration_error, calibration_in_the_large])
@pytest.mark.parametrize(("labels", "scores"), [([], []), ([0, 1], [0.5, np.nan]), ([0, 1], [0.5, 1.5])])
def test_every_measure_of_probabilities_refuses_what_is_none(measure, labels, scores):
    with pytest.raises(ValueError):
        measure(labels, scores)
