import math

import numpy as np
import pytest

from remint.stats.bands import NullBand, alarm, leave_one_out, null_band
from remint.stats.drift import population_stability, total_variation


def test_enough_windows_give_a_value_that_occurred():
    band = null_band(np.arange(1.0, 40.0), 0.9)
    assert (band.rule, band.high, band.low, band.centre, band.windows) == ("order", 36.0, -math.inf, 20.0, 39)


def test_nineteen_windows_are_enough_at_ninety_five_of_a_hundred_and_eighteen_are_not():
    assert null_band(np.arange(19.0)).rule == "order"
    assert null_band(np.arange(18.0)).rule == "spread"


def test_both_sides_need_twice_as_many_windows():
    assert null_band(np.arange(38.0), sides="both").rule == "spread"
    band = null_band(np.arange(39.0), sides="both")
    assert (band.rule, band.low, band.high) == ("order", 0.0, 38.0)


@pytest.mark.parametrize(("windows", "level"), [(19, 0.95), (30, 0.9), (30, 0.95), (99, 0.99)])
def test_the_next_window_leaves_the_band_as_rarely_as_the_level_says(windows, level):
    # 3,000 bands over heavy-tailed statistics: at most 1 - level + 4 standard errors of the share
    generator = np.random.default_rng(windows)
    past, after = generator.lognormal(size=(3_000, windows)), generator.lognormal(size=3_000)
    outside = [value > null_band(row, level).high for row, value in zip(past, after, strict=True)]
    assert np.mean(outside) <= (1 - level) + 4 * math.sqrt(level * (1 - level) / 3_000)


def test_few_normal_windows_still_hold_the_next_one_nine_times_in_ten():
    generator = np.random.default_rng(6)
    past, after = generator.normal(size=(3_000, 6)), generator.normal(size=3_000)
    outside = [value > null_band(row, 0.95).high for row, value in zip(past, after, strict=True)]
    assert np.mean(outside) <= 0.12


def test_one_wild_window_among_few_moves_the_limit_to_itself_and_no_further():
    assert null_band([0.01, 0.02, 0.02, 0.03, 0.9]).high == 0.9


def test_the_limit_of_few_windows_is_median_and_scaled_deviation():
    band = null_band([1.0, 2.0, 3.0, 4.0, 5.0], 0.95, sides="both")
    reach = 1.959964 * 1.4826 * math.sqrt(1.2)
    assert (band.low, band.high) == pytest.approx((3.0 - reach, 3.0 + reach), rel=1e-6)


def test_an_alarm_needs_both_a_new_value_and_a_large_one():
    band = NullBand(low=-0.03, high=0.03, centre=0.0, windows=40, level=0.95, rule="order")
    judged = {value: alarm(value, band, 0.05) for value in (0.02, 0.04, 0.05, -0.06, math.inf, -math.inf)}
    assert judged == {0.02: False, 0.04: False, 0.05: True, -0.06: True, math.inf: True, -math.inf: True}


def test_a_large_value_inside_a_wide_band_is_no_alarm():
    assert not alarm(1.9, null_band([0.2, 1.4, 2.0, 0.9, 1.1]), 0.2)


def test_a_season_inside_the_reference_is_no_alarm_and_a_new_shape_is():
    # 30 weeks whose mass wanders through the bins as temperature does; one like them, and one in a bin never used
    weeks = np.array([np.roll([600, 300, 100, 0, 0, 0, 0, 0], week // 6) for week in range(30)])
    weeks[:, 7] = 0
    band = null_band(leave_one_out(weeks, population_stability))
    usual, strange = weeks[13], np.array([0, 0, 0, 0, 0, 0, 0, 1_000])
    assert population_stability(weeks.sum(axis=0), usual) > 0.2
    assert not alarm(population_stability(weeks.sum(axis=0), usual), band, 0.2)
    assert alarm(population_stability(weeks.sum(axis=0), strange), band, 0.2)


def test_leave_one_out_compares_each_window_with_all_the_others():
    windows = np.array([[8, 2], [5, 5], [3, 7]])
    assert leave_one_out(windows, total_variation)[0] == total_variation(np.array([8, 12]), np.array([8, 2]))


@pytest.mark.parametrize("windows", [np.zeros((1, 3)), np.zeros(3)])
def test_leave_one_out_of_one_window_is_refused(windows):
    with pytest.raises(ValueError, match="two or more"):
        leave_one_out(windows, total_variation)


@pytest.mark.parametrize(
    ("past", "more"),
    [
        ([0.1, 0.2], {}),
        ([0.1, 0.2, math.nan], {}),
        ([0.1, 0.2, math.inf], {}),
        ([0.1, 0.2, 0.3], {"level": 1.0}),
        ([0.1, 0.2, 0.3], {"level": 0.5}),
        ([0.1, 0.2, 0.3], {"sides": "lower"}),
    ],
)
def test_a_band_without_a_meaning_is_refused(past, more):
    with pytest.raises(ValueError):
        null_band(past, **more)


@pytest.mark.parametrize(("value", "least"), [(math.nan, 0.1), (0.1, -1.0), (0.1, math.nan)])
def test_an_alarm_without_a_meaning_is_refused(value, least):
    with pytest.raises(ValueError, match="cannot judge"):
        alarm(value, null_band([0.1, 0.2, 0.3]), least)
