"""Freeze windows: times in which nothing is merged. UTC throughout; the time comes in from outside.

WINDOW := DATE/DATE, both days inside (`2026-12-20/2027-01-05`), or DAY HH:MM/DAY HH:MM, every week (`fri 16:00/mon 08:00`).
"""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from remint.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
WEEK_US = 7 * DAY_US
_FIRST_MONDAY_US = 4 * DAY_US
"""1970-01-01 was a Thursday."""

_EPOCH = dt.date(1970, 1, 1)
_WEEKLY = re.compile(rf"({'|'.join(DAYS)}) ([01]\d|2[0-3]):([0-5]\d)/({'|'.join(DAYS)}) ([01]\d|2[0-3]):([0-5]\d)")
_DATES = re.compile(r"(\d{4}-\d\d-\d\d)/(\d{4}-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time, once or every week.

    Attributes:
        first_us: its first microsecond: since 1970, or since Monday 00:00 where it is weekly.
        length_us: how long it is.
        weekly: it comes back every week.
    """

    first_us: int
    length_us: int
    weekly: bool

    def until_us(self, now_us: int) -> int | None:
        """Return when the window that holds `now_us` ends; None if none does."""
        since_us = now_us - self.first_us
        if self.weekly:
            since_us = (since_us - _FIRST_MONDAY_US) % WEEK_US
        return now_us - since_us + self.length_us if 0 <= since_us < self.length_us else None


def parse_window(text: str) -> Window:
    """Return the window that a text means.

    Raises:
        Invalid: the text is outside the grammar, names no day, or means no time at all.

    Example:
        >>> parse_window("2026-12-31/2026-12-31").length_us == DAY_US
        True
    """
    weekly, dates = _WEEKLY.fullmatch(text), _DATES.fullmatch(text)
    if weekly:
        day, hour, minute, last_day, last_hour, last_minute = weekly.groups()
        first_us = _in_week(day, hour, minute)
        length_us = (_in_week(last_day, last_hour, last_minute) - first_us) % WEEK_US
        if length_us:
            return Window(first_us, length_us, weekly=True)
    if dates:
        try:
            first, last = (dt.date.fromisoformat(date) for date in dates.groups())
        except ValueError as error:
            raise _invalid(text, str(error)) from None
        if first <= last:
            return Window((first - _EPOCH).days * DAY_US, ((last - first).days + 1) * DAY_US, weekly=False)
    raise _invalid(text, "a window is DATE/DATE or DAY HH:MM/DAY HH:MM in UTC, and its end is not its start")


def frozen_until_us(windows: Iterable[str], now_us: int) -> int | None:
    """Return when the last of the windows that hold `now_us` ends; None if nothing is frozen.

    Example:
        >>> frozen_until_us(["1970-01-01/1970-01-02"], DAY_US) == 2 * DAY_US
        True
    """
    ends = [until for until in (parse_window(text).until_us(now_us) for text in windows) if until is not None]
    return max(ends, default=None)


def in_words(at_us: int) -> str:
    """Return a time to the minute.

    Example:
        >>> in_words(1_700_000_000_000_000)
        '2023-11-14 22:13 UTC'
    """
    return f"{dt.datetime.fromordinal(_EPOCH.toordinal()) + dt.timedelta(microseconds=at_us):%Y-%m-%d %H:%M} UTC"


def _in_week(day: str, hour: str, minute: str) -> int:
    return DAYS.index(day) * DAY_US + int(hour) * HOUR_US + int(minute) * MINUTE_US


def _invalid(text: str, why: str) -> Invalid:
    return Invalid(f"{text[:80]!r} is not a freeze window", why=why, next_step="write it like `fri 16:00/mon 08:00`")
