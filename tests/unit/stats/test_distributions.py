import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from remint.stats.distributions import chi_square_tail, gamma_tail, kolmogorov_tail

BRIEFLY = settings(max_examples=settings().max_examples // 4)


@BRIEFLY
@given(shape=st.floats(0.01, 5_000), ratio=st.floats(0, 3))
def test_the_gamma_tail_is_scipys_over_five_orders_of_shape(shape, ratio):
    at = shape * ratio
    assert gamma_tail(shape, at) == pytest.approx(special.gammaincc(shape, at), rel=1e-9, abs=1e-13)


@BRIEFLY
@given(degrees=st.integers(1, 300), p=st.floats(1e-200, 1.0, exclude_min=True, exclude_max=True))
def test_small_tails_of_chi_square_keep_their_relative_precision(degrees, p):
    statistic = stats.chi2.isf(p, degrees)
    assert chi_square_tail(statistic, degrees) == pytest.approx(stats.chi2.sf(statistic, degrees), rel=1e-9)


def test_the_gamma_tail_at_its_ends():
    assert gamma_tail(2.0, 0.0) == 1.0
    assert gamma_tail(2.0, math.inf) == 0.0
    assert gamma_tail(0.5, 1e6) == 0.0


@pytest.mark.parametrize(("shape", "at"), [(0.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (math.nan, 1.0), (1.0, math.nan)])
def test_the_gamma_tail_outside_its_range_is_refused(shape, at):
    with pytest.raises(ValueError, match="not defined"):
        gamma_tail(shape, at)


@pytest.mark.parametrize(("statistic", "degrees"), [(1.0, 0), (-1.0, 1), (math.nan, 1)])
def test_chi_square_outside_its_range_is_refused(statistic, degrees):
    with pytest.raises(ValueError, match="not defined"):
        chi_square_tail(statistic, degrees)


@BRIEFLY
@given(st.floats(0, 8))
def test_the_kolmogorov_tail_is_scipys(at):
    assert kolmogorov_tail(at) == pytest.approx(special.kolmogorov(at), rel=1e-9, abs=1e-14)


def test_a_negative_kolmogorov_distance_is_refused():
    with pytest.raises(ValueError, match="Kolmogorov"):
        kolmogorov_tail(-0.1)
