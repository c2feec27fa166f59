import numpy as np
import pytest

from remint.stats.bootstrap import paired_interval
from remint.stats.probability import brier, expected_calibration_error, log_loss
from remint.stats.ranking import auc, average_precision


def two_models(rows, seed, *, gain=0.0):
    """Return labels and the scores of two models that share most of their error; `gain` makes the second one better."""
    generator = np.random.default_rng(seed)
    labels = generator.random(rows) < 0.25
    shared = generator.normal(size=rows)
    old = 0.8 * labels + shared + 0.3 * generator.normal(size=rows)
    new = (0.8 + gain) * labels + shared + 0.3 * generator.normal(size=rows)
    return labels, 1 / (1 + np.exp(1.5 - old)), 1 / (1 + np.exp(1.5 - new))


@pytest.mark.parametrize("metric", [auc, average_precision, brier, log_loss])
def test_the_prepared_form_of_a_metric_gives_what_repeated_rows_give(metric):
    sample = two_models(300, seed=1)

    def unknown(labels, scores):
        return metric(labels, scores)

    fast = paired_interval(metric, *sample, resamples=40, seed=7)
    slow = paired_interval(unknown, *sample, resamples=40, seed=7)
    assert [fast.difference, fast.low, fast.high] == pytest.approx([slow.difference, slow.low, slow.high], abs=1e-12)


def test_the_same_seed_gives_the_same_limits_and_another_seed_others():
    sample = two_models(300, seed=2)
    one = paired_interval(auc, *sample, resamples=50, seed=3)
    assert paired_interval(auc, *sample, resamples=50, seed=3) == one
    assert paired_interval(auc, *sample, resamples=50, seed=4) != one


def test_a_model_against_itself_differs_by_nothing():
    labels, old, _ = two_models(200, seed=5)
    found = paired_interval(auc, labels, old, old.copy(), resamples=50, seed=1)
    assert (found.difference, found.low, found.high) == (0.0, 0.0, 0.0)


def test_the_difference_is_challenger_minus_champion_and_its_limits_surround_it():
    sample = two_models(2_000, seed=6, gain=0.5)
    found = paired_interval(auc, *sample, resamples=200, seed=1)
    assert found.difference == auc(sample[0], sample[2]) - auc(sample[0], sample[1])
    assert 0.0 < found.low < found.difference < found.high
    assert (found.resamples, found.level) == (200, 0.95)


def test_the_width_is_the_one_of_delongs_paired_error():
    labels, old, new = two_models(1_500, seed=7)
    hits, misses = np.flatnonzero(labels), np.flatnonzero(~labels)

    def won(scores):
        return (scores[hits][:, None] > scores[misses]) + 0.5 * (scores[hits][:, None] == scores[misses])

    apart = won(new) - won(old)
    error = np.sqrt(apart.mean(axis=1).var(ddof=1) / hits.size + apart.mean(axis=0).var(ddof=1) / misses.size)
    found = paired_interval(auc, labels, old, new, resamples=800, seed=1)
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_two_equal_models_are_told_apart_as_rarely_as_the_level_says():
    # 150 pairs, level 0.9: a zero outside the limits in 10 % + 4 standard errors of the share (2.45 %)
    found = [paired_interval(auc, *two_models(300, seed=seed), resamples=120, seed=seed, level=0.9) for seed in range(150)]
    assert 0.01 <= np.mean([not each.low <= 0.0 <= each.high for each in found]) <= 0.198


def test_a_resample_that_lost_the_only_positive_row_is_drawn_again():
    found = paired_interval(auc, [1] + [0] * 9, np.arange(10) / 10, np.arange(10)[::-1] / 10, resamples=100, seed=1)
    assert (found.difference, found.low, found.high) == (1.0, 1.0, 1.0)


def test_a_loss_may_be_compared_on_rows_of_one_class():
    found = paired_interval(brier, [0, 0, 0], [0.5, 0.5, 0.5], [0.1, 0.2, 0.3], resamples=30, seed=1)
    assert found.high < 0.0


def test_a_metric_of_bins_runs_on_repeated_rows():
    sample = two_models(400, seed=8)
    found = paired_interval(expected_calibration_error, *sample, resamples=30, seed=1)
    assert found.low < found.high


@pytest.mark.parametrize(
    ("more", "says"),
    [({"resamples": 1}, "1 resamples"), ({"level": 1.0}, "level"), ({"level": 0.0}, "level")],
)
def test_resampling_without_a_meaning_is_refused(more, says):
    with pytest.raises(ValueError, match=says):
        paired_interval(auc, [0, 1], [0.1, 0.2], [0.2, 0.3], **{"resamples": 10, "seed": 1, **more})


def test_auc_of_one_class_is_refused():
    with pytest.raises(ValueError, match="both classes"):
        paired_interval(auc, [1, 1], [0.1, 0.2], [0.2, 0.3], resamples=10, seed=1)


def test_a_metric_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="finite"):
        paired_interval(lambda labels, scores: float("nan"), [0, 1], [0.1, 0.2], [0.2, 0.3], resamples=10, seed=1)


def test_models_scored_on_other_rows_are_refused():
    with pytest.raises(ValueError, match="one length"):
        paired_interval(auc, [0, 1], [0.1, 0.2], [0.1, 0.2, 0.3], resamples=10, seed=1)
