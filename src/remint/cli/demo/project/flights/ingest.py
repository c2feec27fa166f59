"""From files to tables: read as declared types, made checkable, and held to their contract.

Every instant is made UTC here, once, so that nothing after it has to know what a clock in New York or Denver showed.
"""

from flights.contract import (
    AIRPORT_FILE,
    AIRPORTS,
    FLIGHT_FILE,
    PLANE_FILE,
    PLANES,
    WEATHER_FILE,
    flights_contract,
    weather_contract,
)
from remint import Files, Table, step

LATE_MINUTES = 15
"""A flight is late if it arrives more than this many minutes after its scheduled arrival."""

MISSING_ZONES = dict.fromkeys(("BQN", "PSE", "SJU", "STT"), "America/Puerto_Rico")
"""Airports that airports.csv does not list. All four keep Atlantic standard time, summer and winter."""

_WITH_INSTANTS = """
with zoned as (
    select numbered.*, coalesce(tzone, {zones}[dest]) as zone, time_hour + to_minutes(minute) as scheduled_at
    from (select *, row_number() over () as line from this) as numbered left join airports on dest = faa
), due as (
    -- the first moment after the scheduled departure at which the clocks of the destination show the scheduled arrival
    select *, timezone(zone, midnight + to_minutes(clock + if(clock <= leaves, 1440, 0))) as due_at
    from (
        select *, date_trunc('day', timezone(zone, scheduled_at)) as midnight,
            sched_arr_time // 100 * 60 + sched_arr_time % 100 as clock,
            date_diff('minute', date_trunc('day', timezone(zone, scheduled_at)), timezone(zone, scheduled_at)) as leaves
        from zoned
    )
)
select {columns},
    format('{{}}-{{:02d}}-{{:02d}}/{{}}{{}}/{{}}', year, month, day, carrier, flight, origin) as flight_key,
    scheduled_at, due_at,
    due_at + to_minutes(arr_delay) as landed_at,
    (date_diff('minute', scheduled_at, due_at) + arr_delay - dep_delay - air_time)::integer as taxi_minutes,
    arr_delay > {late} as late
from due order by line
"""


@step(exact="bytes")
def ingest_flights(file: Files, airports: Table, month: str) -> Table:
    """Return the flights of a month, with their instants in UTC and whether they were late.

    `landed_at` is the scheduled arrival, put on the time line by the clock of the destination, plus the delay. For flights
    that were cancelled or diverted `landed_at` and `late` are null: they never arrived, and nothing is made up for them.

    Args:
        file: one CSV file.
        airports: with the time zone of each, from `ingest_airports`.
        month: the month the file is of, for example `2013-07`.

    Raises:
        Invalid: a value is not of its type; the rows are named.
        ContractBroken: the contract is not kept; the rows are named.
    """
    query = _WITH_INSTANTS.format(zones=f"map {MISSING_ZONES}", columns=", ".join(FLIGHT_FILE), late=LATE_MINUTES)
    return Table.from_csv(file.path(), FLIGHT_FILE).sql(query, airports=airports).check(flights_contract(month))


@step(exact="bytes")
def ingest_weather(file: Files, month: str) -> Table:
    """Return the weather of a month at the three airports, hour by hour.

    A wind of 200 miles per hour or more is a fault of the instrument (one reading of February says 1,048) and becomes null.

    Raises:
        Invalid: a value is not of its type; the rows are named.
        ContractBroken: the contract is not kept; the rows are named.
    """
    read = Table.from_csv(file.path(), WEATHER_FILE)
    query = "select * replace (if(wind_speed < 200, wind_speed, null) as wind_speed) from this"
    return read.sql(query).check(weather_contract(month))


@step(exact="bytes")
def ingest_planes(file: Files) -> Table:
    """Return the aircraft; errors as for `ingest_weather`."""
    return Table.from_csv(file.path(), PLANE_FILE).check(PLANES)


@step(exact="bytes")
def ingest_airports(file: Files) -> Table:
    """Return the airports and their time zones; errors as for `ingest_weather`. The file writes no zone as `\\N`."""
    return Table.from_csv(file.path(), AIRPORT_FILE, nulls=("NA", "", "\\N")).check(AIRPORTS)


@step(exact="bytes")
def combine(tables: list[Table]) -> Table:
    """Return all rows of these tables, in their order; storing the result stores no row again."""
    whole = tables[0]
    for table in tables[1:]:
        whole = whole.append(table)
    return whole
