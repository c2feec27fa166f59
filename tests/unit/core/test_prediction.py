"""Names and ids of predictions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.ids import made_at_us, parse_id
from remint.core.prediction import COLUMNS, feature_columns, log_ref, model_ref, prediction_ids
from remint.errors import Denied, InvalidName

NAMES = st.lists(st.sampled_from([*COLUMNS, "score_", "score__", "wind", "hour", "key_"]), unique=True, max_size=9)


@given(st.integers(0, 1 << 52), st.binary(min_size=8, max_size=8), st.integers(1, 300))
def test_ids_of_a_request_rise_and_carry_its_time(at_us, entropy, count):
    ids = prediction_ids(at_us, entropy, count)
    assert ids == sorted(set(ids))
    assert {made_at_us(one) for one in ids} == {at_us}
    assert [parse_id(one) for one in ids] == ids


@given(NAMES)
def test_columns_of_features_are_unique_and_never_those_of_the_log(features):
    columns = feature_columns(features)
    assert len(set(columns)) == len(features)
    assert not set(columns) & set(COLUMNS)


@given(NAMES)
def test_a_feature_keeps_its_name_if_it_is_free(features):
    kept = [name for name, column in zip(features, feature_columns(features), strict=True) if name == column]
    assert kept == [name for name in features if name not in COLUMNS]


@pytest.mark.parametrize("text", ["ana:model/x", "main:data/x", "model/x@2"])
def test_only_what_production_points_at_may_be_served(text):
    with pytest.raises((Denied, InvalidName)):
        model_ref(text)


def test_names_of_models_have_three_forms():
    assert {str(model_ref(text)) for text in ("team/x", "model/team/x", "main:model/team/x")} == {"main:model/team/x"}


def test_the_log_of_a_model_has_its_name():
    assert str(log_ref("team/x")) == "main:log/team/x"
