"""Rows of files as they would arrive, for the tests of the demo's project."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import remint.cli.demo

PROJECT = Path(remint.cli.demo.__file__).parent / "project"

Row: TypeAlias = Mapping[str, Any]

FLIGHT: Row = {
    "year": 2013,
    "month": 7,
    "day": 10,
    "dep_time": 1205,
    "sched_dep_time": 1200,
    "dep_delay": 5,
    "arr_time": 1420,
    "sched_arr_time": 1400,
    "arr_delay": 20,
    "carrier": "UA",
    "flight": 1,
    "tailnum": "N1",
    "origin": "EWR",
    "dest": "ORD",
    "air_time": 150,
    "distance": 719,
    "hour": 12,
    "minute": 0,
    "time_hour": "2013-07-10T16:00:00Z",
}
"""Leaves Newark at 16:05 UTC and lands in Chicago at 19:20 UTC, 20 minutes late."""

NEVER_LANDED: Row = {"dep_time": None, "dep_delay": None, "arr_time": None, "arr_delay": None, "air_time": None}

WEATHER: Row = {
    "origin": "EWR",
    "year": 2013,
    "month": 7,
    "day": 10,
    "hour": 12,
    "temp": 80.5,
    "dewp": 60.0,
    "humid": 50.0,
    "wind_dir": 180,
    "wind_speed": 10.5,
    "wind_gust": None,
    "precip": 0.0,
    "pressure": 1015.0,
    "visib": 10.0,
    "time_hour": "2013-07-10T16:00:00Z",
}


AIRPORTS = """\
faa,name,lat,lon,alt,tz,dst,tzone
ORD,Chicago,41.9,-87.9,668,-6,A,America/Chicago
LAX,Los Angeles,33.9,-118.4,126,-8,A,America/Los_Angeles
"""
PLANES = """\
tailnum,year,type,manufacturer,model,engines,seats,speed,engine
N1,2003,Fixed wing,BOEING,737,2,149,NA,Turbo-fan
"""


def csv_text(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """Return rows as the files write them: nulls are NA."""
    lines = [",".join("NA" if row[name] is None else str(row[name]) for name in columns) for row in rows]
    return "\n".join([",".join(columns), *lines]) + "\n"


def flight_at(time: str, **changes: Any) -> Row:
    """Return a flight that is scheduled at a time of 10 July, New York, for example `12:30`; changes as given."""
    hour, minute = int(time[:2]), int(time[3:])
    return {
        **FLIGHT,
        "sched_dep_time": hour * 100 + minute,
        "hour": hour,
        "minute": minute,
        "time_hour": f"2013-07-10T{hour + 4:02d}:00:00Z",
        **changes,
    }
