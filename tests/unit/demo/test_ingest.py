"""From files to tables: instants, labels, and what is refused."""

import datetime as dt

import pytest
from flights.ingest import combine, ingest_airports, ingest_flights

from remint.errors import ContractBroken, Invalid
from tests.unit.demo.arrivals import FLIGHT, NEVER_LANDED, WEATHER, flight_at


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)


def test_a_landing_is_the_scheduled_arrival_on_the_clock_of_the_destination_plus_the_delay(ingested):
    row = ingested(FLIGHT).arrow().to_pylist()[0]
    assert row["scheduled_at"] == utc(2013, 7, 10, 16, 0)
    assert row["due_at"] == utc(2013, 7, 10, 19, 0)
    assert row["landed_at"] == utc(2013, 7, 10, 19, 20)
    assert row["taxi_minutes"] == 45
    assert row["late"] is True


def test_sixteen_minutes_are_late_and_fifteen_are_not(ingested):
    rows = [flight_at("12:00", flight=delay, arr_delay=delay) for delay in (15, 16)]
    assert ingested(*rows).column("late") == [False, True]


def test_a_flight_that_never_landed_has_no_landing_and_no_label(ingested):
    row = ingested({**FLIGHT, **NEVER_LANDED}).arrow().to_pylist()[0]
    assert (row["landed_at"], row["late"], row["taxi_minutes"]) == (None, None, None)
    assert row["due_at"] == utc(2013, 7, 10, 19, 0)


def test_an_arrival_after_midnight_is_on_the_next_day(ingested):
    row = flight_at("19:00", sched_arr_time=20, arr_delay=0, dep_delay=0, air_time=300)
    assert ingested(row).column("due_at") == [utc(2013, 7, 11, 5, 20)]


def test_an_arrival_in_the_night_the_clocks_go_forward_is_found_on_the_new_clock(ingested):
    row = {
        **FLIGHT,
        "month": 3,
        "day": 9,
        "hour": 23,
        "sched_dep_time": 2300,
        "time_hour": "2013-03-10T04:00:00Z",
        "dest": "LAX",
        "sched_arr_time": 330,
        "dep_delay": 0,
        "arr_delay": 5,
        "air_time": 340,
    }
    assert ingested(row, month="2013-03").column("landed_at") == [utc(2013, 3, 10, 10, 35)]


def test_san_juan_is_on_the_clock_although_no_file_lists_it(ingested):
    row = flight_at("12:00", dest="SJU", sched_arr_time=1600, arr_delay=0, dep_delay=0, air_time=200)
    assert ingested(row).column("due_at") == [utc(2013, 7, 10, 20, 0)]


def test_every_real_flight_taxies_for_a_time_that_can_be(real_flights):
    minutes = [m for table in real_flights.values() for m in table.column("taxi_minutes") if m is not None]
    assert min(minutes) >= 5
    assert max(minutes) <= 240


def test_rows_keep_the_order_of_the_file(ingested):
    rows = [flight_at("12:00", flight=number) for number in (9, 3, 7, 1)]
    assert ingested(*rows).column("flight") == [9, 3, 7, 1]


def test_a_text_where_a_number_belongs_is_refused_with_its_row(ingested):
    with pytest.raises(Invalid, match="distance") as refused:
        ingested(FLIGHT, {**FLIGHT, "flight": 2, "distance": "far"})
    assert refused.value.facts["rows"] == [{"row": 2, "column": "distance", "text": "far"}]


@pytest.mark.parametrize("column", ["carrier", "flight", "origin", "day", "time_hour"])
def test_a_null_in_the_key_is_refused_with_its_row(ingested, column):
    with pytest.raises(ContractBroken, match=f"null of {column}: 1 row, first in row 2"):
        ingested(FLIGHT, {**FLIGHT, "flight": 2, column: None})


def test_a_doubled_row_is_refused_with_both_rows(ingested):
    with pytest.raises(ContractBroken, match="row 1 and 3"):
        ingested(FLIGHT, {**FLIGHT, "flight": 2}, FLIGHT)


def test_one_number_from_two_airports_is_two_flights(ingested):
    assert ingested(FLIGHT, {**FLIGHT, "origin": "JFK"}).rows == 2


@pytest.mark.parametrize(
    ("column", "value"),
    [("month", 8), ("origin", "BOS"), ("dest", "QQQ"), ("air_time", 500), ("dep_delay", 30_000), ("sched_dep_time", 2600)],
)
def test_what_cannot_be_true_is_refused_with_its_row(ingested, column, value):
    with pytest.raises(ContractBroken, match="row 2"):
        ingested(FLIGHT, {**FLIGHT, "flight": 2, column: value})


def test_a_column_that_is_missing_is_named(file_of, airports):
    with pytest.raises(Invalid, match="missing: year"):
        ingest_flights(file_of("month\n7\n"), airports, "2013-07")


def test_an_impossible_wind_becomes_null(measured):
    assert measured(WEATHER, {**WEATHER, "origin": "JFK", "wind_speed": 1048.36}).column("wind_speed") == [10.5, None]


def test_two_measurements_of_one_hour_are_refused_with_both_rows(measured):
    with pytest.raises(ContractBroken, match="row 1 and 2"):
        measured(WEATHER, {**WEATHER, "temp": 70.0})


def test_the_hour_that_comes_twice_when_the_clocks_go_back_is_two_hours(measured):
    first = {**WEATHER, "month": 11, "day": 3, "hour": 1, "time_hour": "2013-11-03T05:00:00Z"}
    assert measured(first, {**first, "time_hour": "2013-11-03T06:00:00Z"}, month="2013-11").rows == 2


def test_the_real_files_keep_their_contracts(real_flights, real_weather):
    assert [table.rows > 1000 for table in real_flights.values()] == [True] * 3
    assert real_weather["2013-11"].rows == 2141


def test_airports_without_a_zone_are_taken_in(file_of):
    text = "faa,name,lat,lon,alt,tz,dst,tzone\nZYP,Penn Station,40.7,-73.9,35,-5,A,\\N\n"
    assert ingest_airports(file_of(text)).column("tzone") == [None]


def test_the_same_file_gives_the_same_table(ingested):
    assert ingested(FLIGHT).arrow().equals(ingested(FLIGHT).arrow())


def test_months_are_put_together_in_their_order_as_parts(ingested):
    one, two = ingested(FLIGHT), ingested({**FLIGHT, "flight": 2})
    whole = combine([one, two])
    assert whole.column("flight") == [1, 2]
    assert whole.parts == (*one.parts, *two.parts)
