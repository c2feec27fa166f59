import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from remint.stats.ranking import RankedSample, auc, auc_interval, average_precision, midranks

BRIEFLY = settings(max_examples=settings().max_examples // 4)


@st.composite
def mixed_samples(draw, least=1):
    """Labels with at least `least` rows of each class, and scores coarse enough to tie often."""
    hits, misses = draw(st.integers(least, 30)), draw(st.integers(least, 30))
    size = hits + misses
    scores = draw(st.lists(st.integers(-6, 6).map(lambda n: n / 4), min_size=size, max_size=size))
    labels = draw(st.permutations([1] * hits + [0] * misses))
    return np.array(labels), np.array(scores)


def delong_by_pairs(labels, scores):
    """Return area and variance straight from the definition: every positive row against every negative row."""
    hits, misses = scores[labels == 1], scores[labels == 0]
    won = (hits[:, None] > misses) + 0.5 * (hits[:, None] == misses)
    variance = won.mean(axis=1).var(ddof=1) / hits.size + won.mean(axis=0).var(ddof=1) / misses.size
    return won.mean(), variance


@BRIEFLY
@given(mixed_samples())
def test_auc_is_scikit_learns_with_ties(sample):
    assert auc(*sample) == pytest.approx(metrics.roc_auc_score(*sample), abs=1e-12)


@BRIEFLY
@given(mixed_samples())
def test_average_precision_is_scikit_learns_with_ties(sample):
    assert average_precision(*sample) == pytest.approx(metrics.average_precision_score(*sample), abs=1e-12)


@BRIEFLY
@given(mixed_samples(), st.randoms(use_true_random=False))
def test_row_weights_mean_repeated_rows(sample, random):
    labels, scores = sample
    weights = np.array([random.randint(0, 3) for _ in labels])
    weights[np.argmax(labels)] = weights[np.argmin(labels)] = 1
    ranked = RankedSample(labels, scores)
    repeated = np.repeat(labels, weights), np.repeat(scores, weights)
    assert ranked.auc(weights) == auc(*repeated)
    assert ranked.average_precision(weights) == pytest.approx(average_precision(*repeated), abs=1e-12)


@BRIEFLY
@given(mixed_samples())
def test_turning_the_scores_round_turns_auc_round(sample):
    labels, scores = sample
    assert auc(labels, -scores) == pytest.approx(1 - auc(labels, scores), abs=1e-15)


@BRIEFLY
@given(mixed_samples())
def test_auc_does_not_depend_on_the_order_of_rows(sample):
    labels, scores = sample
    assert auc(labels[::-1], scores[::-1]) == auc(labels, scores)


def test_constant_scores_have_an_auc_of_one_half_and_the_rate_as_average_precision():
    assert auc([0, 1, 0, 1, 0], [0.3] * 5) == 0.5
    assert average_precision([0, 1, 0, 1, 0], [0.3] * 5) == pytest.approx(0.4)


@pytest.mark.parametrize("labels", [[1, 1], [0, 0]])
def test_auc_of_one_class_is_refused(labels):
    with pytest.raises(ValueError, match="both classes"):
        auc(labels, [0.1, 0.9])


def test_average_precision_needs_a_positive_row_but_no_negative_one():
    assert average_precision([1, 1], [0.1, 0.9]) == 1.0
    with pytest.raises(ValueError, match="positive"):
        average_precision([0, 0], [0.1, 0.9])


@BRIEFLY
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=50))
def test_midranks_are_scipys(values):
    assert midranks(np.array(values, dtype=np.float64)).tolist() == stats.rankdata(values).tolist()


@BRIEFLY
@given(mixed_samples(least=2))
def test_the_delong_error_is_the_one_of_all_pairs(sample):
    area, variance = delong_by_pairs(*sample)
    found = auc_interval(*sample)
    assert found.value == pytest.approx(area, abs=1e-12)
    assert found.standard_error == pytest.approx(np.sqrt(variance), abs=1e-9)
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0


def test_the_interval_holds_the_true_area_as_often_as_it_says():
    # 600 samples of 80 + 120 rows, normal scores one deviation apart: true area = Phi(1 / sqrt 2).
    # 0.95 +- 4 standard errors of the share (0.9 %) is 0.914 to 0.986.
    generator = np.random.default_rng(20260101)
    labels = np.repeat([1, 0], [80, 120])
    truth = stats.norm.cdf(1 / np.sqrt(2))
    found = [auc_interval(labels, generator.normal(labels, 1.0)) for _ in range(600)]
    assert 0.914 <= np.mean([each.low <= truth <= each.high for each in found]) <= 0.986


def test_an_interval_of_one_positive_row_is_refused():
    with pytest.raises(ValueError, match="two rows of each class"):
        auc_interval([1, 0, 0], [0.5, 0.2, 0.1])


def test_perfect_order_has_no_width():
    found = auc_interval([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4])
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_a_large_sample_stays_exact():
    # the number of pairs, 4e10, is beyond 32 bits
    labels = np.repeat([0, 1], 200_000)
    assert auc(labels, labels) == 1.0
    assert auc(labels, np.zeros(400_000)) == 0.5
