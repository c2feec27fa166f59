import numpy as np
import pytest

from remint.stats.binary import binary_sample, probability_sample, require_both_classes


@pytest.mark.parametrize("labels", [[0, 1, 1], [False, True, True], [0.0, 1.0, 1.0], np.array([0, 1, 1], dtype=np.uint8)])
def test_labels_may_be_booleans_or_zeros_and_ones_of_any_type(labels):
    positive, _ = binary_sample(labels, [0.1, 0.2, 0.3])
    assert positive.dtype == np.bool_
    assert positive.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("labels", "scores", "says"),
    [
        ([], [], "no rows"),
        ([0, 1], [0.5], "one length"),
        ([[0, 1]], [[0.5, 0.5]], "one length"),
        ([0, 2], [0.5, 0.5], "1 of 2 labels"),
        ([0, np.nan], [0.5, 0.5], "1 of 2 labels"),
        ([-1, 1], [0.5, 0.5], "1 of 2 labels"),
        ([0, 1], [0.5, np.nan], "1 of 2 scores"),
        ([0, 1], [np.inf, -np.inf], "2 of 2 scores"),
    ],
)
def test_rows_without_a_meaning_are_refused_with_their_number(labels, scores, says):
    with pytest.raises(ValueError, match=says):
        binary_sample(labels, scores)


def test_a_score_outside_zero_to_one_is_no_probability():
    with pytest.raises(ValueError, match="1 of 3 scores are outside"):
        probability_sample([0, 1, 1], [0.0, 1.0, 1.0000001])


def test_the_message_of_a_missing_class_names_both_counts():
    with pytest.raises(ValueError, match="3 positive and 0 negative"):
        require_both_classes(np.array([True, True, True]), "AUC")
