import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from remint.stats.estimate import normal_limit, wilson_interval

BRIEFLY = settings(max_examples=settings().max_examples // 4)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_the_normal_limit_is_scipys_quantile(level):
    assert normal_limit(level) == pytest.approx(stats.norm.ppf((1 + level) / 2), rel=1e-9)


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, float("nan")])
def test_a_level_outside_zero_to_one_is_refused(level):
    with pytest.raises(ValueError, match="level"):
        normal_limit(level)


@BRIEFLY
@given(rows=st.integers(1, 100_000), part=st.floats(0, 1), level=st.sampled_from([0.5, 0.9, 0.99]))
def test_wilson_limits_are_scipys(rows, part, level):
    hits = round(part * rows)
    oracle = stats.binomtest(hits, rows).proportion_ci(level, method="wilson")
    assert wilson_interval(hits / rows, rows, level=level) == pytest.approx((oracle.low, oracle.high), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("rate", "rows"), [(-0.1, 10), (1.1, 10), (0.5, 0), (float("nan"), 10)])
def test_a_share_that_cannot_exist_is_refused(rate, rows):
    with pytest.raises(ValueError, match="does not exist"):
        wilson_interval(rate, rows)
