"""Recent lateness: what was known, at a moment, of the flights that had landed by then.

A window of an hour at 17:00 holds the landings after 16:00 and up to 17:00. Counting is done on running totals: landings
are sorted by key and time once, and a window is the total at its end minus the total at its start. All totals are whole
numbers, so the same flights give the same features to the last bit.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]

HOUR_US = 3_600_000_000
NOT_LANDED = np.iinfo(np.int64).max
"""Stands for the landing of a flight that never arrived: later than any moment anyone asks about."""


@dataclass(frozen=True)
class Flights:
    """Flights as columns of numbers, shape (flights,) each.

    Attributes:
        scheduled_us: scheduled departure, UTC microseconds.
        landed_us: landing, UTC microseconds; `NOT_LANDED` if it never arrived.
        late: 1 if it was late, 0 if not; 0 if it never arrived.
        delay: minutes after its scheduled arrival, negative if before; 0 if it never arrived.
    """

    scheduled_us: Integers
    landed_us: Integers
    late: Integers
    delay: Integers


@dataclass(frozen=True)
class Seen:
    """What each flight could see in its window, shape (flights,) each.

    Attributes:
        landed: how many flights of its key had landed.
        late: how many of them were late.
        delay: the sum of their delays in minutes.
    """

    landed: Integers
    late: Integers
    delay: Integers

    def late_share(self) -> NDArray[np.float64]:
        """Return the share of late flights; NaN where none had landed."""
        return _divided(self.late, self.landed)

    def mean_delay(self) -> NDArray[np.float64]:
        """Return the mean delay in minutes; NaN where none had landed."""
        return _divided(self.delay, self.landed)


def _divided(sums: Integers, counts: Integers) -> NDArray[np.float64]:
    shares = np.full(len(counts), np.nan)
    np.divide(sums, counts, out=shares, where=counts > 0)
    return shares


def seen_at_departure(flights: Flights, keys: Integers, hours: int, *, asking: int | None = None) -> Seen:
    """Return what flights could see of the flights of their key that landed in the `hours` before their scheduled departure.

    A flight that lands at that very moment is seen; one in the air, cancelled or diverted is not; and no flight ever sees
    itself, not even one that left and landed before its scheduled departure.

    Args:
        flights: those that ask and those that are seen, in any order.
        keys: whole numbers >= 0, such as the position of the carrier in a list, shape (flights,). A flight with key -1 has no
            such group: it sees nothing and is not seen.
        hours: length of the window, above 0.
        asking: how many of the flights, from the first, ask; all if None. The others are only seen.

    Example:
        >>> flights = Flights(*(np.array(column) for column in ([0, 9], [5, 12], [1, 0], [30, -3])))
        >>> seen_at_departure(flights, np.array([7, 7]), hours=1).delay.tolist()
        [0, 30]
    """
    window_us = hours * HOUR_US
    asks = slice(0, asking)
    scheduled_us, asked = flights.scheduled_us[asks], keys[asks]
    start = int(scheduled_us.min()) - window_us - 1
    # one number for key and time, so that one sorted column answers for all keys; times outside the windows go to their ends
    reach = int(scheduled_us.max()) - start + 2
    arrived = np.flatnonzero((flights.landed_us != NOT_LANDED) & (keys >= 0))
    moments = keys[arrived] * reach + np.clip(flights.landed_us[arrived] - start, 0, reach - 1)
    order = np.argsort(moments, kind="stable")
    landings, arrived = moments[order], arrived[order]
    until = np.searchsorted(landings, asked * reach + scheduled_us - start, side="right")
    since = np.searchsorted(landings, asked * reach + scheduled_us - start - window_us, side="right")
    sooner = scheduled_us - flights.landed_us[asks]
    itself = (sooner >= 0) & (sooner < window_us)

    def total(values: Integers) -> Integers:
        running = np.concatenate(([0], np.cumsum(values[arrived])))
        sums = running[until] - running[since] - np.where(itself, values[asks], 0)
        return np.where(asked >= 0, sums, 0)

    return Seen(total(np.ones_like(flights.late)), total(flights.late), total(flights.delay))
