"""The demo's project on the path, small files as they would arrive, and a real slice of the flights."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import remint.cli.demo
from remint import Files, Table
from remint.cli.demo.landing import installed_source, write_landing

PROJECT = Path(remint.cli.demo.__file__).parent / "project"
sys.path.insert(0, str(PROJECT))

from flights.contract import FLIGHT_FILE, WEATHER_FILE  # noqa: E402 - the project is on the path only now
from flights.ingest import ingest_airports, ingest_flights, ingest_planes, ingest_weather  # noqa: E402

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
    **{"origin": "EWR", "year": 2013, "month": 7, "day": 10, "hour": 12, "temp": 80.5, "dewp": 60.0, "humid": 50.0},
    **{"wind_dir": 180, "wind_speed": 10.5, "wind_gust": None, "precip": 0.0, "pressure": 1015.0, "visib": 10.0},
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


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[[str], Files]:
    """Return a function that makes a set of one file of a text."""

    def made(text: str) -> Files:
        place = tmp_path / "arrived.csv"
        place.write_text(text)
        return Files({place.name: place})

    return made


@pytest.fixture
def airports(file_of: Callable[[str], Files]) -> Table:
    return ingest_airports(file_of(AIRPORTS))


@pytest.fixture
def planes(file_of: Callable[[str], Files]) -> Table:
    return ingest_planes(file_of(PLANES))


@pytest.fixture
def ingested(file_of: Callable[[str], Files], airports: Table) -> Callable[..., Table]:
    """Return a function that takes flights in through a file, in their order."""

    def made(*rows: Row, month: str = "2013-07") -> Table:
        return ingest_flights(file_of(csv_text(list(FLIGHT_FILE), rows)), airports, month)

    return made


@pytest.fixture
def measured(file_of: Callable[[str], Files]) -> Callable[..., Table]:
    """Return a function that takes weather in through a file."""

    def made(*rows: Row, month: str = "2013-07") -> Table:
        return ingest_weather(file_of(csv_text(list(WEATHER_FILE), rows)), month)

    return made


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Files]:
    """Return the landed files of three months, with one flight in a hundred."""
    months = ["2013-02", "2013-03", "2013-11"]
    places = write_landing(installed_source(), tmp_path_factory.mktemp("landing"), months, sample=0.01)
    return {name: Files({place.name: place}) for name, place in places.items()}


@pytest.fixture(scope="session")
def real_airports(real: dict[str, Files]) -> Table:
    return ingest_airports(real["airports"])


@pytest.fixture(scope="session")
def real_flights(real: dict[str, Files], real_airports: Table) -> dict[str, Table]:
    months = ("2013-02", "2013-03", "2013-11")
    return {month: ingest_flights(real[f"flights-{month}"], real_airports, month) for month in months}
