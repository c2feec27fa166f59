"""What the files promise. A file that breaks a promise is refused, and the rows that break it are named.

The limits come from what the columns mean and from January to July 2013; later files were not looked at. They are wide on
purpose: a contract refuses what cannot be true, and leaves what is merely unusual to the monitors.
"""

from remint import Column, Contract

ORIGINS = ("EWR", "JFK", "LGA")
AIRPORT = "[A-Z]{3}"
CARRIER = "[0-9A-Z]{2}"

FLIGHT_FILE = {
    "year": "int16",
    "month": "int8",
    "day": "int8",
    "dep_time": "int16",
    "sched_dep_time": "int16",
    "dep_delay": "int16",
    "arr_time": "int16",
    "sched_arr_time": "int16",
    "arr_delay": "int16",
    "carrier": "utf8",
    "flight": "int16",
    "tailnum": "utf8",
    "origin": "utf8",
    "dest": "utf8",
    "air_time": "int16",
    "distance": "int16",
    "hour": "int8",
    "minute": "int8",
    "time_hour": "timestamp[us,UTC]",
}
"""Type of each column of a file of flights. Clock times are whole numbers, 1735 for 17:35; delays and durations are minutes."""

FLIGHT_KEY = ("year", "month", "day", "carrier", "flight", "origin")
"""What tells one flight from another. The origin is part of it: a flight from two airports can have one number."""

WEATHER_FILE = {
    "origin": "utf8",
    "year": "int16",
    "month": "int8",
    "day": "int8",
    "hour": "int8",
    "temp": "float64",
    "dewp": "float64",
    "humid": "float64",
    "wind_dir": "int16",
    "wind_speed": "float64",
    "wind_gust": "float64",
    "precip": "float64",
    "pressure": "float64",
    "visib": "float64",
    "time_hour": "timestamp[us,UTC]",
}
"""Type of each column of a file of weather: degrees Fahrenheit, miles per hour, inches, millibars, miles."""

PLANE_FILE = {
    "tailnum": "utf8",
    "year": "int16",
    "type": "utf8",
    "manufacturer": "utf8",
    "model": "utf8",
    "engines": "int8",
    "seats": "int16",
    "speed": "int16",
    "engine": "utf8",
}

AIRPORT_FILE = {
    "faa": "utf8",
    "name": "utf8",
    "lat": "float64",
    "lon": "float64",
    "alt": "int16",
    "tz": "int8",
    "dst": "utf8",
    "tzone": "utf8",
}


def flights_contract(month: str) -> Contract:
    """Return what the flights of a month promise.

    The last four columns are made by `flights.ingest`. They turn rules over a row into rules over a column: a flight whose
    taxiing takes less than no time has a wrong clock time, delay or time in the air, or goes to an airport in another zone
    than was thought.
    """
    return Contract(
        columns=(
            Column("year", "int16", nullable=False, minimum=int(month[:4]), maximum=int(month[:4])),
            Column("month", "int8", nullable=False, minimum=int(month[5:]), maximum=int(month[5:])),
            Column("day", "int8", nullable=False, minimum=1, maximum=31),
            Column("dep_time", "int16", minimum=1, maximum=2400),
            Column("sched_dep_time", "int16", nullable=False, minimum=0, maximum=2359),
            Column("dep_delay", "int16", minimum=-120, maximum=2880),
            Column("arr_time", "int16", minimum=1, maximum=2400),
            Column("sched_arr_time", "int16", nullable=False, minimum=0, maximum=2400),
            Column("arr_delay", "int16", minimum=-180, maximum=2880),
            Column("carrier", "utf8", nullable=False, pattern=CARRIER),
            Column("flight", "int16", nullable=False, minimum=1, maximum=9999),
            Column("tailnum", "utf8"),
            Column("origin", "utf8", nullable=False, allowed=ORIGINS),
            Column("dest", "utf8", nullable=False, pattern=AIRPORT),
            Column("air_time", "int16", minimum=10, maximum=1080),
            Column("distance", "int16", nullable=False, minimum=10, maximum=10_000),
            Column("hour", "int8", nullable=False, minimum=0, maximum=23),
            Column("minute", "int8", nullable=False, minimum=0, maximum=59),
            Column("time_hour", "timestamp[us,UTC]", nullable=False),
            Column("flight_key", "utf8", nullable=False),
            Column("scheduled_at", "timestamp[us,UTC]", nullable=False),
            Column("due_at", "timestamp[us,UTC]", nullable=False),
            Column("landed_at", "timestamp[us,UTC]"),
            Column("taxi_minutes", "int32", minimum=1, maximum=720),
            Column("late", "bool"),
        ),
        key=FLIGHT_KEY,
        time="scheduled_at",
        min_rows=1,
    )


def weather_contract(month: str) -> Contract:
    """Return what the weather of a month promises.

    The key is the hour in UTC. The hour on the clock would not do: three hours of the night the clocks go back come twice.
    """
    return Contract(
        columns=(
            Column("origin", "utf8", allowed=ORIGINS),
            Column("year", "int16", nullable=False, minimum=int(month[:4]), maximum=int(month[:4])),
            Column("month", "int8", nullable=False, minimum=int(month[5:]), maximum=int(month[5:])),
            Column("day", "int8", nullable=False, minimum=1, maximum=31),
            Column("hour", "int8", nullable=False, minimum=0, maximum=23),
            Column("temp", "float64", minimum=-60, maximum=130),
            Column("dewp", "float64", minimum=-80, maximum=100),
            Column("humid", "float64", minimum=0, maximum=100),
            Column("wind_dir", "int16", minimum=0, maximum=360),
            Column("wind_speed", "float64", minimum=0, maximum=200),
            Column("wind_gust", "float64", minimum=0, maximum=250),
            Column("precip", "float64", minimum=0, maximum=15),
            Column("pressure", "float64", minimum=850, maximum=1100),
            Column("visib", "float64", minimum=0, maximum=100),
            Column("time_hour", "timestamp[us,UTC]"),
        ),
        key=("origin", "time_hour"),
        time="time_hour",
        min_rows=1,
    )


PLANES = Contract(
    columns=(
        Column("tailnum", "utf8", pattern="[0-9A-Z]+"),
        Column("year", "int16", minimum=1930, maximum=2100),
        *(Column(name, "utf8") for name in ("type", "manufacturer", "model")),
        Column("engines", "int8", minimum=1, maximum=8),
        Column("seats", "int16", minimum=1, maximum=900),
        Column("speed", "int16", minimum=1, maximum=2000),
        Column("engine", "utf8"),
    ),
    key=("tailnum",),
    min_rows=1,
)

AIRPORTS = Contract(
    columns=(
        Column("faa", "utf8", pattern="[0-9A-Z]{3}"),
        Column("name", "utf8", nullable=False),
        Column("lat", "float64", nullable=False, minimum=-90, maximum=90),
        Column("lon", "float64", nullable=False, minimum=-180, maximum=180),
        Column("alt", "int16", minimum=-1500, maximum=20_000),
        Column("tz", "int8", minimum=-12, maximum=14),
        Column("dst", "utf8"),
        Column("tzone", "utf8", pattern="[A-Za-z]+/[A-Za-z_/]+"),
    ),
    key=("faa",),
    min_rows=1,
)
