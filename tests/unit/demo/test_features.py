"""The features of a month: joined on instants, known at departure, the same every time."""

import datetime as dt

import numpy as np
import pytest
from flights.features import FEATURES, KEYS, WEATHER, WINDOWS, month_features

from remint.sdk.codecs import write_output
from tests.unit.demo.arrivals import FLIGHT, NEVER_LANDED, flight_at
from tests.unit.demo.arrivals import WEATHER as NOON


def test_schedule_aircraft_and_weather_are_those_of_the_flight(ingested, measured, planes):
    row = month_features(ingested(FLIGHT), None, measured(NOON), planes).arrow().to_pylist()[0]
    assert {name: row[name] for name in ("departure_minute", "weekday", "distance", "scheduled_minutes")} == {
        "departure_minute": 720.0,
        "weekday": 3.0,
        "distance": 719.0,
        "scheduled_minutes": 180.0,
    }
    assert (row["carrier_code"], row["origin_code"], row["plane_age"], row["temp"]) == (11.0, 0.0, 10.0, 80.5)
    assert row["flight_key"] == "2013-07-10/UA1/EWR"


def test_what_is_not_known_is_null(ingested, measured, planes):
    elsewhere = measured({**NOON, "origin": "JFK"})
    row = month_features(ingested({**FLIGHT, "tailnum": None, "carrier": "ZZ"}), None, elsewhere, planes).arrow().to_pylist()[0]
    unknown = [name for name in FEATURES if row[name] is None]
    assert unknown == ["carrier_code", "plane_age", *WEATHER, *WINDOWS]


def test_a_flight_in_the_air_contributes_nothing(ingested, measured, planes):
    early, airborne = (
        flight_at("12:00", flight=1),
        flight_at("14:00", flight=2, arr_delay=300, sched_arr_time=1700, air_time=400),
    )
    asking = flight_at("17:00", flight=3, sched_arr_time=1900)
    found = month_features(ingested(early, airborne, asking), None, measured(NOON), planes)
    assert found.column("carrier_delay_1d") == [None, None, 20.0]


def test_a_flight_that_never_landed_contributes_nothing(ingested, measured, planes):
    found = month_features(
        ingested({**FLIGHT, **NEVER_LANDED}, flight_at("19:00", flight=2, sched_arr_time=2100)), None, measured(NOON), planes
    )
    assert found.column("carrier_delay_1d") == [None, None]


def test_the_first_days_look_back_on_the_month_before(ingested, measured, planes):
    before = {**FLIGHT, "month": 6, "day": 30, "time_hour": "2013-06-30T16:00:00Z"}
    now = {**FLIGHT, "day": 1, "time_hour": "2013-07-01T16:00:00Z"}
    found = month_features(ingested(now), ingested(before, month="2013-06"), measured(NOON), planes)
    assert found.column("carrier_delay_1d") == [20.0]
    assert found.rows == 1


def test_weather_is_joined_on_the_instant_where_the_clock_shows_one_hour_twice(ingested, measured, planes):
    night = {"month": 11, "day": 3, "hour": 1}
    weather = measured(
        {**NOON, **night, "time_hour": "2013-11-03T05:00:00Z", "temp": 50.0},
        {**NOON, **night, "time_hour": "2013-11-03T06:00:00Z", "temp": 51.0},
        month="2013-11",
    )
    leaves = {**FLIGHT, **night, "sched_dep_time": 100, "sched_arr_time": 300}
    flights = ingested(
        {**leaves, "time_hour": "2013-11-03T05:00:00Z"},
        {**leaves, "flight": 2, "time_hour": "2013-11-03T06:00:00Z"},
        month="2013-11",
    )
    assert month_features(flights, None, weather, planes).column("temp") == [50.0, 51.0]


def test_the_night_the_clocks_go_back_does_no_harm_to_the_real_files(real_flights, real_weather, real_features):
    local = real_weather["2013-11"].sql("select count(*) - count(distinct (origin, month, day, hour)) as doubled from this")
    assert local.column("doubled") == [3]
    assert sorted(real_features["2013-11"].column("flight_key")) == sorted(real_flights["2013-11"].column("flight_key"))


def asked_one_by_one(rows: list[dict], now: int, name: str) -> list[float | None]:
    """Return a feature of recent lateness of the first `now` rows, by asking every other row."""
    window = WINDOWS[name]
    found: list[float | None] = []
    for row in rows[:now]:
        since = row["scheduled_at"] - dt.timedelta(hours=window.hours)
        group = [row[column] for column in window.group]
        others = [
            other
            for other in rows
            if other is not row
            and other["landed_at"] is not None
            and since < other["landed_at"] <= row["scheduled_at"]
            and [other[column] for column in window.group] == group
            and None not in group
        ]
        measure = [other["late"] if window.measure == "late" else other["arr_delay"] for other in others]
        found.append(float(np.float32(sum(measure) / len(measure))) if measure else None)
    return found


@pytest.fixture(scope="module")
def few(real_flights):
    """Return a fifth of the flights of March and of February."""
    return [
        real_flights[month].sql("select * from this where flight % 5 = 0 order by flight_key")
        for month in ("2013-03", "2013-02")
    ]


@pytest.fixture(scope="module")
def features_of_few(few, real_weather, real_planes):
    return month_features(few[0], few[1], real_weather["2013-03"], real_planes)


@pytest.mark.parametrize("name", WINDOWS)
def test_recent_lateness_of_real_flights_is_what_asking_every_flight_gives(few, features_of_few, name):
    ordered = few[0].sql("select * from this order by scheduled_at, flight_key").arrow().to_pylist()
    everyone = ordered + few[1].arrow().to_pylist()
    assert len(everyone) > 500
    assert features_of_few.column(name) == asked_one_by_one(everyone, len(ordered), name)


def test_the_same_flights_give_the_same_bytes(few, features_of_few, real_weather, real_planes, tmp_path):
    write_output("table", features_of_few, tmp_path / "one")
    write_output("table", month_features(few[0], few[1], real_weather["2013-03"], real_planes), tmp_path / "two")
    assert (tmp_path / "one/00000.parquet").read_bytes() == (tmp_path / "two/00000.parquet").read_bytes()


def test_the_order_of_the_files_rows_does_not_matter(few, features_of_few, real_weather, real_planes):
    turned = few[0].sql("select * from this order by arr_delay, flight_key desc")
    assert month_features(turned, few[1], real_weather["2013-03"], real_planes).arrow().equals(features_of_few.arrow())


def test_no_name_and_no_label_is_an_input_of_the_model():
    assert not set(FEATURES) & {*KEYS, "late", "arr_delay", "landed_at", "dep_delay", "air_time"}
