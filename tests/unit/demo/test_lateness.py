"""Recent lateness: only what had landed counts, and no flight sees itself."""

import numpy as np
import pytest
from flights.lateness import HOUR_US, NOT_LANDED, Flights, seen_at_departure

MINUTE_US = HOUR_US // 60
NOON = 1_373_457_600_000_000


def flights_of(*rows: tuple[int, int | None, int]) -> Flights:
    """Return flights of (scheduled minute, landed minute or None, delay), counted from a noon."""
    scheduled = np.array([NOON + minute * MINUTE_US for minute, _, _ in rows])
    landed = np.array([NOT_LANDED if minute is None else NOON + minute * MINUTE_US for _, minute, _ in rows])
    delay = np.array([0 if minute is None else delay for _, minute, delay in rows])
    return Flights(scheduled, landed, (delay > 15).astype(np.int64), delay)


def landed_before_the_last(*rows: tuple[int, int | None, int], hours: int = 3) -> int:
    flights = flights_of(*rows)
    return int(seen_at_departure(flights, np.zeros(len(rows), dtype=np.int64), hours).landed[-1])


def test_a_flight_that_landed_before_is_seen():
    flights = flights_of((0, 100, 30), (120, 400, 0))
    seen = seen_at_departure(flights, np.zeros(2, dtype=np.int64), 3)
    assert (seen.landed.tolist(), seen.late.tolist(), seen.delay.tolist()) == ([0, 1], [0, 1], [0, 30])


def test_a_flight_in_the_air_contributes_nothing():
    assert landed_before_the_last((0, 121, 30), (120, 400, 0)) == 0


def test_a_flight_that_never_landed_contributes_nothing():
    assert landed_before_the_last((0, None, 0), (120, 400, 0)) == 0


def test_a_flight_that_never_landed_can_still_look():
    assert landed_before_the_last((0, 100, 30), (120, None, 0)) == 1


def test_a_landing_at_the_moment_of_departure_is_seen():
    assert landed_before_the_last((0, 120, 30), (120, 400, 0)) == 1


def test_a_landing_exactly_as_long_ago_as_the_window_is_not_seen():
    assert landed_before_the_last((-200, -60, 30), (120, 400, 0), hours=3) == 0
    assert landed_before_the_last((-200, -59, 30), (120, 400, 0), hours=3) == 1


def test_a_row_never_sees_itself_even_if_it_left_and_landed_before_its_time():
    assert landed_before_the_last((120, 110, -30)) == 0
    assert landed_before_the_last((120, 120, -30)) == 0


def test_two_flights_at_one_moment_do_not_see_each_other_before_they_land():
    seen = seen_at_departure(flights_of((0, 100, 30), (0, 90, 10)), np.zeros(2, dtype=np.int64), 3)
    assert seen.landed.tolist() == [0, 0]


def test_other_groups_are_not_seen():
    flights = flights_of((0, 60, 30), (0, 60, 10), (120, 400, 0))
    assert seen_at_departure(flights, np.array([3, 4, 4]), 3).delay.tolist() == [0, 0, 10]


def test_flights_without_a_group_see_nothing_and_are_not_seen():
    flights = flights_of((0, 60, 30), (120, 200, 0), (130, 400, 0))
    assert seen_at_departure(flights, np.array([-1, -1, 0]), 3).landed.tolist() == [0, 0, 0]


def test_shares_of_nothing_are_unknown():
    seen = seen_at_departure(flights_of((0, 60, 30), (120, 400, 0)), np.zeros(2, dtype=np.int64), 3)
    assert np.isnan(seen.late_share()[0])
    assert np.isnan(seen.mean_delay()[0])
    assert (seen.late_share()[1], seen.mean_delay()[1]) == (1.0, 30.0)


def test_only_the_first_flights_ask_where_that_is_said():
    flights = flights_of((120, 400, 0), (0, 60, 30))
    assert seen_at_departure(flights, np.zeros(2, dtype=np.int64), 3, asking=1).delay.tolist() == [30]


def by_hand(flights: Flights, keys: np.ndarray, hours: int) -> list[tuple[int, int, int]]:
    """Return what each flight sees, by asking every other flight."""
    found = []
    for row, (at, key) in enumerate(zip(flights.scheduled_us, keys, strict=True)):
        since = at - hours * HOUR_US
        others = [
            o for o in range(len(keys)) if o != row and key >= 0 and keys[o] == key and since < flights.landed_us[o] <= at
        ]
        found.append((len(others), int(flights.late[others].sum()), int(flights.delay[others].sum())))
    return found


@pytest.mark.parametrize("hours", [1, 6, 24, 28 * 24])
@pytest.mark.parametrize("groups", [1, 7, 60])
def test_running_totals_agree_with_asking_every_flight(hours, groups):
    draw = np.random.default_rng(hours * 100 + groups)
    scheduled = draw.integers(0, 31 * 24 * 60, size=500)
    landed = [None if draw.random() < 0.05 else int(minute + draw.integers(-20, 600)) for minute in scheduled]
    flights = flights_of(*zip(scheduled.tolist(), landed, draw.integers(-40, 200, size=500).tolist(), strict=True))
    keys = draw.integers(-1, groups, size=500)
    seen = seen_at_departure(flights, keys, hours)
    assert list(zip(seen.landed.tolist(), seen.late.tolist(), seen.delay.tolist(), strict=True)) == by_hand(
        flights, keys, hours
    )
