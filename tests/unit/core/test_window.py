"""Freeze windows: spans of dates, and spans of a week that may wrap around its end."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.window import DAY_US, MINUTE_US, WEEK_US, frozen_until_us, in_words, parse_window
from remint.errors import Invalid


def us(text):
    return int(dt.datetime.fromisoformat(f"{text}+00:00").timestamp()) * 1_000_000


WEEKEND = "fri 16:00/mon 08:00"


@pytest.mark.parametrize("now", ["2026-11-20 16:00", "2026-11-21 12:00", "2026-11-22 23:59", "2026-11-23 07:59"])
def test_a_weekly_window_wraps_around_the_end_of_the_week(now):
    assert frozen_until_us([WEEKEND], us(now)) == us("2026-11-23 08:00")


@pytest.mark.parametrize("now", ["2026-11-20 15:59", "2026-11-23 08:00", "2026-11-25 20:00"])
def test_outside_of_a_weekly_window_nothing_is_frozen(now):
    assert frozen_until_us([WEEKEND], us(now)) is None


def test_a_window_inside_one_week_ends_in_it():
    assert frozen_until_us(["tue 09:00/tue 10:30"], us("2026-11-24 09:30")) == us("2026-11-24 10:30")


@pytest.mark.parametrize("now", ["2026-12-20 00:00", "2026-12-31 12:00", "2027-01-05 23:59"])
def test_a_window_of_dates_holds_both_days_wholly(now):
    assert frozen_until_us(["2026-12-20/2027-01-05"], us(now)) == us("2027-01-06 00:00")


@pytest.mark.parametrize("now", ["2026-12-19 23:59", "2027-01-06 00:00"])
def test_outside_of_a_window_of_dates_nothing_is_frozen(now):
    assert frozen_until_us(["2026-12-20/2027-01-05"], us(now)) is None


def test_the_last_end_of_the_windows_that_hold_a_time_counts():
    windows = ["2026-11-21/2026-11-30", WEEKEND, "2026-01-01/2026-01-02"]
    assert frozen_until_us(windows, us("2026-11-21 12:00")) == us("2026-12-01 00:00")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fri/mon",
        "fri 16:00/fri 16:00",
        "FRI 16:00/mon 08:00",
        "fri 24:00/mon 08:00",
        "2026-02-30/2026-03-01",
        "2026-03-02/2026-03-01",
    ],
)
def test_what_is_no_window_is_refused(text):
    with pytest.raises(Invalid, match="is not a freeze window"):
        parse_window(text)


@given(st.integers(0, 7 * 24 * 60 - 1), st.integers(1, 7 * 24 * 60 - 1), st.integers(0, 4 * 10**9))
def test_a_week_later_a_weekly_window_says_the_same(first, length, minutes):
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    ends = [f"{days[at // 1440]} {at % 1440 // 60:02}:{at % 60:02}" for at in (first, (first + length) % 10080)]
    window, now_us = parse_window("/".join(ends)), minutes * MINUTE_US
    until_us = window.until_us(now_us)
    assert window.until_us(now_us + WEEK_US) == (until_us and until_us + WEEK_US)
    assert until_us is None or now_us < until_us <= now_us + length * MINUTE_US


def test_a_time_is_said_to_the_minute():
    assert in_words(us("2027-01-06 00:00")) == "2027-01-06 00:00 UTC"
    assert in_words(DAY_US) == "1970-01-02 00:00 UTC"
