import numpy as np
import pytest
from sklearn import metrics

from remint.stats.metrics import classification_report, classification_report_slices


def sample(rows=600, seed=1):
    generator = np.random.default_rng(seed)
    scores = generator.random(rows)
    return generator.random(rows) < scores, scores, generator.choice(["EWR", "JFK", "LGA"], size=rows)


def test_the_report_is_scikit_learns_figures():
    labels, scores, _ = sample()
    found = classification_report(labels, scores)
    assert found.auc == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert found.brier == pytest.approx(metrics.brier_score_loss(labels, scores))
    assert (found.rows, found.positives, found.rate) == (600, labels.sum(), labels.mean())


def test_one_class_alone_has_no_area_but_a_brier_score():
    found = classification_report([1, 1], [0.5, 1.0])
    assert (found.auc, found.brier, found.rate) == (None, 0.125, 1.0)


def test_a_slice_has_the_report_of_its_rows():
    labels, scores, keys = sample()
    found = dict(classification_report_slices(labels, scores, keys).slices)
    assert list(found) == ["EWR", "JFK", "LGA"]
    assert found["JFK"] == classification_report(labels[keys == "JFK"], scores[keys == "JFK"])


def test_small_slices_are_counted_and_not_reported():
    found = classification_report_slices([0, 1, 1, 0], [0.1, 0.9, 0.4, 0.2], ["a", "a", "b", "c"], minimum_rows=2)
    assert [key for key, _ in found.slices] == ["a"]
    assert (found.small_slices, found.small_rows) == (2, 2)


@pytest.mark.parametrize("kind", [object, np.dtypes.StringDType()])
def test_keys_may_be_text_of_any_array_type(kind):
    labels, scores, keys = sample(100)
    as_given = classification_report_slices(labels, scores, keys)
    assert classification_report_slices(labels, scores, keys.astype(kind)) == as_given


@pytest.mark.parametrize(
    ("keys", "least", "says"),
    [
        (["a"], 1, "shape"),
        (np.array(["a", None], dtype=object), 1, "text"),
        (["a", float("nan")], 1, "text"),
        ([1, 2], 1, "text"),
        (np.array([1, 2]), 1, "text"),
        (["a", "b"], 0, "at least one row"),
    ],
)
def test_keys_without_a_meaning_are_refused(keys, least, says):
    with pytest.raises(ValueError, match=says):
        classification_report_slices([0, 1], [0.5, 0.5], keys, minimum_rows=least)


def test_an_empty_window_is_refused():
    with pytest.raises(ValueError, match="no rows"):
        classification_report([], [])
