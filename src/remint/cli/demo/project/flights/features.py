"""What is known of a flight at its scheduled departure: schedule, weather at that hour, aircraft, and recent lateness.

The weather is what was measured in the hour of the departure, so the features are those of a forecast made at that moment,
not days ahead. Recent lateness comes only from flights that had landed: see `flights.lateness`.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from flights.contract import ORIGINS
from flights.lateness import NOT_LANDED, Flights, Integers, seen_at_departure
from remint import Table, step

if TYPE_CHECKING:
    import pyarrow as pa

CARRIERS = ("9E", "AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV")
"""The carriers of airlines.csv; a model sees the position in this list, and no value for any other."""


class Window(NamedTuple):
    """A feature of recent lateness.

    Attributes:
        group: columns that two flights share if one is told of the other; none for all flights out of New York.
        hours: how far it looks back; at most 28 days, because it sees flights scheduled in the month or the one before.
        measure: `delay` for the mean delay in minutes, `late` for the share of late flights.
    """

    group: tuple[str, ...]
    hours: int
    measure: str


DAY = 24
WINDOWS = {
    "delay_2h": Window((), 2, "delay"),
    "origin_delay_3h": Window(("origin",), 3, "delay"),
    "carrier_origin_delay_6h": Window(("carrier", "origin"), 6, "delay"),
    "carrier_delay_1d": Window(("carrier",), DAY, "delay"),
    "dest_delay_1d": Window(("dest",), DAY, "delay"),
    "plane_delay_1d": Window(("tailnum",), DAY, "delay"),
    "route_delay_7d": Window(("origin", "dest"), 7 * DAY, "delay"),
    "carrier_late_7d": Window(("carrier",), 7 * DAY, "late"),
    "flight_delay_28d": Window(("carrier", "flight"), 28 * DAY, "delay"),
    "route_late_28d": Window(("origin", "dest"), 28 * DAY, "late"),
    "plane_late_28d": Window(("tailnum",), 28 * DAY, "late"),
}

SCHEDULE = ("departure_minute", "weekday", "distance", "scheduled_minutes", "carrier_code", "origin_code")
WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib")
FEATURES = (*SCHEDULE, "plane_age", *WEATHER, *WINDOWS)
"""The inputs of the model, in order."""

KEYS = ("flight_key", "scheduled_at", "date", "carrier", "origin", "dest", "hour")
"""What rows are named, cut and joined by; no input of the model."""

SEEN = ("scheduled_at", "landed_at", "late", "arr_delay", "carrier", "flight", "tailnum", "origin", "dest")
"""What later flights are told of a flight, once it has landed."""

_KNOWN_BEFORE = """
select flight_key, scheduled_at,
    make_date(flights.year, flights.month, flights.day) as date,
    carrier, flights.origin, dest, flights.hour,
    (flights.hour::integer * 60 + minute)::float as departure_minute,
    isodow(make_date(flights.year, flights.month, flights.day))::float as weekday,
    distance::float as distance,
    date_diff('minute', scheduled_at, due_at)::float as scheduled_minutes,
    (list_position({carriers}, carrier) - 1)::float as carrier_code,
    (list_position({origins}, flights.origin) - 1)::float as origin_code,
    (flights.year - planes.year)::float as plane_age,
    {weather},
    flights.tailnum, flight, late, landed_at, arr_delay
from this as flights
left join weather on flights.origin = weather.origin and flights.time_hour = weather.time_hour
left join planes on flights.tailnum = planes.tailnum
order by scheduled_at, flight_key
"""


@step(exact="bytes")
def month_features(flights_now: Table, flights_before: Table | None, weather: Table, planes: Table) -> Table:
    """Return one row for each flight of a month: its keys, the model's inputs, and whether it was late.

    Args:
        flights_now: the flights of the month, from `ingest_flights`.
        flights_before: those of the month before, which its first days look back on; None if there are none.
        weather: the weather of the month. Joined on the hour in UTC, so the night the clocks change does no harm.
        planes: the aircraft, from `ingest_planes`. Many have no entry; their age is null.

    Returns:
        Columns `KEYS`, `FEATURES` (all float32, null where unknown) and `late`, in order of scheduled departure.
    """
    import pyarrow as pa

    known = _known_before(flights_now, weather, planes)
    both = known.select(SEEN)
    if flights_before is not None:
        both = pa.concat_tables([both, flights_before.arrow().select(SEEN)])
    flights = _as_numbers(both)
    columns: dict[str, Any] = {name: known[name] for name in (*KEYS, *SCHEDULE, "plane_age", *WEATHER)}
    for name, window in WINDOWS.items():
        seen = seen_at_departure(flights, _groups(both, window.group), window.hours, asking=len(known))
        values = seen.mean_delay() if window.measure == "delay" else seen.late_share()
        columns[name] = pa.array(values.astype(np.float32), from_pandas=True)
    return Table(pa.table({**columns, "late": known["late"]}))


def _known_before(flights: Table, weather: Table, planes: Table) -> "pa.Table":
    measured = ", ".join(f"weather.{name}::float as {name}" for name in WEATHER)
    query = _KNOWN_BEFORE.format(carriers=list(CARRIERS), origins=list(ORIGINS), weather=measured)
    return flights.sql(query, weather=weather, planes=planes).arrow()


def _as_numbers(flights: "pa.Table") -> Flights:
    def numbers(name: str, kind: str, missing: int) -> Integers:
        found: Integers = flights[name].cast(kind).cast("int64").fill_null(missing).to_numpy()
        return found

    return Flights(
        scheduled_us=flights["scheduled_at"].cast("int64").to_numpy(),
        landed_us=flights["landed_at"].cast("int64").fill_null(NOT_LANDED).to_numpy(),
        late=numbers("late", "int8", 0),
        delay=numbers("arr_delay", "int16", 0),
    )


def _groups(flights: "pa.Table", columns: tuple[str, ...]) -> Integers:
    """Return one number for each group of equal values in these columns; -1 where one of them is null."""
    groups = np.zeros(len(flights), dtype=np.int64)
    for name in columns:
        codes = flights[name].combine_chunks().dictionary_encode()
        held = codes.indices.fill_null(-1).to_numpy().astype(np.int64)
        groups = np.where((groups < 0) | (held < 0), -1, groups * len(codes.dictionary) + held)
    return groups
